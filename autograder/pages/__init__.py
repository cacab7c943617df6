"""Static pages: one about the class for staff, one for each student. They open from disk and load nothing else."""

from autograder.pages.student import student_page
from autograder.pages.writing import Pages, write_pages

__all__ = ["Pages", "student_page", "write_pages"]
