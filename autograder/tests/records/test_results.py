"""A class's results and `class.json`, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import course
from autograder.errors import UnusableRequest
from autograder.grading.report import Accuracy, Written
from autograder.records.reports import report_from
from autograder.records.results import (
    CLASS_FILE,
    Change,
    Result,
    TestChange,
    _result,
    read_class,
    read_result_file,
    write_result_file,
)
from autograder.records.typed import Damaged
from autograder.tests.support.classes import make_class, result_of
from autograder.tests.support.records import ANY_JSON, complaint

ASSIGNMENT = course.load()

# As the first release wrote it, without what came later: `claimed`, `choose`, `one_of`, `left_out`, `notes`, `likely`.
# The 1 and the 93 are whole numbers where there may be others: written again, they still are.
OLD = """{
 "schema": "cnn-autograder/result/v1",
 "key": "ada",
 "student": "Ada",
 "source": "ada.zip",
 "digest": "11",
 "problem": "",
 "ours": false,
 "handed_in": null,
 "answers": {
  "q1": "words"
 },
 "stamps": {
  "q1": "22"
 },
 "graded_at": "2026-01-01T00:00:00.000000Z",
 "changes": [],
 "report": {
  "schema": "cnn-autograder/report/v1",
  "submission": "ada.zip",
  "graded_at": "2026-01-01T00:00:00Z",
  "seconds": 1,
  "hashes": {
   "submission": "11",
   "secret": null
  },
  "seed": "s",
  "environment": {
   "data": null
  },
  "isolation": {
   "landlock": true
  },
  "score": 1,
  "max_score": 2,
  "pending": 4,
  "questions": [
   {
    "id": "q1",
    "title": "Convolution",
    "score": 1,
    "max_score": 2,
    "pending": 4,
    "seconds": 0.5,
    "flags": [],
    "written": {
     "state": "awaiting",
     "score": null,
     "max_score": 4,
     "comment": ""
    },
    "accuracy": {
     "mean": 93,
     "per_class": {
      "cat": 93.5
     },
     "threshold": 90.0,
     "before": 10.0,
     "curve": [
      [
       1,
       2.5
      ]
     ]
    },
    "tests": [
     {
      "name": "stride",
      "category": "stride",
      "status": "passed",
      "visibility": "public",
      "score": 1,
      "max_score": 1,
      "message": "",
      "staff": "",
      "seconds": 0.1
     }
    ]
   }
  ]
 }
}
"""


def whole() -> Result:
    """A result that has everything that one can have."""
    result = result_of("ada", ASSIGNMENT, 0.5, answer="words", handed_in="2026-01-01T00:00:00+00:00")
    assert result.report is not None
    first, *others = result.report.questions
    test = replace(first.tests[0], evidence=[("call", "conv2d()"), ("came", "1")], likely="It is that.")
    accuracy = Accuracy(93.25, {"cat": 90.0}, 90.0, 10.0, [(1, 2.5), (2, 1.5)])
    written = Written("read", 3, 4, "Well said.")
    first = replace(first, tests=[test, *first.tests[1:]], accuracy=accuracy, written=written, notes=["A note."])
    changes = (Change("q1", 1, None, (TestChange("stride", "passed", None),)), Change("q2", None, 3))
    report = replace(result.report, questions=[first, *others], notes=["Noted."], left_out=["x.py"])
    return replace(result, report=report, changes=changes, claimed=True, one_of="Ada", choose=2, stamps={"q1": "22"})


WHOLE: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
def written(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("results") / "ada.json"
    write_result_file(path, whole())
    WHOLE.update(json.loads(path.read_text("utf-8")))


def test_a_result_with_everything_comes_back_and_its_bytes_are_the_same(tmp_path: Path) -> None:
    write_result_file(tmp_path / "1", whole())
    again = read_result_file(tmp_path / "1")
    assert again == whole()
    write_result_file(tmp_path / "2", again)
    assert (tmp_path / "2").read_bytes() == (tmp_path / "1").read_bytes()


def test_a_result_of_an_older_release_is_read_and_nothing_of_it_changes(tmp_path: Path) -> None:
    (tmp_path / "old").write_text(OLD, "utf-8")
    result = read_result_file(tmp_path / "old")
    assert result is not None
    assert (result.student, result.claimed, result.one_of) == ("Ada", False, "")
    assert result.report is not None
    assert result.report.score == 1
    write_result_file(tmp_path / "new", result)
    old, new = json.loads(OLD), json.loads((tmp_path / "new").read_text("utf-8"))
    added = {"claimed": False, "choose": 0, "one_of": ""}
    old["report"] |= {"left_out": [], "notes": []}
    old["report"]["questions"][0]["tests"][0]["likely"] = ""
    old["report"]["questions"][0]["accuracy"]["about"] = ""
    assert json.dumps(new, sort_keys=True) == json.dumps({**old, **added}, sort_keys=True)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value in a record."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (*above, key)
        yield from places(each, (*above, key))


def at(record: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        record = record[key]
    return record


@given(st.data(), ANY_JSON)
def test_whatever_stands_in_a_place_is_read_or_refused(data: st.DataObject, other: Any) -> None:
    record = json.loads(json.dumps(WHOLE))
    *above, key = data.draw(st.sampled_from(list(places(record))))
    at(record, tuple(above))[key] = other
    assert complaint(lambda: _result(record)) != ""


def test_a_key_that_nobody_knows_is_refused_wherever_it_is() -> None:
    """In a dictionary by name (hashes, answers, …) any key may stand, with a value of its kind."""
    for way in [(), *places(WHOLE)]:
        record = json.loads(json.dumps(WHOLE))
        place = at(record, way)
        if isinstance(place, dict):
            place["of a later release"] = ["?"]
            with pytest.raises(Damaged, match="of a later release"):
                _result(record)


def test_a_value_of_another_type_is_refused_wherever_it_is_and_named() -> None:
    counted = {("report", name) for name in ("score", "max_score", "pending")}  # worked out from the questions
    for way in places(WHOLE):
        if way in counted:
            continue
        record = json.loads(json.dumps(WHOLE))
        at(record, way[:-1])[way[-1]] = {"no": {"such": "thing"}} if not isinstance(at(WHOLE, way), dict) else "nothing"
        with pytest.raises(Damaged) as damaged:
            _result(record)
        named = next(key for key in reversed(way) if isinstance(key, str))
        assert named in str(damaged.value)


NEEDED = [
    *(("schema",), ("key",), ("student",), ("source",), ("changes",), ("report",), ("report", "schema")),
    *(("report", "questions"), ("report", "hashes"), ("report", "questions", 0, "tests"), ("changes", 0, "before")),
    *(("report", "questions", 0, "tests", 0, "status"), ("report", "questions", 0, "accuracy", "curve")),
]


@pytest.mark.parametrize("way", NEEDED, ids=str)
def test_what_is_missing_is_named(way: tuple[Any, ...]) -> None:
    record = json.loads(json.dumps(WHOLE))
    del at(record, way[:-1])[way[-1]]
    with pytest.raises(Damaged, match=f"lacks .*{way[-1]}"):
        _result(record)


@given(ANY_JSON)
def test_any_json_in_place_of_a_report_is_refused(value: Any) -> None:
    with pytest.raises(Damaged):
        report_from(value)


@given(st.binary(max_size=60) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
def test_any_file_in_place_of_a_result_counts_as_missing(contents: bytes) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "read_text", lambda _, encoding: contents.decode(encoding))
        assert read_result_file(Path("results/ada.json")) is None


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("modules", "q1", "modules: expected array, got str"),
        ("modules", ["q1", 2], r"modules\[1\]: expected str, got int"),
        ("title", 3, "title: expected str, got int"),
        ("data", False, "data: expected str | null, got bool"),
        ("run", {"began": "", "finished": True}, r"it lacks run\.again"),
        ("run", {"began": "", "finished": "no", "again": None}, r"run\.finished: expected bool, got str"),
        (
            "run",
            {"began": "", "finished": False, "again": [["q1"], [1]]},
            r"run\.again\[1\]\[0\]: expected str, got int",
        ),
    ],
)
def test_what_is_wrong_in_class_json_is_named(tmp_path: Path, name: str, value: object, why: str) -> None:
    out = make_class(tmp_path, ASSIGNMENT, [])
    record = json.loads((out / CLASS_FILE).read_text("utf-8"))
    (out / CLASS_FILE).write_text(json.dumps({**record, name: value}), "utf-8")
    with pytest.raises(UnusableRequest, match=rf"class\.json is damaged \({why}\): mend it".replace("|", r"\|")):
        read_class(out)


def test_what_a_later_release_added_to_class_json_stays(tmp_path: Path) -> None:
    out = make_class(tmp_path, ASSIGNMENT, [])
    record = {**json.loads((out / CLASS_FILE).read_text("utf-8")), "later": [1], "folder": "", "run": None}
    (out / CLASS_FILE).write_text(json.dumps(record), "utf-8")
    assert list(read_class(out).items()) == list(record.items())


@given(st.dictionaries(st.sampled_from(["schema", "title", "modules", "run", "data", "folder"]), ANY_JSON))
def test_any_class_json_is_read_or_refused_in_a_sentence(fields: dict[str, Any]) -> None:
    record = {"schema": "cnn-autograder/class/v1", "title": "", "modules": [], **fields}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "read_text", lambda *_: json.dumps(record))
        message = complaint(lambda: read_class(Path("out")), UnusableRequest)
    assert message is None or "holds no class" in message or "is damaged (" in message


def test_a_network_that_diverged_is_read_back(tmp_path: Path) -> None:
    """JSON has no NaN: a loss or a class's accuracy that is not a number is kept as null."""
    result = whole()
    assert result.report is not None
    accuracy = Accuracy(10.0, {"cat": float("nan")}, 90.0, 10.0, [(1, float("nan")), (2, float("inf"))])
    first, *others = result.report.questions
    report = replace(result.report, questions=[replace(first, accuracy=accuracy), *others])
    write_result_file(tmp_path / "ada.json", replace(result, report=report))
    back = read_result_file(tmp_path / "ada.json")
    assert back is not None
    assert back.report is not None
    assert back.report.questions[0].accuracy == Accuracy(10.0, {"cat": None}, 90.0, 10.0, [(1, None), (2, None)])
