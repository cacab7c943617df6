"""Static pages: one of the class for staff, one for each student. They open from disk and ask nobody for anything."""

from autograder.pages.student import student_page
from autograder.pages.writing import Pages, write_pages

__all__ = ["Pages", "student_page", "write_pages"]
