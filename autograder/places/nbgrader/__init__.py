"""nbgrader: a course folder to export, and the parts that stand in nbgrader's own places when it grades.

The package nbgrader itself is a library here, always imported as `nbgrader`; this one is `autograder.places.nbgrader`.
"""
