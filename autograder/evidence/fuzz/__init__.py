"""Fuzzing of the wire: millions of messages that a hostile worker could send, and an oracle for each.

`messages` has real messages and mutations of them; `decode` and `conversation` are the targets; `oracle` checks what
must hold afterwards; `engine` is the process that fuzzes, guided by coverage (atheris, that is libFuzzer); `replay`
reports which lines and branches the resulting corpus reaches.
"""
