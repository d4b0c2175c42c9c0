"""The numbers a person sees on every page: 999 and 111 as the directory has them, and the way to those near them."""

from collections.abc import Sequence

from helpline.directory import EMERGENCY, CrisisContact, for_locality
from helpline.shape import Definition
from webchat.words import Words

AT_THE_BOTTOM = (
    (EMERGENCY, "999", "safe.danger", "safe.ring_999"),
    ("nhs_111", "111", "safe.mental", "safe.ring_111"),
)
CARDS = "/card"


def emergency_lines(
    contacts: Sequence[CrisisContact], definition: Definition, place: str, words: Words
) -> list[dict[str, str]]:
    """999 and 111, for a locality or for "": the directory's number, else the definition's, else the one all know.

    A line that is only for us to ring is never among them.
    """
    lines = []
    for role, usual, short, long in AT_THE_BOTTOM:
        found = (_number(held, role, place) for held in (contacts, definition.crisis_contacts))
        number = next((one for one in found if one), usual)
        lines.append({"number": number, "short": words[short], "long": words[long]})
    return lines


def _number(contacts: Sequence[CrisisContact], role: str, place: str) -> str:
    near = [one for one in for_locality(contacts, place) if one.role == role and one.number]
    handed_out = [one for one in near if one.line == "public" or role == EMERGENCY]
    return min(handed_out, key=lambda one: one.order).number if handed_out else ""


def card_of(definition: Definition, place: str) -> str:
    """Where the numbers near somebody are: the card of their locality, or the list of them; "" without any."""
    if place:
        return f"{CARDS}/{place}"
    return CARDS if definition.localities else ""
