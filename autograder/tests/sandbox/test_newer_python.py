"""What only a newer Python understands is called that; a plain mistake never is."""

from __future__ import annotations

import re
import warnings

import pytest

import autograder.sandbox.newer_python as module
from autograder.sandbox.failures import SubmissionFailure
from autograder.sandbox.newer_python import HERE, newer_python
from autograder.tests.support.grading import Remote

PythonError = tuple[str, str, int]
"""What an older Python raises: the exception's name, text and line."""

# Each with the Python that understands it first, and with what 3.11 says of it.
NEWER = {
    "type statement": ("type Shape = tuple[int, ...]\n", (3, 12), "invalid syntax", 1),
    "generic type statement": ("x = 1\ntype Many[T] = list[T]\n", (3, 12), "invalid syntax", 2),
    "generic function": ("def first[T](many: list[T]) -> T:\n    return many[0]\n", (3, 12), "expected '('", 1),
    "bounded": ("def first[T: (int, list[str])](x: T):\n    return x\n", (3, 12), "expected '('", 1),
    "generic class": ("class Box[T]:\n    pass\n", (3, 12), "invalid syntax", 1),
    "generic class with a base": ("class Box[*Ts](dict):\n    pass\n", (3, 12), "invalid syntax", 1),
    "default of a parameter": ("class Box[T = int]:\n    pass\n", (3, 13), "invalid syntax", 1),
    "nested quotes": ('d = {"a": 1}\nx = f"{d["a"]}"\n', (3, 12), "f-string: unmatched '['", 2),
    "nested quotes in a call": ('print(\n    1,\n    f"{", ".join([])}",\n)\n', (3, 12), "f-string: expecting '}'", 3),
    "nested quotes in a format": ('w = {"a": 1}\nx = f"{1:>{w["a"]}}"\n', (3, 12), "f-string: expecting '}'", 2),
    "nested f-string": ('x = f"{f"{1}" if 1 else "b"}"\n', (3, 12), "f-string: expecting '}'", 1),
    "backslash in a field": (
        "x = f\"{'\\n'.join([])}\"\n",
        (3, 12),
        "f-string expression part cannot include a backslash",
        1,
    ),
    "several exceptions": (
        "try:\n    pass\nexcept ValueError, TypeError:\n    pass\n",
        (3, 14),
        "multiple exception types must be parenthesized",
        3,
    ),
    "template string": ('x = 2\ny = t"{x} \'s"\n', (3, 14), "invalid syntax", 2),
    "raw template string": ('print(Rt"{1}\\d")\n', (3, 14), "invalid syntax. Perhaps you forgot a comma?", 1),
}
LATE = {
    "argument": ("def f(x: Foo):\n    pass\n", 1),
    "result": ("def f(x: int = 3) -> list[Foo]:\n    pass\n", 1),
    "one of many lines": ('def f(\n    x: int,\n    y: "Foo" = 3,\n    *z: list[Foo],\n) -> int:\n    pass\n', 4),
    "result of many lines": ("def f(\n    x: int,\n) -> Foo:\n    pass\n", 3),
    "the class itself": ("class Foo:\n    def same(self) -> Foo:\n        return self\n", 2),
    "attribute": ("class A:\n    x: Foo = None\n", 2),
    "variable": ("x: dict[str, Foo] = {}\n", 1),
    "part of a name": ("def f(x: Foo.Bar):\n    pass\n", 1),
}
PLAIN = {
    "no closing quote": 'x = f"{1"\n',
    "no closing bracket": 'd = {}\nx = f"{d["a"}"\n',
    "a plus outside": 'x = 1\ny = f"{x" + "}"\n',
    "lone brace": 'x = 1\ny = f"{\'a"b\':<7} x}"\n',
    "empty field": 'x = f"{}" f"{"a"}"\n',
    "no comma": 'x = 1\nprint("a t" x)\n',
    "name before a string": 'xt"a"\n',
    "name after a template": 'print(t"a" b)\n',
    "open template": 'x = t"{1"\n',
    "template in a comment": 'x = = 1  # t"a"\n',
    "template in a string": "x = 't\"a\"' 3\n",
    "Python 2": 'print "a"\n',
    "square brackets": "def f[x]:\n    pass\n",
    "class with a number": "class A[0]:\n    pass\n",
    "no colon": "class A\n    pass\n",
    "type and no value": "type X =\n",
    "type of a call": "type(x) = = 3\n",
    "several exceptions and a name": "try:\n    pass\nexcept ValueError, TypeError as error:\n    pass\n",
    "one exception": "try:\n    pass\nexcept ValueError TypeError:\n    pass\n",
}
UNKNOWN = {
    "default": "def f(x=Foo):\n    pass\n",
    "default of an annotated one": "def f(x: int = Foo):\n    pass\n",
    "annotation and default": "def f(x: Foo = Foo):\n    pass\n",
    "decorator": "@Foo\ndef f(x: int):\n    pass\n",
    "base": "class A(Foo): x: int = 3\n",
    "value": "x: int = Foo\n",
    "dictionary": "d = {\n    1: 2,\n    3: Foo,\n}\n",
    "key of a dictionary": "d = {\n  a: Foo,\n}\n",
    "slice": "x = [1][0:Foo]\n",
    "body": "if 1: Foo()\n",
    "otherwise": "if 0:\n    pass\nelse: Foo()\n",
    "lambda": "f = lambda: Foo\nf()\n",
    "f-string": 'print(f"{Foo:x}")\n',
    "call after a function": "def f(x: int): return x\nf(Foo)\n",
}


