"""Classroom 50: quick feedback, in the open."""
