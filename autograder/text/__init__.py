"""Text that leaves the grader, and text that comes in."""
