"""A report for people to read: on a terminal, in Markdown."""
