"""A report rendered for people: on a terminal, in Markdown."""
