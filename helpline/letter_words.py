"""What letters say, in one place by language tag, and how one is put together.

Whoever looks over a shoulder, or at a locked phone, learns nothing: subject and sender call a shift what the service
agreed to call it (`[rota] shown_as`), and no letter names the service, a person who reached out, or a reason.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale
from babel.dates import format_date

from helpline.letters import Letter, Told, What

_HOUR = 3_600


class Words(msgspec.Struct, frozen=True):
    """A letter's subject, after the name of a shift, and its text.

    `{when}` is the (first) occurrence, `{other}` the second, `{list}` all of them a line each, `{by}` whose doing it
    is, `{who}` who had or has it, `{shown}` what a shift is called, `{days}` how far off it is, `{link}` where to answer,
    `{please}` the wish to confirm, where it is still to be confirmed. `many` is the text where there are several.
    """

    subject: str
    text: str
    many: str = ""


class Language(msgspec.Struct, frozen=True):
    """All the words of one language. `lines` say in a list what an occurrence has become."""

    letters: dict[What, Words]
    lines: dict[str, str]
    please: str
    days: tuple[str, str, str]
    forward: str
    back: str
    end: str


ENGLISH = Language(
    letters={
        "free": Words(
            "free {when}",
            "{shown} free: {when}. Take it: {link}",
            "{shown} free:\n\n{list}\n\nTake one: {link}",
        ),
        "gap": Words(
            "nobody has {when}",
            "Nobody has this any more: {when}. It was {who}’s.\n\nThose who could take it have been asked. More: {link}",
        ),
        "cover": Words("cover for {when}?", "{by} asks for cover: {when}. Take it, or say no: {link}"),
        "fill": Words("can you do {when}?", "{by} asks whether you could take this: {when}. Answer: {link}"),
        "swap": Words(
            "swap for {when}?",
            "{by} offers a swap:\n\n  theirs: {when}\n  yours: {other}\n\nAgree, or say no: {link}",
        ),
        "swap_waits": Words(
            "a swap waits for you",
            "Two people have agreed to a swap, and it waits for you:\n\n{list}\n\nDecide: {link}",
        ),
        "swap_agreed": Words(
            "swap agreed",
            "{by} has agreed to the swap. It waits for the lead; until then nothing changes:\n\n{list}\n\nMore: {link}",
        ),
        "swapped": Words("swapped", "The swap is made:\n\n{list}\n\nMore: {link}"),
        "swap_no": Words("no swap", "{by} would rather not swap, so nothing changes: {when}. More: {link}"),
        "swap_off": Words(
            "no swap", "The swap will not be made, so nothing changes:\n\n{list}\n\nMore: {link}"
        ),
        "put_on": Words("yours {when}", "{by} has put you down for this: {when}.\n\n{please}{link}"),
        "relieved": Words("not yours {when}", "This is no longer yours: {when}. More: {link}"),
        "covered": Words("covered {when}", "{by} has this now instead of you: {when}. More: {link}"),
        "cancelled": Words("cancelled {when}", "This will not take place: {when}. More: {link}"),
        "moved": Words("moved to {when}", "{by} has moved yours. It is now {when}.\n\n{please}{link}"),
        "changed": Words("changes", "{by} has changed what is yours:\n\n{list}\n\nMore: {link}"),
        "undone": Words("undone", "{by} has undone a change. It is now:\n\n{list}\n\nMore: {link}"),
        "remind": Words("{days} {when}", "{days}: {when}.\n\n{please}{link}"),
        "unconfirmed": Words("not confirmed", "Nobody has confirmed these yet:\n\n{list}\n\nMore: {link}"),
        "check": Words(
            "to be checked",
            "One entry is to be checked: past its date, or within two weeks of it.\n\nLook: {link}",
            "{count} entries are to be checked: past their date, or within two weeks of it.\n\nLook: {link}",
        ),
    },
    lines={
        "yours": "yours: {when}",
        "not_yours": "no longer yours: {when}",
        "moved": "moved to: {when}",
        "": "{when}, {who}",
    },
    please="Please confirm that you will be there: ",
    days=("today", "tomorrow", "in {days} days"),
    forward="clocks go forward: {hours} hours",
    back="clocks go back: {hours} hours",
    end="You sign in first. Please do not answer this e-mail.",
)
LANGUAGES: dict[str, Language] = {"en": ENGLISH}

# Where several occurrences are spoken of, the link leads to all of them; a swap is answered on the first.
_OF_ALL: frozenset[What] = frozenset({"free", "changed", "undone", "unconfirmed"})


class Composer:
    """Puts letters together for one service. `named` gives the shown name of an account id."""

    def __init__(self, zone: str, shown_as: str, origin: str, named: Callable[[str], str]) -> None:
        self._zone = ZoneInfo(zone)
        self._shown_as = shown_as
        self._origin = origin.rstrip("/")
        self._named = named

    def compose(
        self, letter: Letter, now: datetime, *, please: bool, language: str = "en"
    ) -> tuple[str, str]:
        """Its subject and its text, as it reads now. `please`: ask to confirm."""
        words = LANGUAGES[language]
        form = words.letters[letter.what]
        if letter.what == "check":
            text = (form.text if letter.count == 1 else form.many).format(
                count=letter.count, link=self.link(letter)
            )
            return f"{self._shown_as}: {form.subject}", f"{text}\n\n{words.end}\n"
        first, last = letter.about[0], letter.about[-1]
        days = max(0, (self._day(first.starts_at) - self._day(now)).days)
        lines = [
            words.lines[one.now].format(when=self.when(one, language), who=self._named(one.person))
            for one in letter.about
        ]
        fields = {
            "shown": self._shown_as,
            "when": self.when(first, language),
            "other": self.when(last, language),
            "list": "\n".join("  " + line.rstrip(", ") for line in lines),
            "by": self._named(letter.by),
            "who": self._named(first.person),
            "please": words.please if please else "",
            "days": words.days[min(days, 2)].format(days=days),
            "link": self.link(letter),
        }
        subject = f"{self._shown_as}: {form.subject.format(**fields)}"
        text = (form.many if form.many and len(lines) > 1 else form.text).format(**fields)
        return " ".join(subject.split()), f"{text[:1].upper()}{text[1:]}\n\n{words.end}\n"

    def link(self, letter: Letter) -> str:
        """Where it is answered, after signing in. Nothing in it opens anything by itself."""
        if letter.what == "check":
            return f"{self._origin}/directory?check=1"
        if len(letter.about) > 1 and letter.what in _OF_ALL:
            return f"{self._origin}/rota"
        return f"{self._origin}/rota/shift/{quote(letter.about[0].slot, safe='')}"

    def _day(self, instant: datetime) -> date:
        return instant.astimezone(self._zone).date()

    def when(self, one: Told, language: str = "en") -> str:
        """Friday 27 November 18:00–22:30, on the service's clocks; a night on which they change says so."""
        starts, ends = one.starts_at.astimezone(self._zone), one.ends_at.astimezone(self._zone)
        day = format_date(starts.date(), "EEEE d MMMM", locale=Locale.parse(language, sep="-"))
        said = f"{day} {starts:%H:%M}–{ends:%H:%M}"
        real, shown = one.ends_at - one.starts_at, _shown(starts, ends)
        if real == shown:
            return said
        words = LANGUAGES[language]
        change = words.forward if real < shown else words.back
        return f"{said} ({change.format(hours=f'{real.total_seconds() / _HOUR:g}')})"


def _shown(starts: datetime, ends: datetime) -> timedelta:
    """What the clocks on the wall say has passed."""
    return ends.replace(tzinfo=None) - starts.replace(tzinfo=None)
