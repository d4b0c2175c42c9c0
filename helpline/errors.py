"""One tree of errors. Each knows what a client should do next and which HTTP status says the same.

`retry` is `no` (asking again changes nothing), `same_id` (the outcome may be unknown: ask again with the same
`client_id` and it is settled) or `later` (nothing was kept; try again in a while).
"""

from typing import ClassVar, Literal

Retry = Literal["no", "same_id", "later"]


class HelplineError(Exception):
    """Base of everything the service refuses on purpose. `message` is fit to show to whoever asked."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    retry: ClassVar[Retry] = "no"
    message: str = "That could not be done."

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)

    def on_the_wire(self) -> dict[str, dict[str, str]]:
        """The one shape an error has on a socket or in JSON: `{"error": {"code", "message", "retry"}}`."""
        return {"error": {"code": self.code, "message": self.message, "retry": self.retry}}


class BadRequest(HelplineError):
    code = "bad_request"
    message = "That was not understood. Please check it and try again."


class TooLong(HelplineError):
    code = "too_long"
    status = 413
    message = "That message is longer than 4,000 characters. Please send it in smaller parts."


class NotSignedIn(HelplineError):
    code = "not_signed_in"
    status = 401
    message = "Please sign in first."


class NoSession(HelplineError):
    code = "no_session"
    status = 401
    message = "This page has lost its place. Please open the chat again."


class NotAllowed(HelplineError):
    code = "not_allowed"
    status = 403
    message = "Your role does not allow that."


class NotFound(HelplineError):
    code = "not_found"
    status = 404
    message = "There is nothing here by that name."


class ClientIdReused(HelplineError):
    code = "client_id_reused"
    status = 409
    message = "That id was already used for something else. Please send it again as new."


class OfferGone(HelplineError):
    code = "offer_gone"
    status = 409
    message = "Somebody else is with them, or the offer has passed."


class NotNow(HelplineError):
    """A command that does not fit what has happened to the contact in the meantime."""

    code = "not_now"
    status = 409
    message = "Things have moved on. Please look again."


class Objected(NotNow):
    """A rule of the rota stands against it. With `may_insist` all of them are warnings that may be accepted."""

    code = "objected"

    def __init__(self, message: str, *, may_insist: bool) -> None:
        super().__init__(message)
        self.may_insist = may_insist


class StillOnTheLadder(NotNow):
    """A lead goes while somebody is at rung 2 or above: they may, with a reason. The message names who is there."""

    code = "on_the_ladder"


class NoteMoved(HelplineError):
    """Somebody else changed the note. Both sides are in the answer so that nothing is lost."""

    code = "note_moved"
    status = 409
    message = "The note was changed elsewhere. Both versions are shown."

    def __init__(self, version: int, fields: dict[str, str]) -> None:
        super().__init__()
        self.version = version
        self.fields = fields


class TooMany(HelplineError):
    code = "too_many"
    status = 429
    retry = "later"
    message = "That was a lot at once. Please wait a moment."


class NotSaved(HelplineError):
    """The write was not confirmed in time. It may or may not have been kept: the same id settles it."""

    code = "not_saved"
    status = 503
    retry = "same_id"
    message = "Not saved yet. It will be sent again."


class StoreFull(NotSaved):
    """The disk or the file's page limit is exhausted. Reads go on."""

    message = "Not saved: the service is out of space. It will be sent again."


class Conflict(HelplineError):
    """An append expected another `seq`. Never leaves the core: the command reloads and decides again."""

    code = "conflict"
    status = 409
    retry = "same_id"
    message = "Somebody else was faster. Trying again."


class ClaimTaken(HelplineError):
    """A claim of the record is already held; `log` and `seq` say by which event."""

    code = "claim_taken"
    status = 409

    def __init__(self, claim: bytes, log: str, seq: int) -> None:
        super().__init__()
        self.claim, self.log, self.seq = claim, log, seq


class StoreBusy(HelplineError):
    """A second process tried to open data that another one owns."""

    code = "store_busy"
    status = 503
    message = "Another process already has this data open."


class KeyMissing(HelplineError):
    """Data without its service key. A new key is never made for old data."""

    code = "key_missing"
    status = 503
    message = "The key that opens this data is missing."
