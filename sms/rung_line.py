"""Somebody rings the helpline's number: what they pressed, or that they pressed nothing, becomes a request to be rung.

Hanging up is told by a post of its own, which the carrier sends for every call to the number. The call's name at the
carrier makes one of all that is told about it, whichever node hears it and however often.
"""

from uuid import NAMESPACE_URL, uuid5

from helpline import call_keeping
from helpline.call_keeping import Asked
from helpline.service import Helpline

RING_ME, RING_ME_NOT = "1", "2"
_ON_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
# In the place of a number that is withheld some networks send one of these words as it is keyed on a phone.
HIDDEN = frozenset(
    "+" + word.translate(_ON_KEYS)
    for word in ("ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN", "UNAVAILABLE")
)


class RungLine:
    """Calls to the helpline's number. Everything is durable on return."""

    def __init__(self, helpline: Helpline) -> None:
        self._helpline = helpline

    async def pressed(self, call: str, number: str, key: str) -> bool:
        """A key. True when a request is kept. Any but 1 asks for none, and 2 takes back what the number had open."""
        if key == RING_ME:
            await self._rang(call, number, pressed=True)
            return True
        await call_keeping.not_to_be_rung(self._helpline, call, number if key == RING_ME_NOT else "")
        return False

    async def nothing_pressed(self, call: str, number: str) -> None:
        """They heard it all, or hung up, and pressed nothing: a request. Nothing when they had pressed a key."""
        if not await call_keeping.told_of(self._helpline, call):
            await self._rang(call, number, pressed=False)

    async def hidden(self, call: str) -> None:
        """Their number is withheld: kept as a missed call that cannot be rung back."""
        await call_keeping.rang_hidden(self._helpline, call)

    async def _rang(self, call: str, number: str, *, pressed: bool) -> None:
        asked = Asked(client_id=str(uuid5(NAMESPACE_URL, f"carrier:{call}")), number=number)
        language = self._helpline.definition.languages.default
        await call_keeping.rang(self._helpline, language, asked, pressed=pressed)
