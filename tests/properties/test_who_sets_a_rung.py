"""Only a human sets a rung: where the code makes the event, and who may hand it over, read from the source itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import NotAllowed
from helpline.escalation import set_rung
from helpline.events import SERVICE, By, RungSet
from helpline.people import Principal
from tests.helpline.evening import EIGHT, definition_in

HOUSE = Path(__file__).resolve().parent.parent.parent
PRODUCT = ("app.py", "helpline", "webchat", "rota")


def sources() -> Iterator[tuple[str, ast.Module]]:
    for name in PRODUCT:
        place = HOUSE / name
        for path in [place] if place.is_file() else sorted(place.rglob("*.py")):
            yield str(path.relative_to(HOUSE)), ast.parse(path.read_text())


def calls_of(name: str) -> list[str]:
    """File and enclosing function of every call of `name`, whatever it is reached through."""
    found = []
    for path, tree in sources():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [
                    f"{path}:{function.name}"
                    for node in ast.walk(function)
                    if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name
                ]
    return found


def test_the_event_of_a_rung_is_made_in_one_place_from_what_somebody_pressed() -> None:
    assert calls_of("RungSet") == ["webchat/desk_socket.py:rung_set"]
    assert sorted(calls_of("rung_set")) == [
        "webchat/board_socket.py:rung",
        "webchat/desk_socket.py:rung",
    ]


def test_a_principal_is_made_by_signing_in_and_nowhere_else() -> None:
    assert {place.partition(":")[0] for place in calls_of("Principal")} == {"helpline/people.py"}


def test_the_search_sees_a_call_through_a_module() -> None:
    assert "helpline/staff_side.py:withdraw_rung" in calls_of("press")


@pytest.mark.parametrize("by", [SERVICE, By("person"), By("lead", "jo", "Jo")])
def test_no_rung_is_set_in_anothers_name_nor_by_nobody(by: By, tmp_path: Path) -> None:
    definition: Definition = definition_in(tmp_path)
    nobody = Principal("", "", ("lead",)) if not by.id else Principal("ania", "Ania", ("supporter",))
    decide = set_rung(nobody, by, definition, RungSet(3, 0, basis="because"))
    with pytest.raises(NotAllowed):
        decide(Contact("c-1"), EIGHT)
