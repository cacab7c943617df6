"""Why the grader may be trusted, a folder or a module for each part of EVIDENCE.md."""
