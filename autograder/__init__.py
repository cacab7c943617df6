"""The grader of the convolutional-networks assignment. Staff only: students never receive this package."""
