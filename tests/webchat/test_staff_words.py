"""Whatever the core can alert about, and every clock of the ladder, has words of its own on desk and board."""

import ast
import re
from pathlib import Path

from helpline.escalation import FROM_THE_START

HOUSE = Path(__file__).resolve().parents[2]
# Which argument of each says what the alert is about.
RAISED_BY = {"Alerted": 1, "page": 3, "page_once": 3, "alert_lead": 1}
LOOP = ("confirm_first", "confirm_every", "record_after", "hold_open")


def worded(table: str) -> set[str]:
    """The keys of one table of words."""
    source = (HOUSE / "webchat/static/staff/words.js").read_text()
    found = re.search(rf"^const {table} = {{\n(.*?)^}};", source, re.MULTILINE | re.DOTALL)
    assert found is not None, table
    return set(re.findall(r"^  (\w+):", found.group(1), re.MULTILINE))


def raised() -> set[str]:
    """Every `what` written down where an alert is raised."""
    found = {"rung_2", "rung_3", "rung_4"}
    for module in (*(HOUSE / "helpline").glob("*.py"), *(HOUSE / "sms").glob("*.py")):
        for call in ast.walk(ast.parse(module.read_text())):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            place = RAISED_BY.get(name)
            if place is None or len(call.args) <= place:
                continue
            given = call.args[place]
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                found.add(given.value)
    return found


def documented() -> set[str]:
    """Those the protocol names."""
    page = (HOUSE / "docs/protocol.md").read_text()
    (line,) = [one for one in page.splitlines() if one.startswith("`what` of an alert")]
    return set(re.findall(r"`(\w+)`", line.split("`to` of an alert")[0])) - {"what"}


def test_every_alert_the_core_raises_is_told_in_words() -> None:
    assert len(raised()) > 15
    assert raised() - worded("ALERTS") == set()


def test_every_alert_the_protocol_names_is_told_in_words() -> None:
    assert {"countersign", "lead_gone"} <= documented()
    assert documented() - worded("ALERTS") == set()


def test_every_clock_of_the_ladder_is_told_in_words() -> None:
    assert {*FROM_THE_START, *LOOP} - worded("CLOCKS") == set()
