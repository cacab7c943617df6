"""A class's grade book (points, lateness, points given by readers) and its exports for other systems."""
