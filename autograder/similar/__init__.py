"""Similar submissions: pairs that share more code than others do, for a person to look at. No points depend on it.

Read as for grading (`reading`), turned into words (`tokens`), fingerprinted (`fingerprints`) and compared (`compare`,
`find`); shown side by side (`fragments`, `pages`), or sent to other programs (`export`). Nothing that was handed in is
run or compiled.
"""
