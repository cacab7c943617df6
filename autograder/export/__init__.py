"""The grader in the form that a place where courses live wants it: one module or package a place."""
