"""The assignment: one module a question, for you to fill in. Run `pytest` to see how far you are."""
