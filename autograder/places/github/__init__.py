"""What `grade.yml` runs in the staff's private repository: `python -m autograder.places.github`.

The job goes `shards` (who is graded where), then for each part of the class `fetch` (which commits count, and their
files), `grade` (no token in its environment: students' code runs there), `publish` (back to the students), and at the
end `summary` (one table of the class). Between the steps everything lies in a folder, a folder a student (`folders`).
At home `collect` makes a class's folder of what the jobs kept: readers and the grade book go on with that.
"""
