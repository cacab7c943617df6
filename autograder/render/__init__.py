"""The report in other forms, one file a form."""
