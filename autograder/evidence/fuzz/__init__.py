"""The wire under fire: what a hostile worker may send, made by the million, and an oracle for each of it.

`messages` knows real messages and how to spoil them; `decode` and `conversation` are the targets that they are thrown
at, `oracle` says what must hold afterwards; `engine` is the process that does so, guided by coverage (atheris, which
is libFuzzer); `replay` tells which lines and branches the inputs found on the way reach.
"""
