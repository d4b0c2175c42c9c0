"""What every event is made of: its author, its clocks, and the retention classes its words are sealed under.

A field annotated with a retention class (`Words`, `Note`, `Safety`, `Reach`) is sealed under that class's key and
reads as `None` once the key is destroyed; every other field is structure and stays as long as the contact does.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

import msgspec

RetentionClass = Literal["words", "note", "safety", "reach"]
RETENTION_CLASSES: tuple[RetentionClass, ...] = ("words", "note", "safety", "reach")

Words = Annotated[str | None, msgspec.Meta(title="words")]
Note = Annotated[str | None, msgspec.Meta(title="note")]
NoteFields = Annotated[dict[str, str] | None, msgspec.Meta(title="note")]
Safety = Annotated[str | None, msgspec.Meta(title="safety")]
SafetyList = Annotated[tuple[str, ...] | None, msgspec.Meta(title="safety")]
Reach = Annotated[str | None, msgspec.Meta(title="reach")]
ReachFields = Annotated[dict[str, str] | None, msgspec.Meta(title="reach")]

Role = Literal["person", "supporter", "lead", "supervisor", "manager", "interpreter", "service"]
Line = Literal["person", "supporter"]


class By(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who did it. `id` names an account and is never shown to the person; `name` is the shown name."""

    role: Role
    id: str = ""
    name: str = ""


SERVICE = By("service")
PERSON = By("person")


class Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of every kind. `talk` kinds are what the person may see; they have their own dense numbers."""

    kind: ClassVar[str]
    v: ClassVar[int] = 1
    talk: ClassVar[bool] = False


class Clock(msgspec.Struct, frozen=True):
    """A running clock: what is due, and when. Set once by the event that starts it, never recomputed.

    `kind` says what happens when it fires; `of` ties it to an offer, an alert, a rung or an attempt.
    """

    kind: str
    of: str
    due: datetime
