"""What the page of pretend phones shows, from the network as it stands."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import phonenumbers

from sms.carrier import ARRIVED, NOT_SENT, Kept
from sms.pretend import HANDSETS, OURS, Handset, PretendPhone
from sms.switchboard import Leg, Past

# Nobody reads further back on a phone.
MOST_SHOWN = 100
ENDED = {"missed": "Missed call", "rejected": "Call not taken", "failed": "The call broke off"}


class Shown(msgspec.Struct, frozen=True):
    """One text as a handset shows it. `state` is in words; `lost` when it is not on the phone."""

    sid: str
    text: str
    theirs: bool
    at: str
    state: str
    lost: bool = False


class Rang(msgspec.Struct, frozen=True):
    """A call that is over, in words."""

    sid: str
    at: str
    words: str


class Phones:
    """`phone` as a page draws it, in the wall time of `zone`."""

    def __init__(self, phone: PretendPhone, zone: str, now: Callable[[], datetime]) -> None:
        self._phone, self._zone, self._now = phone, ZoneInfo(zone), now

    def shown(self) -> dict[str, Any]:
        """The line, the phones of whoever reaches out, those of who is on shift, and which of them ring."""
        handsets = [self._handset(place, held) for place, held in placed(self._phone).items()]
        return {
            "down": self._phone.down,
            "ours": written(OURS),
            "handsets": [one for one in handsets if not one["owner"]],
            "staff": [one for one in handsets if one["owner"]],
            "ringing": [one for one in handsets if one["call"] and one["call"]["state"] == "ringing"],
        }

    def _handset(self, place: str, held: Handset) -> dict[str, Any]:
        name = f"{held.owner}'s phone" if held.owner else f"Phone {place}"
        leg = self._phone.calls.legs.get(held.number)
        return {
            "place": place,
            "owner": held.owner,
            "name": name,
            "called": name if held.owner else name.lower(),
            "number": written(held.number),
            "reachable": held.reachable,
            "opted_out": held.opted_out,
            "lines": self._lines(held.number),
            "call": self._call(leg) if leg is not None else None,
        }

    def _lines(self, number: str) -> list[Shown | Rang]:
        """Texts and calls that are over, in the order in which they came."""
        found: list[tuple[datetime, Shown | Rang]] = [
            (one.at, self._text(one))
            for one in self._phone.kept
            if number in (one.to, one.from_) and one.at is not None
        ]
        found += [(one.at, self._rang(one)) for one in self._phone.calls.past if one.number == number]
        return [line for _, line in sorted(found, key=lambda one: one[0])][-MOST_SHOWN:]

    def _call(self, leg: Leg) -> dict[str, Any]:
        return {
            "sid": leg.sid,
            "state": leg.state,
            "machine": leg.machine,
            "shown": written(leg.shown),
            "said": leg.said,
            "since": self._wall(leg.since),
            "seconds": int((self._now() - leg.since).total_seconds()),
        }

    def _rang(self, past: Past) -> Rang:
        words = (
            ENDED.get(past.ended) or f"{'You rang' if past.rang else 'You talked'}, {lasted(past.seconds)}"
        )
        return Rang(past.sid, self._wall(past.at), words)

    def _text(self, one: Kept) -> Shown:
        if one.inbound:
            state = "Waits: the line is down" if one.sid in self._phone.waiting else "Sent"
        elif one.status in NOT_SENT:
            state = "Did not arrive: this phone is off"
        else:
            state = "Arrived" if one.status in ARRIVED else "On its way"
        return Shown(
            sid=one.sid,
            text=one.text or "A picture",
            theirs=one.inbound,
            at=self._wall(one.at) if one.at else "",
            state=state,
            lost=not one.inbound and one.status in NOT_SENT,
        )

    def _wall(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone):%H:%M}"


def placed(phone: PretendPhone) -> dict[str, Handset]:
    """The handsets by the name under which the page's forms know them."""
    theirs = {str(place): phone.handsets[number] for place, number in enumerate(HANDSETS, 1)}
    staff = {held.number.removeprefix("+"): held for held in phone.handsets.values() if held.owner}
    return {**theirs, **staff}


def written(number: str) -> str:
    """A number as people write it: 07700 900301."""
    return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)


def lasted(seconds: int) -> str:
    """1:04"""
    return f"{seconds // 60}:{seconds % 60:02}"
