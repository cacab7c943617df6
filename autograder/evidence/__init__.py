"""The evidence that the grader can be trusted, with a folder or a module for each part of EVIDENCE.md."""
