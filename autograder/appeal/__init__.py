"""What a hidden test did when it failed, for staff: what was called, with which numbers, what was expected, what came.

Nothing of it may reach a student. It is gathered here, on the trusted side, and leaves the grader in the staff's report
(`TestResult.evidence`), which `report.for_student` does not hand on, and in scripts that staff asked for.
"""
