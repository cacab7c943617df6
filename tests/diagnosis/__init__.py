"""The likely cause of a wrong output: a mistake that would produce exactly these numbers."""
