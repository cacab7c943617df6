"""Where courses live, a folder a place: what it is sent, what runs there, its form of the report, and its guide."""
