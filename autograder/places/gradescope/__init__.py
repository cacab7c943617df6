"""Gradescope: a zip file that it builds an image of, and what runs there."""
