"""What a book is made of: small documents, each replaced as a whole by a change that holds it before and after."""

from typing import Any, Generic, Self, TypeVar

import msgspec

_Thing = TypeVar("_Thing")


class Change(msgspec.Struct, Generic[_Thing], frozen=True, kw_only=True, omit_defaults=True):
    """One document replaced. `before` or `after` None means there is none."""

    id: str
    before: _Thing | None = None
    after: _Thing | None = None

    @property
    def turned(self) -> Self:
        """The same change backwards."""
        return type(self)(id=self.id, before=self.after, after=self.before)


class Moved(Exception):
    """A change no longer fits: what it found is not what is there."""

    def __init__(self, change: Change[Any]) -> None:
        super().__init__(change.id)
        self.change = change


def put(shelf: dict[Any, Any], id: Any, thing: Any) -> None:
    """Put a document on a shelf, or take it off when there is none any more."""
    if thing is None:
        shelf.pop(id, None)
    else:
        shelf[id] = thing
