"""Where a student's code runs, and the wire that leads there.

In the order a call travels: `proxy` (what a hidden test holds) → `worker` (the trusted end of a conversation)
→ `channel` and `codec` (frames and values on the wire) → `server` (forks workers) → `confinement` (what locks
them in) → `harness` (the loop inside a worker, the only place a student's code is imported).
"""
