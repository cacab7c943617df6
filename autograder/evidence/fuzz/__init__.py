"""Fuzzing of what a hostile worker could send: millions of messages and networks, and an oracle for each.

`messages` has real messages and mutations of them, `networks` networks, and `changes` mutations of those; `decode`,
`conversation` and `lists` are the targets; `oracle` and the targets check what must hold afterwards; `engine` is the
process that fuzzes, guided by coverage (atheris, that is libFuzzer); `replay` reports which lines and branches the
resulting corpus reaches.
"""
