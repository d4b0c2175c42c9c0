"""A small rota on which everybody has an e-mail address, for trying the letters about it."""

from datetime import UTC, datetime
from pathlib import Path

from helpline.definition import Definition
from helpline.mail import SmtpMail
from helpline.ports import Mail
from helpline.rota_keeping import RotaKeeping
from rota.shifts import Shift, Slot
from tests.clock import SetClock
from tests.helpline.evening import Evening, definition_in
from tests.helpline.mail_house import MailHouse

ORIGIN = "https://chat.example.org"
# A Monday in winter, when London's wall clock shows UTC.
MONDAY = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
SUPPORTERS = ("ania", "ben", "cy", "dev", "eve")
LEADS = ("jo", "kim")
WEEK = ("MO", "TU", "WE", "TH", "FR")
HOURS = '[hours.channels.web]\nweek = { every_day = ["18:00-22:00"] }\n'


def address(id: str) -> str:
    return f"{id}@example.org"


def person(id: str, *, role: str, email: bool = True) -> str:
    return (
        f'[[people]]\nid = "{id}"\nname = "{id.title()} Full-Name"\nshown_name = "{id.title()}"\n'
        f'roles = ["{role}"]\nlanguages = ["en"]\n' + (f'email = "{address(id)}"\n' if email else "")
    )


def weekly(who: str, day: str, *, role: str = "supporter", starts: str = "18:00", ends: str = "22:00") -> str:
    """A shift on this day of every week, named `<who>-<day>`."""
    first = 16 + WEEK.index(day)
    return (
        f'[[shifts]]\nid = "{who}-{day}"\nperson = "{who}"\nrole = "{role}"\n'
        f"starts = 2026-11-{first}T{starts}:00\nends = 2026-11-{first}T{ends}:00\n"
        f'rrule = "FREQ=WEEKLY"\nlanguages = ["en"]\nchannels = ["web"]\n'
    )


def slot(shift: str, day: int, month: int = 11) -> Slot:
    return Slot(shift, datetime.fromisoformat(f"2026-{month}-{day}T18:00"))


def letter_definition(folder: Path, *more: str, without: str = "") -> Definition:
    """Ania on Mondays to Dev on Thursdays, Jo leads on Mondays. `without` has no address."""
    people = [person(id, role="supporter", email=id != without) for id in SUPPORTERS]
    people += [person(id, role="lead") for id in LEADS]
    people.append(person("robin", role="supervisor"))
    shifts = [weekly(who, day) for who, day in zip(SUPPORTERS[:4], WEEK[:4], strict=True)]
    shifts.append(weekly("jo", "MO", role="lead"))
    return definition_in(folder, *more, hours=HOURS, people="".join(people + shifts))


async def with_free_fridays(rota: RotaKeeping) -> None:
    """Nobody has the Fridays yet."""
    if "free-FR" not in rota.book.known:
        friday = Shift(
            id="free-FR",
            zone="Europe/London",
            starts=datetime.fromisoformat("2026-11-20T18:00"),
            ends=datetime.fromisoformat("2026-11-20T22:00"),
            role="supporter",
            rrule="FREQ=WEEKLY",
        )
        await rota.replace_shifts([friday], what="seeded")


class LetterEvening(Evening):
    """The service with its post running, and a real mail server in the same town."""

    def __init__(
        self, folder: Path, definition: Definition, house: MailHouse | None, now: datetime = MONDAY
    ) -> None:
        super().__init__(folder, definition, now)
        self.clock = SetClock(now)
        self.house = house

    def mail(self) -> Mail | None:
        if self.house is None:
            return None
        return SmtpMail(self.house.settings(), self.definition.rota.shown_as, answers_within=0.5)

    async def open(self) -> "LetterEvening":
        await super().open()
        await with_free_fridays(self.line.rota)
        self.line.post.start(self.mail(), ORIGIN)
        await self.settled()
        return self

    async def settled(self) -> None:
        await super().settled()
        await self.line.post.settled()
        await super().settled()

    def letters(self, who: str) -> list[str]:
        """The subjects of what they were sent, without what a shift is called."""
        assert self.house is not None
        return [str(letter["Subject"]).removeprefix("Shift: ") for letter in self.house.to(address(who))]

    def texts(self, who: str) -> list[str]:
        assert self.house is not None
        return [letter.get_content().replace("\r\n", "\n") for letter in self.house.to(address(who))]

    def read(self) -> None:
        """All letters so far are read and put away."""
        assert self.house is not None
        self.house.letters.clear()
