"""The sandbox in which a student's code runs, and the connection to it.

In the order in which a call travels: `proxy` (what a hidden test holds) → `session` (one question of one submission) →
`worker` (the trusted end of a conversation) → `channel` and `codec` (frames and values on the wire) → `harness`
(the loop inside a worker, the only place a student's code is imported), with `guard` and `handles` beside it. Beside
`session` are `student_module` (why something in the student's file failed, in the student's own lines) and
`question_time` (whether further calls are tried).
Workers come from `sandbox`, by way of `launch` and `server`, and are confined by `confinement`.
"""
