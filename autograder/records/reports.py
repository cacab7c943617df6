"""Reports back from the records that `Report.as_dict` made of them."""

from __future__ import annotations

from autograder.grading.report import SCHEMA, Report
from autograder.records.typed import record_of, typed

_COUNTED = {"schema", "score", "max_score", "pending"}  # worked out again from the questions


def report_from(record: object, *, at: str = "") -> Report:
    """The report that `as_dict` made this record of.

    Args:
        record: from JSON.
        at: where it stands in the file, for the error.

    Raises:
        Damaged: it is not a report.
    """
    known = record_of(record, SCHEMA, at=at)
    return typed({name: value for name, value in known.items() if name not in _COUNTED}, Report, at=at)
