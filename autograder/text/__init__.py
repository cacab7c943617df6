"""Text that leaves the grader, and text that enters it."""
