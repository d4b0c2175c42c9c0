"""An evening in which people ask to be rung: everybody answers calls, too."""

from pathlib import Path

from msgspec.structs import replace

from helpline import call_keeping, number_reveal
from helpline.call_keeping import Asked
from helpline.definition import Definition
from tests.helpline.evening import Evening, definition_in, new_id

THEIRS = "+447700900123"
EVERYTHING = ("web", "sms", "call")


def call_definition(folder: Path) -> Definition:
    """The evening's service, whose supporters chat, text and ring. Supporters are on from 18:00 to 02:00 each day."""
    made = definition_in(folder)
    (web,) = made.hours.channels
    doors = tuple(replace(web, channel=channel) for channel in EVERYTHING)
    return replace(
        made,
        channels=EVERYTHING,
        hours=replace(made.hours, channels=doors),
        people=tuple(replace(one, channels=EVERYTHING) for one in made.people),
        shifts=tuple(replace(one, channels=EVERYTHING) for one in made.shifts),
    )


class CallEvening(Evening):
    """`token` stands for their browser."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, call_definition(folder))
        self.token = new_id()

    async def asks(self, window: str = "soonest", language: str = "en", **more: object) -> str:
        """They ask to be rung, from the page. The contact of the request."""
        given = {"client_id": new_id(), "number": THEIRS, "window": window, **more}
        asked = Asked(**given)  # type: ignore[arg-type]
        contact = await call_keeping.ask(self.line, self.token, language, asked)
        await self.settled()
        return contact.log

    def part(self, hour: int) -> str:
        """The key of the next part of a shift that begins at this hour."""
        parts = call_keeping.choices(self.line, "en").parts
        return next(one.key for one in parts if one.begins_at.hour == hour)

    async def shows(self, id: str, contact: str) -> str:
        """They are shown the number, to ring by hand."""
        number = await number_reveal.to_ring(self.line, self.who(id), contact, client_id=new_id())
        await self.settled()
        return number

    async def made(self, id: str, contact: str, outcome: str) -> None:
        """They say how it went."""
        await call_keeping.made(self.line, self.who(id), contact, outcome=outcome, client_id=new_id())
        await self.settled()

    async def with_request(self, id: str) -> str:
        """Somebody asked to be rung as soon as can be, and `id`, alone on, has them."""
        await self.on(id)
        contact = await self.asks()
        await self.accepts(id, contact)
        return contact
