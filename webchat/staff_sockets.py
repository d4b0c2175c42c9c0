"""What `/desk` and `/board` have in common: opened by a signed-in session, and every call held to the roles table."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from aiohttp import web

from helpline.errors import NotSignedIn
from helpline.people import Principal
from helpline.permissions import Place, require
from helpline.service import Helpline
from helpline.sessions import Session, Sessions
from helpline.settings import Settings
from webchat.engine import Caller
from webchat.security import STAFF_COOKIE, cookie_name
from webchat.sockets import Limits, Namespace

if TYPE_CHECKING:
    from webchat.announcing import Announcing


class StaffNamespace(Namespace):
    """A namespace whose callers have signed in. `place` is its part of `helpline.permissions.MAY`."""

    place: ClassVar[Place]

    def __init__(self, name: str, helpline: Helpline, settings: Settings, sessions: Sessions) -> None:
        super().__init__(name, Limits.of(settings))
        self.helpline = helpline
        self.announcing: Announcing
        self.sessions = sessions
        self._cookie = cookie_name(settings, STAFF_COOKIE)

    async def admit(self, caller: Caller, environ: Mapping[str, Any], auth: Any) -> None:
        """`NotSignedIn` without a session that is still open, `NotAllowed` for a role with no business here."""
        request: web.Request = environ["aiohttp.request"]
        session = await self.sessions.find(request.cookies.get(self._cookie, ""))
        who = self.sessions.principal(session) if session is not None else None
        if session is None or who is None:
            raise NotSignedIn
        require(who.roles, self.place, "connect")
        await self.sessions.touch(session)
        caller.session = session
        self.enter(caller, staff_room(who.id))

    def came(self, caller: Caller) -> None:
        """A page of theirs is open: they count as here."""
        account = self.account(caller)
        self.helpline.supporter_connected(account)
        self.announcing.presence_changed(account)

    def gone(self, caller: Caller) -> None:
        account = self.account(caller)
        self.helpline.supporter_disconnected(account)
        self.announcing.presence_changed(account)

    def who(self, caller: Caller) -> Principal:
        """Whose socket this is, by the session and the account as they are now."""
        who = self.sessions.principal(caller.session) if caller.session is not None else None
        if who is None:
            raise NotSignedIn
        return who

    def account(self, caller: Caller) -> str:
        """The account a socket was opened by, even if its session has ended since."""
        return caller.session.account if caller.session is not None else ""

    def permit(self, caller: Caller, call: str) -> None:
        try:
            require(self.who(caller).roles, self.place, call)
        except NotSignedIn:
            self.drop(caller)
            raise

    def opened_by(self, sessions: Iterable[str]) -> list[Caller]:
        """The sockets that were opened with one of these sessions (ids)."""
        wanted = frozenset(sessions)
        return [
            caller
            for caller in self.callers.values()
            if caller.session is not None and caller.session.id in wanted
        ]

    def close_sessions(self, sessions: Iterable[str]) -> None:
        """Close the sockets of sessions that have ended."""
        for caller in self.opened_by(sessions):
            self.drop(caller)

    def open_sessions(self) -> list[Session]:
        """The sessions that have a page open here."""
        return [caller.session for caller in self.callers.values() if caller.session is not None]


def staff_room(account: str) -> str:
    """Every tab of one account."""
    return f"staff:{account}"
