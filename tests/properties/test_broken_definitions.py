"""A definition broken anywhere, in any way, is read or told: the reader itself never breaks."""

import copy
import tomllib
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from helpline.definition import BrokenDefinition, Mistake, definition_from

DEMO: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[2] / "examples" / "demo.toml").read_text(encoding="utf-8")
)
JUNK: tuple[Any, ...] = (
    None,
    -1,
    0,
    10**9,
    True,
    1.5,
    "",
    "x",
    "\u202e\x00",
    [],
    [[]],
    [{}],
    {},
    {"x": {}},
    {"en": 3},
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a definition."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, each in inner for place in places_in(each, (*path, name)))]


@given(
    st.lists(st.tuples(st.sampled_from(places_in(DEMO)[1:]), st.sampled_from(JUNK)), min_size=1, max_size=4)
)
def test_whatever_is_written_anywhere_is_read_or_told_and_never_breaks_the_reader(
    changes: list[tuple[tuple[Any, ...], Any]],
) -> None:
    raw = copy.deepcopy(DEMO)
    for (*path, last), junk in changes:
        inner: Any = raw
        for name in path:
            inner = inner[name] if isinstance(inner, (dict | list)) and _has(inner, name) else None
        if inner is not None and isinstance(inner, (dict | list)) and _has(inner, last):
            inner[last] = copy.deepcopy(junk)
    for mistake in mistakes_in(raw):
        assert mistake.key
        assert mistake.what
        assert mistake.mend


def mistakes_in(raw: dict[str, Any]) -> tuple[Mistake, ...]:
    try:
        definition_from(raw, "demo.toml")
    except BrokenDefinition as broken:
        return broken.mistakes or (Mistake("demo.toml", "", "", ""),)
    return ()


def _has(inner: Any, name: Any) -> bool:
    return name in inner if isinstance(inner, dict) else isinstance(name, int) and name < len(inner)
