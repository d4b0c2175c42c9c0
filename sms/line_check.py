"""`helpline doctor --carrier FILE`: whether the phone line is set up, as the carrier itself has it.

Everything is asked through the client that texts go through. Nothing is changed, and no text is sent.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpline.definition import Definition
from helpline.errors import BadRequest
from sms import voice
from sms.carrier import Refused, Unreachable
from sms.credentials import read_credentials
from sms.twilio_carrier import Credentials, TwilioCarrier, Webhooks

TEXTS, FALLBACK, CALLS, CALLS_OVER = "/hooks/sms", "/hooks/sms/fallback", "/hooks/voice", "/hooks/voice/over"
NOT_LET_IN = (401, 403)
Seen = dict[str, Any]


async def line_checked(file: Path, definition: Definition, public: str) -> list[Seen]:
    """`[{what, well, say}]`, as `helpline doctor` prints it. `public` is our address as the carrier calls it."""
    try:
        own, _ = read_credentials(file, definition.country)
    except BadRequest as wrong:
        return [_seen("carrier", wrong.message, well=False)]
    carrier = TwilioCarrier(own, status_url=f"{public}{TEXTS}/status")
    try:
        asked = await _asked(carrier, own, public)
        return [_address(public), *asked, _region(own), *_voices(definition)]
    finally:
        await carrier.close()


async def _asked(carrier: TwilioCarrier, own: Credentials, public: str) -> list[Seen]:
    try:
        number = await carrier.own_number()
    except Unreachable as lost:
        return [_seen("carrier", f"not heard ({lost.why}): is this machine on the internet?", well=False)]
    except Refused as no:
        return [_refused(no)]
    found = [_seen("carrier", "knows the API key")]
    if number is None:
        mend = "write one of its own into the file, or buy it there"
        return [*found, _seen("number", f"{own.number} is none of this account's: {mend}", well=False)]
    found += _number(own, number)
    texts: Webhooks | None = number
    if own.service:
        try:
            texts = await carrier.own_service() or number
            found.append(_seen("service", "the messaging service is there"))
        except Unreachable as lost:
            found.append(_seen("service", f"not heard ({lost.why})", well=False))
            texts = None
        except Refused:
            mend = "write the id of one of this account's, or leave service out"
            found.append(_seen("service", f"there is no messaging service {own.service}: {mend}", well=False))
            texts = None
    if texts is not None:
        found += _webhooks(texts, public)
    return [*found, *_calls(number, public), _opt_out(own)]


def _refused(no: Refused) -> Seen:
    if no.status in NOT_LET_IN:
        say = "does not know the API key: make one in the console, for this account and this region"
    else:
        say = f"refuses to show the account's numbers (code {no.code}): the API key may not read them"
    return _seen("carrier", say, well=False)


def _number(own: Credentials, number: Webhooks) -> Iterator[Seen]:
    missing = [what for what, can in (("texts", number.does_texts), ("calls", number.does_calls)) if not can]
    if missing:
        yield _seen("number", f"{own.number} cannot do {' and '.join(missing)}: buy one that can", well=False)
    else:
        yield _seen("number", f"{own.number} is this account's and does texts and calls")
    if number.by_application:
        mend = "take it off the number, so that the webhook counts"
        yield _seen("number", f"an application decides where its texts go: {mend}", well=False)


def _webhooks(texts: Webhooks, public: str) -> Iterator[Seen]:
    yield _set("texts come", texts.texts, f"{public}{TEXTS}")
    yield _set("fallback", texts.texts_fallback, f"{public}{FALLBACK}")


def _calls(number: Webhooks, public: str) -> Iterator[Seen]:
    yield _set("calls come", number.calls, f"{public}{CALLS}")
    # Without it nobody hears of who hung up before pressing a key.
    yield _set("calls end", number.calls_over, f"{public}{CALLS_OVER}")


def _voices(definition: Definition) -> Iterator[Seen]:
    """In which of its languages the line can speak: nothing to mend, and to be known before it is promised."""
    if "call" not in definition.channels:
        return
    silent = ", ".join(voice.without_voice(definition))
    if silent:
        yield _seen("voices", f"the carrier has none for {silent}: who rings hears the other languages")
    else:
        yield _seen("voices", "one for every language of the service")


def _set(what: str, is_set: str, wanted: str) -> Seen:
    if is_set.rstrip("/") == wanted:
        return _seen(what, f"to {wanted}")
    now = f"to {is_set}" if is_set else "nowhere"
    return _seen(what, f"{now}: in the console set POST {wanted}", well=False)


def _address(public: str) -> Seen:
    if public.startswith("https://"):
        return _seen("address", public)
    return _seen(
        "address", f"{public} is not reached from outside: say --public-origin https://…", well=False
    )


def _opt_out(own: Credentials) -> Seen:
    """The carrier tells nobody by its API how it answers STOP and HELP: said is what to look at."""
    where = "the messaging service, under Opt-Out Management" if own.service else "the number"
    return _seen("opt-out", f"cannot be asked for: see in the console that STOP and START are on for {where}")


def _region(own: Credentials) -> Seen:
    if own.region and not own.edge:
        return _seen("region", f"{own.region} needs its edge too: dublin for ie1, sydney for au1", well=False)
    if not own.region:
        return _seen("region", "none said, so texts are handled in the United States; ie1 is in Ireland")
    return _seen("region", f"{own.region} by {own.edge}; the API key must be one of that region")


def _seen(what: str, say: str, *, well: bool = True) -> Seen:
    return {"what": what, "well": well, "say": say}
