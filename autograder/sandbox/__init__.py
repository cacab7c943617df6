"""The sandbox in which a student's code runs, and the connection to it.

In the order in which a call travels: `proxy` (what a hidden test holds) → `session` (one question of one submission) →
`worker` (the trusted end of a conversation) → `channel` and `codec` (frames and values on the wire) → `harness`
(the loop inside a worker, the only place a student's code is imported), with `guard` and `handles` beside it.
Workers come from `sandbox`, by way of `launch` and `server`, and are confined by `confinement`.
"""
