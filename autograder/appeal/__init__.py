"""What a hidden test did when it failed, for staff: the call, its numbers, what was expected, what the code gave.

None of it may reach a student. It is gathered here, on the trusted side, and leaves the grader only in the staff's
report (`TestResult.evidence`), which `report.for_student` does not pass on, and in scripts that staff asked for.
"""
