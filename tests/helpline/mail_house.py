"""A real mail server in the test's own event loop, that can be told to misbehave as real ones do."""

import asyncio
import ssl
import warnings
from collections.abc import Iterable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from helpline.mail import MailServer
from tests.certificates import Authority

USER = "rota@example.org"
PASSWORD = "a password made up for this test"


class MailHouse:
    """Takes letters for anybody. `answers` are given to the next letters in place of taking them, one each.

    An answer is what the server says ("451 later"), "drop" (it hangs up without a word) or "hang" (it never answers).
    `at` says to which command: RCPT or DATA.
    """

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, whole: bool = False, login: bool = False
    ) -> None:
        self.letters: list[EmailMessage] = []
        self.answers: list[str] = []
        self.at = "DATA"
        self.connections = 0
        self.logged_in: list[str] = []
        self.arrived = asyncio.Event()
        self._tls, self._whole, self._login = tls, whole, login
        self._lines: set[SMTP] = set()
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> "MailHouse":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._line, "127.0.0.1", self.port, ssl=self._tls if self._whole else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Gone; opening it again gives it the same port."""
        if self._server is not None:
            self._server.close()
            for line in self._lines:
                _cut(line)
            self._lines.clear()
            await self._server.wait_closed()

    def settings(self, **other: Any) -> MailServer:
        tls = "none" if self._tls is None else "whole" if self._whole else "starttls"
        login = {"username": USER, "password": PASSWORD} if self._login else {}
        told = {"host": "127.0.0.1", "port": self.port, "tls": tls, "sender": USER, **login, **other}
        return MailServer(**told)

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for letter in self.letters if letter["To"] == address]

    def ids(self) -> list[str]:
        return [str(letter["Message-ID"]) for letter in self.letters]

    def _line(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            # It does not know that all of the line is under TLS already.
            warnings.simplefilter("ignore")
            line = SMTP(
                self,
                hostname="mail.example.org",
                loop=asyncio.get_running_loop(),
                tls_context=None if self._whole else self._tls,
                require_starttls=self._tls is not None and not self._whole,
                auth_required=self._login,
                auth_require_tls=not self._whole and self._login,
                authenticator=self._let_in,
            )
        self._lines.add(line)
        return line

    def _let_in(self, _s: Any, _session: Any, _e: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
        right = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        if right:
            self.logged_in.append(given.login.decode())
        return AuthResult(success=right, handled=right)

    async def handle_RCPT(
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Iterable[str]
    ) -> str:
        if self.at == "RCPT" and self.answers and (answer := await self._misbehave(server)):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        taken = BytesParser(policy=default).parsebytes(envelope.content)
        assert isinstance(taken, EmailMessage)
        assert envelope.rcpt_tos == [taken["To"]]
        if self.at == "DATA" and self.answers:
            # One that takes a letter and hangs up before it says so: the sender cannot know.
            if self.answers[0] == "take and drop":
                self.letters.append(taken)
            if answer := await self._misbehave(server):
                return answer
        self.letters.append(taken)
        self.arrived.set()
        return "250 OK"

    async def _misbehave(self, server: SMTP) -> str:
        answer = self.answers.pop(0)
        if answer.endswith("drop"):
            _cut(server)
            await asyncio.Event().wait()
        if answer == "hang":
            self.arrived.set()
            await asyncio.Event().wait()
        return answer


def _cut(line: SMTP) -> None:
    if isinstance(line.transport, asyncio.WriteTransport):
        line.transport.abort()


def certificate(folder: Path, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate of this test's own: the server's side, and the side of a client that trusts it."""
    authority = Authority(folder, (name,))
    return authority.served, authority.trust
