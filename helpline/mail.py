"""Letters by e-mail: SMTP (RFC 5321) through the service's own mail server, over TLS unless it is this machine."""

import asyncio
import ipaddress
import os
import ssl
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from helpline.errors import BadRequest
from helpline.given import given, secret_in
from helpline.ports import Message, Undelivered

PASSWORD = "HELPLINE_MAIL_PASSWORD"
SCHEMES = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
ANSWERS_WITHIN = 20.0
LONGEST_SEND = 60.0
# 421: the server is closing the connection, whatever was asked (RFC 5321 3.8).
_CLOSING = 421
_FOR_GOOD = 500
_LONGEST_WHY = 200


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """Where letters are handed in, and as whom. `tls` is `starttls`, `whole` (TLS from the first byte) or `none`."""

    host: str
    port: int
    tls: str
    sender: str
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"


def mail_server(
    address: str, sender: str, password_file: Path | None, environ: Mapping[str, str] = os.environ
) -> MailServer | None:
    """What `--mail`, `--mail-from` and `--mail-password-file` say; None without `--mail`.

    `address` is `smtp+starttls://user@host:587`, `smtps://user@host:465` or, on this machine only, `smtp://host:25`.
    The password comes from the file or from HELPLINE_MAIL_PASSWORD. Raises `BadRequest` that names the mend.
    """
    if not address:
        if sender or password_file:
            raise BadRequest("--mail-from and --mail-password-file need --mail smtp+starttls://user@host:587")
        return None
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadRequest("--mail: write it as smtp+starttls://user@host:587") from None
    if parts.password is not None:
        raise BadRequest(
            f"--mail: take the password out, everybody on this machine can read it there: put it in {PASSWORD} "
            "or in a file for --mail-password-file"
        )
    # What was typed may hold a password in the wrong place, so it is not repeated.
    if parts.scheme not in SCHEMES or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadRequest("--mail: write it as smtp+starttls://user@host:587, or smtps://user@host:465")
    if parts.scheme == "smtp" and not _is_here(host):
        raise BadRequest(
            f"--mail smtp://{host}: without TLS only for a mail server on this machine; "
            f"write smtp+starttls://{host} or smtps://{host}"
        )
    return MailServer(
        host=host,
        port=port or SCHEMES[parts.scheme],
        tls={"smtp": "none", "smtp+starttls": "starttls", "smtps": "whole"}[parts.scheme],
        sender=_sender(sender),
        username=(username := unquote(parts.username or "")),
        password=_password(username, password_file, environ),
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _sender(sender: str) -> str:
    if not sender:
        raise BadRequest("--mail-from: say from which address letters come, such as rota@example.org")
    try:
        address = Address(addr_spec=sender)
    except (ValueError, IndexError):
        address = Address()
    if not address.domain or not sender.isascii():
        raise BadRequest(f"--mail-from {sender}: write an address such as rota@example.org")
    return sender


def _password(username: str, file: Path | None, environ: Mapping[str, str]) -> str:
    if not username:
        return ""
    if file is not None:
        return secret_in(file, "--mail-password-file")
    password = given(PASSWORD, environ)
    if not password:
        raise BadRequest(
            f"--mail names the user {username}: put their password in {PASSWORD}, or in a file for --mail-password-file"
        )
    return password


class SmtpMail:
    """`ports.Mail` over one connection, opened when there is something to send and kept until `rest`."""

    def __init__(
        self,
        server: MailServer,
        shown_as: str,
        *,
        trust: ssl.SSLContext | None = None,
        answers_within: float = ANSWERS_WITHIN,
    ) -> None:
        self._server = server
        self._shown_as = shown_as
        self._trust = trust
        self._answers_within = answers_within
        self._line: aiosmtplib.SMTP | None = None

    async def send(self, message: Message) -> None:
        try:
            letter = self._written(message)
        except (ValueError, IndexError):
            raise Undelivered("That is not an e-mail address.", for_good=True, only_this=True) from None
        try:
            async with asyncio.timeout(LONGEST_SEND):
                line = self._line = self._line or await self._connected()
                await line.sendmail(self._server.sender, message.to, letter.as_bytes())
        except BaseException as error:
            refusal = self._refusal(error)
            # Past an answer that is only about this letter the line is as good as before.
            if refusal is None or not refusal.only_this:
                await self._hang_up()
            if refusal is None:
                raise
            raise refusal from None

    async def rest(self) -> None:
        line, self._line = self._line, None
        if line is None:
            return
        try:
            async with asyncio.timeout(self._answers_within):
                await line.quit()
        except (aiosmtplib.SMTPException, OSError):
            line.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        server = self._server
        trust = self._trust
        if trust is None and server.tls != "none":
            trust = await asyncio.to_thread(ssl.create_default_context)
        line = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password or None,
            # Left out, it would be this machine's own name, which is nobody's business.
            local_hostname=Address(addr_spec=server.sender).domain,
            timeout=self._answers_within,
            use_tls=server.tls == "whole",
            start_tls=server.tls == "starttls",
            tls_context=trust,
        )
        try:
            await line.connect()
        except BaseException:
            line.close()
            raise
        return line

    async def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _written(self, message: Message) -> EmailMessage:
        """Plain text, marked so that no out-of-office answers it (RFC 3834). Raises ValueError for no address."""
        sender = Address(addr_spec=self._server.sender)
        to = Address(addr_spec=message.to)
        if not to.domain or not message.to.isascii():
            raise ValueError(message.to)
        letter = EmailMessage(policy=SMTP_POLICY)
        letter["From"] = Address(self._shown_as, addr_spec=self._server.sender)
        letter["To"] = to
        letter["Subject"] = message.subject
        letter["Date"] = format_datetime(message.at)
        letter["Message-ID"] = f"<{message.id}@{sender.domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.text)
        return letter

    def _refusal(self, error: BaseException) -> Undelivered | None:
        """What an error means for this letter and for the others; None when it is none of the mail server's."""
        where = f"{self._server.host}:{self._server.port}"
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
            return _of_letter(error.recipients[0])
        if isinstance(error, aiosmtplib.SMTPDataError):
            return _of_letter(error)
        if isinstance(error, aiosmtplib.SMTPAuthenticationError):
            return Undelivered(f"The mail server {where} does not accept the user or the password.")
        if isinstance(error, aiosmtplib.SMTPSenderRefused):
            return Undelivered(
                f"The mail server {where} takes nothing from {self._server.sender}: {_said(error)}"
            )
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return Undelivered(f"The mail server {where} does not take letters now: {_said(error)}")
        if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return Undelivered(
                f"The mail server {where} cannot be trusted: its certificate does not fit its name."
            )
        if isinstance(error, aiosmtplib.SMTPException) and "STARTTLS" in error.message:
            return Undelivered(f"The mail server {where} does not offer STARTTLS.")
        if isinstance(error, TimeoutError):
            return Undelivered(f"The mail server {where} does not answer.")
        if isinstance(error, aiosmtplib.SMTPException | OSError):
            return Undelivered(f"The mail server {where} cannot be reached, or hung up.")
        return None


def _of_letter(error: aiosmtplib.SMTPResponseException) -> Undelivered:
    return Undelivered(
        f"The mail server said: {_said(error)}",
        for_good=error.code >= _FOR_GOOD,
        only_this=error.code != _CLOSING,
    )


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    return f"{error.code} {' '.join(error.message.split())}"[:_LONGEST_WHY]
