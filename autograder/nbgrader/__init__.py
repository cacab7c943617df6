"""The assignment as a course of nbgrader's: notebooks made from the solutions, and how they are graded."""