def _raised(source: str) -> PythonError | None:
    """The error that this Python raises, as a worker reports it; None if there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(source, "module", "exec", dont_inherit=True), {"__name__": "module"})  # noqa: S102  (our own lines, above)
    except SyntaxError as error:
        return "SyntaxError", error.msg, error.lineno or 0
    except NameError as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        assert trace is not None
        return "NameError", str(error), trace.tb_lineno
    return None


@pytest.mark.parametrize("name", NEWER)
def test_newer_syntax_is_called_that_by_what_3_11_says_of_it(name: str) -> None:
    source, version, text, line = NEWER[name]
    found = newer_python(source, "SyntaxError", text, line, (3, 11))
    assert found is not None
    assert found.version == version
    assert f"needs Python 3.{version[1]} (" in found.sentence
    assert found.sentence.endswith("; the course grades with 3.11.")
    assert found.flag.endswith("was graded with 3.11")
    assert newer_python(source, "SyntaxError", text, line, version) is None


@pytest.mark.parametrize("name", NEWER)
def test_newer_syntax_is_called_that_by_this_python_which_reads_it_if_it_is_new_enough(name: str) -> None:
    source, version, _, _ = NEWER[name]
    error = _raised(source)
    assert (error is None) == (version <= HERE)
    if error is not None:
        found = newer_python(source, *error)
        assert found is not None
        assert (found.version, found.here) == (version, HERE)


@pytest.mark.parametrize("name", LATE)
def test_an_annotation_that_3_14_does_not_look_at(name: str) -> None:
    source, line = LATE[name]
    found = newer_python(source, "NameError", "name 'Foo' is not defined", line, (3, 13))
    assert found is not None
    assert found.sentence == (
        "This needs Python 3.14 (an annotation with the name Foo, which is not defined there); "
        "the course grades with 3.13."
    )
    error = _raised(source)
    assert error == (None if HERE >= (3, 14) else ("NameError", "name 'Foo' is not defined", line))


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_mistake_is_not_put_down_to_a_newer_python(name: str) -> None:
    error = _raised(PLAIN[name])
    assert error is not None
    assert newer_python(PLAIN[name], *error) is None


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_name_that_no_python_finds_is_not_put_down_to_a_newer_python(name: str) -> None:
    error = _raised(UNKNOWN[name])
    assert error is not None
    assert newer_python(UNKNOWN[name], *error, (3, 13)) is None


@pytest.mark.parametrize("line", [-1, 0, 3, 10**9])
def test_a_line_that_is_not_there(line: int) -> None:
    assert newer_python("type X = int\n", "SyntaxError", "invalid syntax", line, (3, 11)) is None


@pytest.mark.parametrize(
    "piece", ['f""".{+"""+', "f\"{(x,' ", "def a[", "def a(", "f\"{f'{", '"', "[", "type x[] ", 't"a"' + " " * 70]
)
def test_a_hostile_text_costs_little(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = piece * (65_536 // len(piece))
    tokens = _Counting(module._TOKEN)
    monkeypatch.setattr(module, "_TOKEN", tokens)
    for kind, text in (("SyntaxError", "f-string: unmatched"), ("NameError", "name 'a' is not defined")):
        newer_python(source, kind, text, 1, (3, 11))
    assert tokens.matched <= 2 * (module.MOST_BROKEN + 1) * len(source)


class _Counting:
    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.matched = 0
        self._pattern = pattern

    def match(self, text: str, at: int) -> re.Match[str] | None:
        self.matched += 1
        return self._pattern.match(text, at)


@pytest.mark.parametrize(
    ("source", "what"),
    [(NEWER["several exceptions"][0], "several exceptions"), (LATE["result"][0], "an annotation with the name Foo")],
)
def test_student_and_staff_read_it(remote: Remote, source: str, what: str) -> None:
    question = remote(source)
    with pytest.raises(SubmissionFailure) as failure:
        question.conv2d()
    if HERE >= (3, 14):  # this Python understands it
        assert failure.value.summary == "q1_conv2d.py has no conv2d."
        assert not question._session.flags
        return
    here = f"{HERE[0]}.{HERE[1]}"
    assert failure.value.summary.endswith(f"; the course grades with {here}.")
    assert f"This needs Python 3.14 ({what}" in failure.value.summary
    (flag,) = question._session.flags
    assert flag.startswith(f"assignment/q1_conv2d.py needs Python 3.14 ({what}")
