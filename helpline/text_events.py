"""What can happen to a text on its way to somebody's phone, and what their phone tells us besides words.

What was said is in `said` and `told`; these say how it travelled. A long text goes in parts, each a text of its own.
Intent comes before the deed: `text_trying` is durable before the carrier hears of it, so that after a crash it is
known which text may have gone and must be looked for before it is sent again.
"""

from datetime import datetime

from helpline.event_shape import Body, Reach, Words


class NumberGiven(Body, frozen=True, omit_defaults=True):
    """The number they text from, in E.164."""

    kind = "number_given"
    number: Reach = None


class TextTrying(Body, frozen=True, omit_defaults=True):
    """Part `part` of `parts` of the words at seq `of` is about to be handed over, for the `tries`th time."""

    kind = "text_trying"
    of: int
    part: int
    parts: int
    tries: int
    words: Words = None


class TextTaken(Body, frozen=True, omit_defaults=True):
    """The carrier has it and calls it `sid`. Whether it arrives is not known yet."""

    kind = "text_taken"
    of: int
    part: int
    sid: str
    segments: int = 0


class TextHeld(Body, frozen=True, omit_defaults=True):
    """It was not taken, or did not arrive. Tried again at `again_at`; without one it is given up.

    `why` is `refused` or `undelivered` with the carrier's `code`, or `silent` when the carrier was not heard: with
    `unknown` it may have been taken all the same, and is looked for first. `landline`: it would be read aloud.
    `withdrawn`: its words were taken back before it went.
    """

    kind = "text_held"
    of: int
    part: int
    why: str
    code: int = 0
    unknown: bool = False
    again_at: datetime | None = None


class TextStatus(Body, frozen=True, omit_defaults=True):
    """What the carrier says became of a text."""

    kind = "text_status"
    sid: str
    status: str
    code: int = 0


class OptedOut(Body, frozen=True, omit_defaults=True):
    """A word such as STOP or END closed their phone to our texts (`on`), or START opened it again."""

    kind = "opted_out"
    on: bool


class PictureSent(Body, frozen=True, omit_defaults=True):
    """They sent pictures or other media. Counted, never opened."""

    kind = "picture_sent"
    count: int


class LineKnown(Body, frozen=True, omit_defaults=True):
    """What kind of line their number is, asked of the carrier before the first text to it: `mobile`, `landline`,
    `voip` or `unknown`. `word` when what they write from is no number: it can be read and not answered by text."""

    kind = "line_known"
    line: str


class LanguageAsked(Body, frozen=True, omit_defaults=True):
    """They named a language of the service in a text of its own: they are answered in it from here on."""

    kind = "language_asked"
    language: str
