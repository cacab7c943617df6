"""A network's forward pass as a list of operations: traced where a student's code runs, checked and trained elsewhere.

A list is data. It names operations of torch by the table in `table`, and nothing else can be run; so a network can be
trained by the course's own code in a process that never sees the code that described it.
"""
