"""The hidden suites, one file a question. They run in the trusted process and never leave it."""
