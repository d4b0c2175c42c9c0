"""Reading `[ladder]`: the default ladder, with what a service writes in place of it."""

from datetime import date
from typing import Any

import msgspec

from helpline.definition_tables import Reading
from helpline.directory import ROLES
from helpline.ladder import CLOCKS, Ladder, Rung, Track, default_ladder
from rota.mistakes import not_among

_RUNGS = 5
_LONGEST_CLOCK = 14 * 86_400


class _Head(msgspec.Struct, kw_only=True):
    version: str = "1"
    approved_by: str = ""
    approved_on: date | None = None
    last_resorts: tuple[str, ...] = ()
    tracks: dict[Track, str] = {}


class _Rung(msgspec.Struct, kw_only=True):
    number: int
    short: str = ""
    begins_when: str = ""
    do: str = ""
    contacts: tuple[str, ...] = ()
    clocks: dict[str, Any] = {}
    vanished: str = ""


def read_ladder(reading: Reading, raw: object) -> Ladder:
    """The ladder of a service. A rung it writes replaces, key by key, the default rung of that number.

    A rung's `clocks` are set one by one; its `name` and `prompts` are replaced in all languages at once, so that
    a translation of the old words never stands beside new ones.
    """
    default = default_ladder()
    if not isinstance(raw, dict):
        reading.wrong("ladder", "is not a table", "write it as [ladder]")
        return default
    head, _ = reading.fields({name: raw[name] for name in raw if name != "rungs"}, _Head, "ladder")
    head = {name: value for name, value in head.items() if name in raw}
    _roles(reading, head.get("last_resorts", ()), "ladder.last_resorts")
    rungs = {rung.number: rung for rung in default.rungs}
    seen: list[int] = []
    for position, (key, entry) in enumerate(reading.entries(raw.get("rungs", []), "ladder.rungs")):
        number = entry.get("number")
        if not isinstance(number, int) or isinstance(number, bool) or number not in rungs:
            mend = "write the number of the rung it is: 0, 1, 2, 3 or 4; there are five, no more and no fewer"
            reading.wrong(f"{key}.number", "is not the number of a rung", mend)
            continue
        # Named by its number: that is where it stands in the whole ladder, wherever it is in the file.
        key = f"ladder.rungs[{number}]"
        if number in seen:
            reading.wrong(f"{key}.number", f"rung {number} is written twice", "keep one of them")
            continue
        if seen and number < seen[-1]:
            what = f"rung {number} stands after rung {seen[-1]} (entry {position + 1} of the list)"
            reading.wrong(f"{key}.number", what, "write the rungs in order, from 0 up")
        seen.append(number)
        rungs[number] = _over(reading, rungs[number], entry, key)
    return msgspec.structs.replace(default, **head, rungs=tuple(rungs[number] for number in range(_RUNGS)))


def _over(reading: Reading, rung: Rung, entry: dict[str, Any], key: str) -> Rung:
    """The default rung with what the service wrote over it; what cannot be read stays as it is."""
    plain = {name: entry[name] for name in entry if name not in ("name", "prompts")}
    changed, _ = reading.fields(plain, _Rung, key)
    changed = {name: value for name, value in changed.items() if name in plain}
    _roles(reading, changed.get("contacts", ()), f"{key}.contacts")
    if "clocks" in changed:
        changed["clocks"] = rung.clocks | _clocks(reading, changed["clocks"], f"{key}.clocks")
    for name in ("short", "begins_when", "do"):
        if name in changed and not changed[name].strip():
            reading.wrong(f"{key}.{name}", "is empty", "write it, or leave the key out to keep the default")
    if "name" in entry:
        changed["name"] = reading.texts(entry["name"], f"{key}.name") or rung.name
    if "prompts" in entry:
        changed["prompts"] = reading.lists(entry["prompts"], f"{key}.prompts") or rung.prompts
    return msgspec.structs.replace(rung, **changed)


def _clocks(reading: Reading, raw: dict[str, Any], key: str) -> dict[str, int]:
    clocks: dict[str, int] = {}
    for kind, seconds in raw.items():
        if not reading.adopt(not_among(kind, CLOCKS, f"{key}.{kind}", "clock")):
            continue
        whole = isinstance(seconds, int) and not isinstance(seconds, bool)
        if whole and 1 <= seconds <= _LONGEST_CLOCK:
            clocks[kind] = seconds
        else:
            mend = f"write whole seconds from 1 to {_LONGEST_CLOCK}, without quotes"
            reading.wrong(f"{key}.{kind}", f"“{str(seconds)[:100]}” is not a time limit", mend)
    return clocks


def _roles(reading: Reading, roles: tuple[str, ...], key: str) -> None:
    for place, role in enumerate(roles):
        reading.adopt(not_among(role, ROLES, f"{key}[{place}]", "step"))
