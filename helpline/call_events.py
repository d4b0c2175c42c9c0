"""What can happen to a request to be rung back, and to a call on its way.

That it was asked for is `call_me`; these say when they may be rung, who saw the number, and how each try went. A call
through the carrier is intended (`call_placing`) before the carrier hears of it: after a crash nobody is rung again
unless somebody presses again.
"""

from datetime import datetime

from helpline.event_shape import Body, Clock, Note


class CallWindow(Body, frozen=True, omit_defaults=True):
    """They may be rung from `begins_at` up to but not including `ends_at`, and at no other time.

    `soonest`: they asked for as soon as can be, and these are the hours in which that is.
    """

    kind = "call_window"
    begins_at: datetime
    ends_at: datetime
    soonest: bool = False
    clocks: tuple[Clock, ...] = ()


class CallDue(Body, frozen=True, omit_defaults=True):
    """Their time has begun: they wait for somebody to ring them."""

    kind = "call_due"
    late_seconds: int = 0
    clocks: tuple[Clock, ...] = ()


class CallUnkept(Body, frozen=True, omit_defaults=True):
    """Their time is over and nobody reached them. They are told so, and the lead has it."""

    kind = "call_unkept"
    late_seconds: int = 0


class NumberShown(Body, frozen=True, omit_defaults=True):
    """The number was shown to somebody, to ring them by hand."""

    kind = "number_shown"
    client_id: str = ""
    digest: str = ""


class NumberRevealed(Body, frozen=True, omit_defaults=True):
    """A lead looked at their number, with a reason. Somebody else who leads has the notice of it."""

    kind = "number_revealed"
    reason: Note = None
    client_id: str = ""
    digest: str = ""


class CallPlacing(Body, frozen=True, omit_defaults=True):
    """A bridged call is about to be asked of the carrier: it rings the supporter first. `call` is our name for it."""

    kind = "call_placing"
    call: str
    client_id: str = ""
    digest: str = ""


class CallPlaced(Body, frozen=True, omit_defaults=True):
    """The carrier has it, and calls it `sid`."""

    kind = "call_placed"
    call: str
    sid: str


class CallEnded(Body, frozen=True, omit_defaults=True):
    """How a bridged call ended, in the carrier's words; `seconds` of talk.

    `outcome` is `completed`, `busy`, `no-answer`, `failed`, `canceled`, `not-taken` (the supporter pressed nothing),
    or ours: `refused`, `silent` (the carrier had not been heard lately, and nothing was tried), and `unknown` when we
    do not know whether it rang.
    """

    kind = "call_ended"
    call: str
    outcome: str
    seconds: int = 0


class CallMade(Body, frozen=True, omit_defaults=True):
    """How a try went, as the supporter pressed it.

    `outcome` is `talked`, `no_answer`, `engaged`, `voicemail`, `wrong_number` or `not_again` (they asked not to be
    rung). `last`: no further try follows by itself.
    """

    kind = "call_made"
    outcome: str
    last: bool = False
    client_id: str = ""
    digest: str = ""


class CallMachine(Body, frozen=True, omit_defaults=True):
    """The carrier takes what answered a bridged call for a machine. It may be a person."""

    kind = "call_machine"
    call: str


class MissedText(Body, frozen=True, omit_defaults=True):
    """Nobody reached them, no further try follows, and they said texts are safe: one neutral text is to go."""

    kind = "missed_text"


class LineRung(Body, frozen=True, omit_defaults=True):
    """They rang the helpline's number. `pressed`: they pressed 1 to be rung back; else they hung up, or pressed nothing.

    `hidden`: their number was withheld, and there is nothing to ring.
    """

    kind = "line_rung"
    pressed: bool = False
    hidden: bool = False
    client_id: str = ""
    digest: str = ""


class CallWithdrawn(Body, frozen=True, omit_defaults=True):
    """They do not want to be rung after all."""

    kind = "call_withdrawn"
    client_id: str = ""
    digest: str = ""
