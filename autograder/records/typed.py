"""JSON from the disk as dataclasses: each value has its type, no key is missing, and none is unknown.

msgspec checks. By itself it ignores unknown keys of a dataclass, makes 2.0 of a 2 and does not say which key of a
dictionary it means; so each dataclass has a twin here, a structure of msgspec's own that refuses such keys and leaves
numbers as they are, and the key is looked for once something is wrong.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import operator
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

_T = TypeVar("_T")
_LONGEST = 200
_PROBLEM = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+|\.\.\.)\]")
_KINDS: dict[type, tuple[Any, set[str]]] = {}  # the dataclass of each twin, and which fields have others in them


class Damaged(ValueError):
    """What was read is not what was written. The text says where and why, as a part of a sentence."""


def read_json(path: Path) -> object:
    """What a JSON file says.

    Raises:
        Damaged: it is not JSON.
        OSError: it cannot be read.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise Damaged("it is nested too deep") from None
    except ValueError as error:
        raise Damaged(_shortened(str(error))) from None


def record_of(value: object, schema: str, *needed: str, at: str = "") -> dict[str, Any]:
    """What was read, if it is a record of this schema that has these keys.

    Args:
        value: from JSON.
        schema: its name and version.
        needed: keys.
        at: where it stands in the file, for the error.

    Raises:
        Damaged: it is not.
    """
    if not isinstance(value, dict):
        raise Damaged(f"{at or 'it'} is not an object")
    for key in ("schema", *needed):
        if key not in value:
            raise Damaged(f"it lacks {f'{at}.{key}'.removeprefix('.')}")
    if value["schema"] != schema:
        raise Damaged(f"{f'the schema of {at}' if at else 'its schema'} is not {schema}")
    return value


def typed(value: object, kind: type[_T], *, at: str = "") -> _T:
    """What was read, as an object of the type that it has to be.

    Args:
        value: from JSON.
        kind: a dataclass, or a list or a dictionary of some, or a typed dictionary.
        at: where it stands in the file, for the error.

    Raises:
        Damaged: it is not of that type.
    """
    wanted: Any = kind
    twin = _twin(wanted)
    try:
        made: _T = _made(msgspec.convert(value, twin))
    except msgspec.ValidationError as error:
        raise Damaged(_problem(value, twin, str(error), at)) from None
    return made


@functools.cache
def _twin(kind: Any) -> Any:
    """The type that msgspec checks a value of this kind against."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        fields: list[Any] = []
        for field in dataclasses.fields(kind):
            value = _twin(hints[field.name])
            required = field.default is field.default_factory is dataclasses.MISSING
            fields.append((field.name, value) if required else (field.name, value | msgspec.UnsetType, msgspec.UNSET))
        twin = msgspec.defstruct(getattr(kind, "__name__", ""), fields, forbid_unknown_fields=True, kw_only=True)
        _KINDS[twin] = kind, {name for name in twin.__struct_fields__ if _has_dataclasses(hints[name])}
        return twin
    if kind is float:
        return int | float
    parts = get_args(kind)
    origin: Any = get_origin(kind)
    if not parts or origin is Literal:
        return kind
    twins = tuple(part if part is Ellipsis else _twin(part) for part in parts)
    return functools.reduce(operator.or_, twins) if origin in (Union, types.UnionType) else origin[twins]


def _has_dataclasses(kind: Any) -> bool:
    return dataclasses.is_dataclass(kind) or any(map(_has_dataclasses, get_args(kind)))


def _made(value: Any) -> Any:
    """The same with dataclasses in the place of their twins."""
    kind = type(value)
    if kind in _KINDS:
        dataclass, deeper = _KINDS[kind]
        fields = {name: each for name in kind.__struct_fields__ if (each := getattr(value, name)) is not msgspec.UNSET}
        return dataclass(**{name: _made(each) if name in deeper else each for name, each in fields.items()})
    if kind is list or kind is tuple:
        return kind(map(_made, value))
    if kind is dict:
        return {name: _made(each) for name, each in value.items()}
    return value


def _problem(value: object, twin: Any, message: str, at: str) -> str:
    """What msgspec says, with the keys of dictionaries, for people."""
    found = _PROBLEM.fullmatch(message)
    assert found is not None
    where = at + "".join(_steps(value, twin, message, found["path"] or ""))
    field = _FIELD.fullmatch(found["what"])
    if field is not None:
        place = f"{where}.{field['name']}".removeprefix(".")
        return _shortened(f"it lacks {place}" if field["what"].startswith("missing") else f"nobody knows its {place}")
    what = found["what"].replace("`", "")
    return _shortened(f"{where.removeprefix('.')}: {what[:1].lower()}{what[1:]}".removeprefix(": "))


def _steps(value: object, twin: Any, message: str, path: str) -> Iterator[str]:
    """The way to what is wrong. Where msgspec has "[...]" for a key, it is the first that alone is as wrong."""
    trail: list[Any] = []
    here: Any = value
    for step in _STEP.finditer(path):
        key: Any = step["name"] or step["index"]
        if key == "...":
            alone = ((each, _replaced(value, trail, {each: here[each]})) for each in here)
            key = next((each for each, changed in alone if _complaint(changed, twin) == message), None)
            yield f"[{'…' if key is None else repr(key)}]"
            if key is None:
                return
        else:
            key = step["name"] or int(key)
            yield step[0]
        trail.append(key)
        here = here[key]


def _replaced(value: Any, trail: list[Any], other: object) -> Any:
    """A copy in which something else is at the end of this way."""
    if not trail:
        return other
    first, *rest = trail
    copy = value.copy()
    copy[first] = _replaced(value[first], rest, other)
    return copy


def _complaint(value: object, twin: Any) -> str:
    try:
        msgspec.convert(value, twin)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
