"""An evening with a phone line: the whole core, the real client, and a carrier on this machine."""

from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from helpline.definition import Definition
from helpline.errors import NotSaved
from helpline.events import RungSet
from helpline.ports import Record
from helpline.service import Helpline
from sms.inbound import Text
from sms.intake import take_in
from sms.outbox import Outbox
from sms.twilio_carrier import Credentials, TwilioCarrier
from sms.twilio_http import Http
from tests.helpline.evening import Evening, definition_in, new_id
from tests.sms.carrier_house import ACCOUNT, API_KEY, OURS, SECRET, CarrierHouse

THEIRS = "+447700900123"
STATUS = "https://helpline.example.org/hooks/sms/status"


def text_definition(folder: Path, *, rings: bool = False) -> Definition:
    """The evening's service, with everybody answering texts too, and with `rings` calling people back."""
    made = definition_in(folder)
    (web,) = made.hours.channels
    channels = ("web", "sms", "call") if rings else ("web", "sms")
    hours = replace(made.hours, channels=tuple(replace(web, channel=one) for one in channels))
    return replace(
        made,
        channels=channels,
        hours=hours,
        people=tuple(replace(one, channels=channels) for one in made.people),
        shifts=tuple(replace(one, channels=channels) for one in made.shifts),
    )


class TextEvening(Evening):
    """`house` is the carrier's side. Its clock follows ours."""

    def __init__(self, folder: Path, house: CarrierHouse, *, rings: bool = False) -> None:
        super().__init__(folder, text_definition(folder, rings=rings))
        self.house = house
        self._sids = 0

    def take(self, helpline: Helpline) -> None:
        super().take(helpline)
        own = Credentials(ACCOUNT, API_KEY, SECRET, OURS, origin=self.house.origin)
        self.carrier = TwilioCarrier(own, status_url=STATUS, http=Http(self.house.origin, answer=0.5))
        self.outbox = Outbox(helpline, self.carrier)

    async def open(self) -> "TextEvening":
        await super().open()
        self.outbox.open()
        await self.settled()
        return self

    async def close(self) -> None:
        self.outbox.close()
        await self.carrier.close()
        await super().close()

    async def settled(self) -> None:
        self.house.now = self.clock.now()
        await super().settled()

    async def texts(self, words: str, *, sid: str = "", opted: str = "", media: int = 0) -> str:
        """A text of theirs arrives. The contact it is in."""
        self._sids += 1
        text = Text(sid or f"SMin{self._sids}", THEIRS, OURS, words, media, opted)  # type: ignore[arg-type]
        contact = await take_in(self.line, text)
        await self.settled()
        return contact

    async def in_talk(self) -> str:
        """They texted, and Ania is with them."""
        await self.on("ania")
        contact = await self.texts("are you there")
        await self.accepts("ania", contact)
        return contact

    async def steps_up(self, id: str, contact: str, to: int) -> None:
        body = RungSet(to=to, was=0, basis="They are not sure they can stay safe", client_id=new_id())
        await self.line.set_rung(self.who(id), contact, body)
        await self.settled()

    def dies_after(self, records: int) -> None:
        """The store takes so many more records and then none, as if the process had been killed there."""
        append, left = self.line.store.append, records

        async def dying(record: Record) -> None:
            nonlocal left
            if left <= 0:
                raise NotSaved
            left -= 1
            await append(record)

        self.line.store.append = dying  # type: ignore[method-assign]

    async def tries_to_answer(self, id: str, contact: str, words: str) -> None:
        with suppress(NotSaved):
            await self.answers(id, contact, words)
        await self.settled()

    @property
    def phone(self) -> list[str]:
        """What the carrier was given for their phone, in order."""
        return [one["body"] for one in self.house.messages if one["to"] == THEIRS]
