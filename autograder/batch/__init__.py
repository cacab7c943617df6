"""Grade a class: find the submissions, grade side by side, keep each result, go on where a run was cut off.

`discover` finds who handed in what, `run` grades on one of the `executors` and keeps `results`, one file a student,
in the folder that `--out` names. Grade book, review and pages are made from that folder.
"""
