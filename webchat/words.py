"""The words on the person's pages, one catalogue per language, and how the pages speak of languages and times.

The catalogues are `words/<tag>.toml`: tables of plain sentences, all with the same keys and the same `{fillings}`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_time, get_day_names, get_month_names
from babel.units import format_unit
from langcodes import Language
from langcodes.tag_parser import LanguageTagError

from helpline.messages import lookup

DEFAULT = "en"
RIGHT_TO_LEFT = frozenset({"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg"})
SHIPPED = ("en", "cy", "pl", "ur", "ar")
DAYS_BY_NAME = 6


class Words(msgspec.Struct, frozen=True):
    """One language's catalogue. `words["talk.send"]` is a sentence; `direction` is `ltr` or `rtl`."""

    language: str
    direction: str
    texts: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.texts[key]

    def fill(self, key: str, **values: object) -> str:
        """The sentence with its `{fillings}` put in; a filling that is not given stays as it is."""
        text = self.texts[key]
        for name, value in values.items():
            # In a sentence from right to left, a Latin name must not turn what stands around it.
            shown = f"\u2068{value}\u2069" if self.direction == "rtl" else str(value)
            text = text.replace("{" + name + "}", shown)
        return text

    def within(self, *tables: str) -> dict[str, str]:
        """The sentences of some tables, for the page's scripts."""
        return {key: text for key, text in self.texts.items() if key.partition(".")[0] in tables}


@cache
def catalogue(tag: str) -> Words:
    """The catalogue shipped for exactly this tag. Raises `LookupError` when there is none."""
    if tag not in SHIPPED:
        raise LookupError(f"no words in {tag}")
    tables = tomllib.loads(files("webchat").joinpath("words", f"{tag}.toml").read_text(encoding="utf-8"))
    texts = {f"{table}.{key}": text for table, keys in tables.items() for key, text in keys.items()}
    return Words(tag, direction(tag), texts)


def words_in(language: str, default: str = DEFAULT) -> Words:
    """The catalogue nearest to `language` by RFC 4647 lookup, else to `default`."""
    return catalogue(lookup(dict.fromkeys(SHIPPED), language, default))


@cache
def direction(tag: str) -> str:
    """`rtl` for languages written from right to left, else `ltr`; whatever cannot be read as a tag is `ltr`."""
    try:
        script = Language.get(tag).maximize().script
    except LanguageTagError:
        return "ltr"
    return "rtl" if script in RIGHT_TO_LEFT else "ltr"


def choose(accepted: str, offered: Iterable[str], default: str) -> str:
    """The tag of `offered` that an Accept-Language header asks for first, else `default` (RFC 9110 12.5.4)."""
    tags = dict.fromkeys(offered)
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")):
        tag, _, rest = part.strip().partition(";")
        try:
            quality = float(rest.strip().removeprefix("q=")) if rest else 1.0
        except ValueError:
            continue
        if tag and quality > 0:
            wanted.append((-quality, place, tag))
    for _, _, tag in sorted(wanted):
        # A tag that cannot occur, so that a miss is told from a find.
        if (found := lookup({**tags, "x-none": None}, tag, "x-none")) != "x-none":
            return found
    return default if default in tags else next(iter(tags), DEFAULT)


@cache
def own_name(tag: str) -> str:
    """What a language calls itself, such as `Cymraeg` or `اردو`."""
    if tag in SHIPPED:
        return catalogue(tag)["page.language"]
    name = _locale(tag).get_display_name() or tag
    return name[:1].upper() + name[1:]


@cache
def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale(DEFAULT)


def name_of(tag: str, language: str) -> str:
    """The name of the language `tag`, said in `language`."""
    return _locale(tag).get_display_name(_locale(language)) or own_name(tag)


def minutes(count: int, language: str) -> str:
    """`10 minutes` in that language, with the digits that telephones have."""
    for length in ("long", "short"):  # CLDR has no long form for some languages
        text = format_unit(
            count, "duration-minute", length, locale=_locale(language), numbering_system="latn"
        )
        if "duration" not in text:
            return text
    return f"{count} min"


def clock_time(at: datetime, zone: str, language: str) -> str:
    """The hour and minute of an instant in `zone`, on a clock of 24 hours."""
    return format_time(at.astimezone(ZoneInfo(zone)), "HH:mm", locale=_locale(language))


def day_and_time(at: datetime, zone: str, language: str, since: datetime | None = None) -> str:
    """Weekday and time of an instant in `zone`, such as `Friday 18:00`.

    A week or more after `since` with its date too: `Friday 25 December 18:00`, or it would be taken for the next one.
    """
    there = at.astimezone(ZoneInfo(zone))
    far = since is not None and (there.date() - since.astimezone(ZoneInfo(zone)).date()).days > DAYS_BY_NAME
    return format_datetime(there, "EEEE d MMMM HH:mm" if far else "EEEE HH:mm", locale=_locale(language))


def opening_time(at: datetime, now: datetime, zone: str, language: str) -> str:
    """When a door opens, as a page says it now: today by that word, else as `day_and_time`."""
    there = ZoneInfo(zone)
    if at.astimezone(there).date() == now.astimezone(there).date():
        return words_in(language).fill("door.today", time=clock_time(at, zone, language))
    return day_and_time(at, zone, language, now)


def day(at: datetime, zone: str, language: str) -> str:
    """Weekday, day and month of an instant in `zone`."""
    return format_datetime(at.astimezone(ZoneInfo(zone)), "EEEE d MMMM", locale=_locale(language))


@cache
def days_of_the_week(language: str) -> tuple[str, ...]:
    """Their names from Sunday on, as scripts count them."""
    names = get_day_names("wide", locale=_locale(language))
    return tuple(names[(place - 1) % 7] for place in range(7))


@cache
def months_of_the_year(language: str) -> tuple[str, ...]:
    """Their names from January on, in the form that follows a day's number."""
    names = get_month_names("wide", locale=_locale(language))
    return tuple(names[place] for place in range(1, 13))
