"""What a graded class leaves behind: results, what readers gave, and the grade book made of both."""
