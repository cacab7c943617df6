"""Where graders of other places begin: each takes what that place gives, grades, and writes what it wants back."""
