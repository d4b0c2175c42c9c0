"""What a carrier's error code means for the person, in plain words, and what follows from it.

Codes: the error dictionary Twilio publishes.
"""

from typing import Literal

import msgspec

Next = Literal["stop", "again", "once_more", "other_way"]
TRIES = 3


class Meaning(msgspec.Struct, frozen=True):
    """`then` is what a human can do. `next`: `stop` sending here, try `again` up to three times, `once_more`, or ask for an `other_way` to reach them.

    `alert`: the supporter and the lead are told at once. `opted_out`: their phone takes no text of ours any more.
    """

    words: str
    then: str
    next: Next
    alert: bool = True
    opted_out: bool = False


_CALL = "Offer to ring them."
_UNKNOWN = Meaning("The text could not be sent.", _CALL, "stop")
_MEANINGS: dict[int, Meaning] = {
    21610: Meaning(
        "They sent STOP or END, so their phone takes no texts from us.",
        "They can text START to undo it. Ring them if they agreed to a call.",
        "stop",
        opted_out=True,
    ),
    21211: Meaning("That is not a phone number texts can go to.", _CALL, "stop"),
    21408: Meaning("We may not send texts to that country.", _CALL, "stop"),
    21612: Meaning("No text can get from our number to theirs.", _CALL, "other_way"),
    21614: Meaning("That is not a mobile number.", _CALL, "other_way"),
    21617: Meaning("The text was too long for the carrier.", "Send it in shorter parts.", "stop"),
    30001: Meaning("The carrier's queue is full.", "Ring them if it cannot wait.", "again", alert=False),
    30002: Meaning("The helpline's account with the carrier is suspended.", "Tell the manager now.", "stop"),
    30003: Meaning(
        "Their phone is off or out of reach.", "Ring them if you fear for them.", "again"
    ),
    30004: Meaning("Their network blocks our texts.", _CALL, "other_way"),
    30005: Meaning("Nobody has that number, or it is out of use.", _CALL, "stop"),
    30006: Meaning("It is a landline, or a network that takes no texts.", _CALL, "other_way"),
    30007: Meaning("Their network took the text for advertising.", _CALL, "other_way"),
    30008: Meaning("The text was lost on the way, nobody says why.", "Send it again, or ring them.", "once_more"),
}  # fmt: skip


def meaning(code: int) -> Meaning:
    """What `code` means. One we do not know stops and alerts, for silence would be the worst reading."""
    return _MEANINGS.get(code, _UNKNOWN)


def in_plain_words() -> dict[str, dict[str, str]]:
    """`{code: {words, then}}` for a screen; what is under `""` goes for every other code."""
    known = {str(code): means for code, means in _MEANINGS.items()}
    return {
        code: {"words": means.words, "then": means.then} for code, means in ({"": _UNKNOWN} | known).items()
    }


def tried_enough(code: int, tries: int) -> bool:
    """Whether after `tries` of a text that ended with `code` there is no further one."""
    most = {"again": TRIES, "once_more": 2}.get(meaning(code).next, 1)
    return tries >= most
