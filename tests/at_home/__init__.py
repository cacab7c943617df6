"""What grading does in the sandbox, as far as it can be had at home."""
