"""The hidden suites, one file per question. They run in the trusted process and never leave it."""
