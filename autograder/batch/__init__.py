"""Grade a class: find the submissions, grade them in parallel, store each result, resume after an interruption.

`discover` finds out who handed in what, `run` grades on one of the `executors` and writes `results`, one file per
student, to the folder that `--out` names. Grade book, review and pages are made from that folder.
"""
