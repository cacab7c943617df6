"""From a submission to a report: what decides points."""
