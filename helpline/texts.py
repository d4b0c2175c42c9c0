"""How a contact's texts stand: which are still to go, which are on their way, and whether their phone takes any.

Part of the contact's fold; holds no words. The order of `sending` is the order of what was said, and only its first
is ever tried, so that what arrives is in order as far as we have a hand in it.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from helpline.events import ChoiceAsked, Corrected, Event, Said, Told, Withdrawn
from helpline.text_events import (
    LanguageAsked,
    LineKnown,
    NumberGiven,
    OptedOut,
    TextHeld,
    TextStatus,
    TextTaken,
    TextTrying,
)

if TYPE_CHECKING:
    from helpline.contact import Contact

# Delivered is the end of a text, and so is its failure; older ones are in the log.
MOST_ON_THE_WAY = 50
_OVER = frozenset({"delivered", "read"})
# Their phone would read a text aloud to the house, or there is nothing to send one to.
NOT_BY_TEXT = frozenset({"landline", "word"})
# What is put to them in words. A correction goes as another text: what has arrived cannot be taken back.
SENT_AS_TEXT = frozenset({Said, Corrected, Told, ChoiceAsked})


class Sending(msgspec.Struct, frozen=True):
    """The words at seq `of` that are to go, from part `part` to `last` (0: not parted yet).

    `trying`: handed over, or about to be, and no word of it since; looked for before it is tried again.
    """

    of: int
    part: int = 1
    last: int = 0
    tries: int = 0
    trying: bool = False
    tried_at: datetime | None = None
    again_at: datetime | None = None


class OnTheWay(msgspec.Struct, frozen=True):
    """A text the carrier has taken and that is not known to have arrived, or did not (`failed`, with its code)."""

    sid: str
    of: int
    part: int
    tries: int
    status: str = ""
    code: int = 0


class Texts(msgspec.Struct, frozen=True):
    """`reachable`: they have a number. `given_up`: seqs of words that did not go and will not by themselves.
    `line`: what kind of line it is (`LineKnown`), empty while nobody has asked. `corrections`: of which seq each
    correction is. `taken_back`: seqs of words that were, with their corrections: no text of them goes any more.
    """

    reachable: bool = False
    line: str = ""
    opted_out: bool = False
    sending: tuple[Sending, ...] = ()
    on_the_way: tuple[OnTheWay, ...] = ()
    given_up: tuple[int, ...] = ()
    corrections: tuple[tuple[int, int], ...] = ()
    taken_back: tuple[int, ...] = ()

    @property
    def next(self) -> Sending | None:
        """The one to try."""
        return self.sending[0] if self.sending and not self.opted_out else None

    @property
    def unanswerable(self) -> bool:
        """They can write to us, and no text of ours may go to them."""
        return self.line in NOT_BY_TEXT

    def way_of(self, sid: str) -> OnTheWay | None:
        return next((one for one in self.on_the_way if one.sid == sid), None)


def _at(c: "Contact", of: int, part: int) -> Sending | None:
    return next((one for one in c.texts.sending if (one.of, one.part) == (of, part)), None)


def to_send(c: "Contact", event: Event, to: dict[str, Any]) -> None:
    """Words of ours to somebody who texts: they are to go, and taken back before they went they are not."""
    texts, body = to.get("texts", c.texts), event.body
    if isinstance(body, Withdrawn):
        back = {body.of, *(correction for correction, of in texts.corrections if of == body.of)}
        still = tuple(one for one in texts.sending if one.of not in back or one.trying)
        taken_back = (*texts.taken_back, *sorted(back - {*texts.taken_back}))[-MOST_ON_THE_WAY:]
        to["texts"] = msgspec.structs.replace(texts, sending=still, taken_back=taken_back)
    elif type(body) in SENT_AS_TEXT and event.by.role != "person":
        if isinstance(body, Corrected):
            corrections = (*texts.corrections, (event.seq, body.of))[-MOST_ON_THE_WAY:]
            texts = msgspec.structs.replace(texts, corrections=corrections)
            if body.of in texts.taken_back:
                to["texts"] = texts
                return
        to["texts"] = msgspec.structs.replace(texts, sending=(*texts.sending, Sending(event.seq)))


def _number_given(c: "Contact", event: Event, body: NumberGiven, to: dict[str, Any]) -> None:
    to["texts"] = msgspec.structs.replace(c.texts, reachable=True)


def _trying(c: "Contact", event: Event, body: TextTrying, to: dict[str, Any]) -> None:
    before = _at(c, body.of, body.part) or Sending(body.of, body.part)
    rest = [one for one in c.texts.sending if one is not before]
    now = msgspec.structs.replace(
        before,
        part=body.part,
        last=before.last or body.parts,
        tries=body.tries,
        trying=True,
        tried_at=event.at,
        again_at=None,
    )
    to["texts"] = msgspec.structs.replace(c.texts, sending=(now, *rest))


def _taken(c: "Contact", event: Event, body: TextTaken, to: dict[str, Any]) -> None:
    first = _at(c, body.of, body.part)
    tries = first.tries if first is not None else 1
    way = (*c.texts.on_the_way, OnTheWay(body.sid, body.of, body.part, tries))[-MOST_ON_THE_WAY:]
    left = [one for one in c.texts.sending if one is not first]
    if first is not None and body.part < first.last and body.of not in c.texts.taken_back:
        left = [Sending(body.of, body.part + 1, first.last), *left]
    to["texts"] = msgspec.structs.replace(c.texts, sending=tuple(left), on_the_way=way)


def _held(c: "Contact", event: Event, body: TextHeld, to: dict[str, Any]) -> None:
    way = tuple(one for one in c.texts.on_the_way if (one.of, one.part) != (body.of, body.part))
    before = _at(c, body.of, body.part)
    gone = next((one for one in c.texts.on_the_way if (one.of, one.part) == (body.of, body.part)), None)
    rest = tuple(one for one in c.texts.sending if one is not before)
    if body.of in c.texts.taken_back and not body.unknown:
        to["texts"] = msgspec.structs.replace(c.texts, sending=rest, on_the_way=way)
        return
    if body.again_at is None:
        given_up = (*(of for of in c.texts.given_up if of != body.of), body.of)[-MOST_ON_THE_WAY:]
        to["texts"] = msgspec.structs.replace(c.texts, sending=rest, on_the_way=way, given_up=given_up)
        return
    again = msgspec.structs.replace(
        before or Sending(body.of, body.part, body.part, gone.tries if gone else 1),
        trying=body.unknown,
        again_at=body.again_at,
    )
    to["texts"] = msgspec.structs.replace(c.texts, sending=(again, *rest), on_the_way=way)


def _status(c: "Contact", event: Event, body: TextStatus, to: dict[str, Any]) -> None:
    way = tuple(
        msgspec.structs.replace(one, status=body.status, code=body.code) if one.sid == body.sid else one
        for one in c.texts.on_the_way
        if one.sid != body.sid or body.status not in _OVER
    )
    to["texts"] = msgspec.structs.replace(c.texts, on_the_way=way)


def _opted_out(c: "Contact", event: Event, body: OptedOut, to: dict[str, Any]) -> None:
    to["texts"] = msgspec.structs.replace(c.texts, opted_out=body.on)


def _line_known(c: "Contact", event: Event, body: LineKnown, to: dict[str, Any]) -> None:
    to["texts"] = msgspec.structs.replace(c.texts, line=body.line)


def _language_asked(c: "Contact", event: Event, body: LanguageAsked, to: dict[str, Any]) -> None:
    """One we had only assumed gives way to it; those they chose themselves stay behind it."""
    assumed = c.speaks == (c.language,)
    others = () if assumed else tuple(tag for tag in c.speaks if tag != body.language)
    to |= {"language": body.language, "speaks": (body.language, *others)}


TEXTS: dict[type[Any], Any] = {
    NumberGiven: _number_given,
    TextTrying: _trying,
    TextTaken: _taken,
    TextHeld: _held,
    TextStatus: _status,
    OptedOut: _opted_out,
    LineKnown: _line_known,
    LanguageAsked: _language_asked,
}
"""What the events of a text change in a contact."""
