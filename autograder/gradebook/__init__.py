"""The grade book of a class: points, lateness and what people gave, put together; and its forms for others' systems."""
