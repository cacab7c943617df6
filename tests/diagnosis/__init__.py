"""The likely cause of a wrong output: a mistake that would have given just these numbers."""
