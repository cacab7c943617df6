"""The grader of the convolutional-networks assignment. Staff only: students never receive this package."""

from pathlib import Path

# Course folders for nbgrader that were exported earlier, and notebooks made with them, look for `autograder.nbgrader`.
__path__.append(str(Path(__file__).parent / "places"))
