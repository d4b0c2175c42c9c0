"""Telephone numbers: which can be dialled, and which are set aside for fiction and reach nobody."""

import re

import phonenumbers

EVERYBODYS = frozenset({"999", "112", "111", "18000"})
"""Numbers that may stand in a demonstration: real, and the same for everybody (18000 is 999 by text relay)."""

# Ofcom, "Numbers for drama": set aside for television and radio, given to nobody. National digits after the
# leading 0. Each range is a thousand numbers.
_FOR_DRAMA = (
    "1134960",  # Leeds
    "1144960",  # Sheffield
    "1154960",  # Nottingham
    "1164960",  # Leicester
    "1174960",  # Bristol
    "1184960",  # Reading
    "1214960",  # Birmingham
    "1314960",  # Edinburgh
    "1414960",  # Glasgow
    "1514960",  # Liverpool
    "1614960",  # Manchester
    "1914980",  # Tyneside, Durham, Sunderland
    "1632960",  # no area
    "2079460",  # London
    "2896496",  # Northern Ireland
    "2920180",  # Cardiff
    "3069990",  # the whole country
    "7700900",  # mobile
    "8081570",  # freephone
    "9098790",  # premium rate
)
_WRITTEN = re.compile(r"\+?[\d\s().\-–]+")
# A number in the middle of words, or what somebody meant to replace by one: digits or x, # and _ in their place.
_IN_WORDS = re.compile(r"\+?\(?[\dx#_](?:[ ().\-–]{0,2}[\dx#_]){5,17}(?![\w#])", re.IGNORECASE)
_LEFT_OPEN = re.compile(
    r"[\[<](?:[^\[\]<>]{0,20}\b)?(?:phone|number|rhif|numer|نمبر|رقم)\b[^\[\]<>]{0,20}[\]>]", re.IGNORECASE
)
_TEXT_RELAY = re.compile(r"^\s*1800[12]\s*")


def dialled(number: str, country: str = "GB") -> str | None:
    """What is dialled for `number` as people write it: E.164 (`+441632960114`), or a short number (`999`).

    Spaces, brackets, dots and hyphens are forgiven, and so is the text relay prefix 18001. None when it is no
    telephone number. Whether anybody answers there is not known here.
    """
    number = _TEXT_RELAY.sub("", number)
    if not _WRITTEN.fullmatch(number.strip()):
        return None
    digits = re.sub(r"\D", "", number)
    # 3 to 6 digits are short numbers (999, 111, 18000), the same from every place in a country.
    if 3 <= len(digits) <= 6 and not number.strip().startswith("+"):
        return digits
    try:
        # "+44 (0)1632 …" is how many people write it; the 0 is not dialled.
        parsed = phonenumbers.parse(re.sub(r"\(0\)", "", number), country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def as_read(number: str, country: str = "GB") -> str:
    """A number in E.164 as people of that country write it: `01632 960114`, and `+33 …` from abroad."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number
    own = parsed.country_code == phonenumbers.country_code_for_region(country)
    form = phonenumbers.PhoneNumberFormat.NATIONAL if own else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def is_fictitious(number: str, country: str = "GB") -> bool:
    """Whether `number`, however it is written, is one of Ofcom's numbers for drama."""
    e164 = dialled(number, country)
    if e164 is None or not e164.startswith("+44"):
        return False
    return len(e164) == len("+441632960000") and e164[3:].startswith(_FOR_DRAMA)


def numbers_in(text: str) -> list[str]:
    """Telephone numbers that stand in a text, and what stands open where one belongs ("01xxx xxxxxx", "[number]").

    Short numbers such as 999 are left out, and so is what is too long or too short to be dialled.
    """
    found = [match[0].strip() for match in _IN_WORDS.finditer(text)]
    return [one for one in found if is_blank(one) or dialled(one)] + _LEFT_OPEN.findall(text)


def is_blank(number: str) -> bool:
    """Whether this only holds the place of a number: x, # or _ instead of digits, nothing but zeros, or brackets."""
    if _LEFT_OPEN.fullmatch(number):
        return True
    marks = re.sub(r"[^\dx#_]", "", number.lower())
    return (
        bool(marks) and (not marks.isdigit() or not marks.strip("0")) and any(one.isdigit() for one in marks)
    )
