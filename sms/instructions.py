"""What a page of instructions for a call says, read as the carrier reads it: the verbs of TwiML that we use. Pure.

Whatever we would not follow as the carrier does is `Unreadable`, and never passed over: a demonstration that leaves
out a part of what is written shows another service.
"""

from urllib.parse import urljoin
from xml.etree import ElementTree

import msgspec

LONGEST_PAGE = 65_536


class Unreadable(Exception):
    """These are no instructions, or ask for something that nobody here can do."""


class Say(msgspec.Struct, frozen=True):
    text: str
    language: str = ""


class Pause(msgspec.Struct, frozen=True):
    seconds: int = 1


class Gather(msgspec.Struct, frozen=True):
    """Say this, and wait `waits` seconds for a key; `digits` of them are asked about at `action`."""

    action: str
    spoken: tuple[Say | Pause, ...] = ()
    digits: int = 1
    waits: int = 5


class Dial(msgspec.Struct, frozen=True):
    """Ring `number` for `rings` seconds, showing it `shown`; `action` is asked once that is over.

    `told` hears how their leg stands, `machine` whether a person answered it; both may be empty.
    """

    number: str
    shown: str
    action: str = ""
    rings: int = 30
    told: str = ""
    machine: str = ""


class Redirect(msgspec.Struct, frozen=True):
    url: str


class Hangup(msgspec.Struct, frozen=True):
    pass


Verb = Say | Pause | Gather | Dial | Redirect | Hangup

# What each verb may carry. All but these we would have to follow, too.
FOLLOWED: dict[str, frozenset[str]] = {
    "Response": frozenset(),
    "Say": frozenset({"voice", "language", "loop"}),
    "Pause": frozenset({"length"}),
    "Gather": frozenset({"input", "numDigits", "action", "method", "timeout"}),
    "Dial": frozenset({"callerId", "answerOnBridge", "action", "method", "timeout"}),
    "Number": frozenset(
        {
            "statusCallback",
            "statusCallbackEvent",
            "statusCallbackMethod",
            "machineDetection",
            "machineDetectionTimeout",
            "amdStatusCallback",
            "amdStatusCallbackMethod",
        }
    ),
    "Redirect": frozenset({"method"}),
    "Hangup": frozenset(),
}
# Values with another meaning than ours are not read past either.
ONLY = {
    "input": "dtmf",
    "method": "POST",
    "statusCallbackMethod": "POST",
    "amdStatusCallbackMethod": "POST",
    "loop": "1",
}


def read(page: str, at: str) -> tuple[Verb, ...]:
    """The verbs of a page that came from the address `at`, in order."""
    if len(page) > LONGEST_PAGE or "<!DOCTYPE" in page:
        raise Unreadable("This is no page of instructions.")
    try:
        root = ElementTree.fromstring(page.encode())  # noqa: S314  # our own page, and no document type in it
    except ElementTree.ParseError as broken:
        raise Unreadable(f"The instructions are not XML: {broken}") from None
    if root.tag != "Response":
        raise Unreadable(f"Instructions begin with Response, and these with {root.tag}.")
    _known(root)
    return tuple(_verb(one, at) for one in root)


def _verb(one: ElementTree.Element, at: str) -> Verb:
    _known(one)
    match one.tag:
        case "Say" | "Pause":
            return _spoken(one)
        case "Gather":
            action = urljoin(at, one.get("action", ""))
            spoken = tuple(_spoken(part) for part in one)
            return Gather(action, spoken, _whole(one, "numDigits", 0), _whole(one, "timeout", 5))
        case "Dial":
            return _dial(one, at)
        case "Redirect":
            return Redirect(urljoin(at, (one.text or "").strip()))
        case "Hangup":
            return Hangup()
    raise Unreadable(f"{one.tag} does not stand alone.")


def _spoken(one: ElementTree.Element) -> Say | Pause:
    _known(one)
    match one.tag:
        case "Say":
            return Say((one.text or "").strip(), one.get("language", ""))
        case "Pause":
            return Pause(_whole(one, "length", 1))
    raise Unreadable(f"{one.tag} is not said.")


def _dial(one: ElementTree.Element, at: str) -> Dial:
    numbers = list(one)
    if len(numbers) != 1 or numbers[0].tag != "Number":
        raise Unreadable("Dial rings one Number here.")
    (number,) = numbers
    _known(number)
    return Dial(
        number=(number.text or "").strip(),
        shown=one.get("callerId", ""),
        action=_address(one, "action", at),
        rings=_whole(one, "timeout", 30),
        told=_address(number, "statusCallback", at),
        machine=_address(number, "amdStatusCallback", at),
    )


def _address(one: ElementTree.Element, name: str, at: str) -> str:
    given = one.get(name, "")
    return urljoin(at, given) if given else ""


def _known(one: ElementTree.Element) -> None:
    allowed = FOLLOWED.get(one.tag)
    if allowed is None:
        raise Unreadable(f"{one.tag} is not followed here.")
    for name, value in one.attrib.items():
        if name not in allowed or value != ONLY.get(name, value):
            raise Unreadable(f'{one.tag} with {name}="{value}" is not followed here.')


def _whole(one: ElementTree.Element, name: str, otherwise: int) -> int:
    value = one.get(name, str(otherwise))
    if not (value.isascii() and value.isdigit() and len(value) <= 4):
        raise Unreadable(f'{one.tag} with {name}="{value}" is not a whole number.')
    return int(value)
