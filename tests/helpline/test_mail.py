"""Handing letters to a real mail server: what is asked of it, and what each of its answers means."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from helpline.errors import BadRequest
from helpline.mail import PASSWORD as VARIABLE
from helpline.mail import MailServer, SmtpMail, mail_server
from helpline.ports import Message, Undelivered
from tests.helpline.mail_house import PASSWORD, USER, MailHouse, certificate

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OpenHouse = Callable[..., Awaitable[MailHouse]]


def letter(id: str = "one", to: str = "ania@example.org") -> Message:
    return Message(
        id, to, "Shift: free Friday 27 November 18:00–22:30", "Shift free. Take it: https://…\n", NOON
    )


@pytest.fixture
async def open_house() -> AsyncIterator[OpenHouse]:
    opened: list[MailHouse] = []

    async def open_one(**how: Any) -> MailHouse:
        opened.append(MailHouse(**how))
        return await opened[-1].open()

    yield open_one
    for house in opened:
        await house.close()


@pytest.fixture
async def house(open_house: OpenHouse) -> MailHouse:
    return await open_house()


def mail_to(house: MailHouse, trust: ssl.SSLContext | None = None, **other: Any) -> SmtpMail:
    return SmtpMail(house.settings(**other), "Shift", trust=trust, answers_within=1.0)


async def refusal(mail: SmtpMail, message: Message | None = None) -> Undelivered:
    with pytest.raises(Undelivered) as refused:
        await mail.send(message or letter())
    return refused.value


# -- what is sent --------------------------------------------------------------------------------------------------


async def test_a_letter_is_plain_text_from_a_discreet_sender_and_marked_as_automatic(
    house: MailHouse,
) -> None:
    mail = mail_to(house)
    await mail.send(letter())
    await mail.rest()
    [taken] = house.letters
    assert taken["From"] == f"Shift <{USER}>"
    assert taken["To"] == "ania@example.org"
    assert taken["Subject"] == "Shift: free Friday 27 November 18:00–22:30"
    assert taken["Message-ID"] == "<one@example.org>"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken["Date"].datetime == NOON
    assert taken.get_content_type() == "text/plain"
    assert taken.get_content().splitlines() == ["Shift free. Take it: https://…"]


async def test_many_letters_go_over_one_connection(house: MailHouse) -> None:
    mail = mail_to(house)
    for n in range(5):
        await mail.send(letter(f"letter-{n}"))
    await mail.rest()
    assert (len(house.letters), house.connections) == (5, 1)


async def test_after_a_rest_the_next_letter_opens_a_connection_of_its_own(house: MailHouse) -> None:
    mail = mail_to(house)
    await mail.send(letter("one"))
    await mail.rest()
    await mail.send(letter("two"))
    await mail.rest()
    assert (len(house.letters), house.connections) == (2, 2)


async def test_what_is_no_address_is_refused_for_good_without_troubling_the_server(house: MailHouse) -> None:
    for to in ("ania", "", "ania@example.org\r\nBcc: all@example.org", "anią@example.org"):
        refused = await refusal(mail_to(house), letter(to=to))
        assert refused.for_good
        assert refused.only_this
    assert house.connections == 0


# -- TLS and signing in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [False, True], ids=["STARTTLS", "TLS from the first byte"])
async def test_it_signs_in_over_tls(open_house: OpenHouse, tmp_path: Path, whole: bool) -> None:
    served, trusted = certificate(tmp_path)
    house = await open_house(tls=served, whole=whole, login=True)
    mail = mail_to(house, trusted)
    await mail.send(letter())
    await mail.rest()
    assert house.logged_in == [USER]
    assert len(house.letters) == 1


async def test_a_certificate_nobody_vouches_for_gets_neither_password_nor_letter(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    served, _ = certificate(tmp_path)
    house = await open_house(tls=served, login=True)
    refused = await refusal(SmtpMail(house.settings(), "Shift", answers_within=1.0))
    assert "cannot be trusted" in refused.why
    assert (refused.for_good, refused.only_this) == (False, False)
    assert not house.logged_in


async def test_a_server_without_starttls_gets_no_letter(house: MailHouse) -> None:
    refused = await refusal(mail_to(house, tls="starttls"))
    assert "STARTTLS" in refused.why
    assert not house.letters


async def test_a_wrong_password_is_the_operators_trouble_and_no_letters_fault(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    served, trusted = certificate(tmp_path)
    house = await open_house(tls=served, login=True)
    refused = await refusal(mail_to(house, trusted, password="another"))
    assert "does not accept the user or the password" in refused.why
    assert "another" not in refused.why
    assert (refused.for_good, refused.only_this) == (False, False)


# -- what servers do -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_a_refusal_for_good_is_of_that_letter_only_and_the_line_goes_on(
    house: MailHouse, at: str
) -> None:
    house.at, house.answers = at, ["550 5.1.1 nobody of that name"]
    mail = mail_to(house)
    refused = await refusal(mail)
    assert (refused.for_good, refused.only_this) == (True, True)
    assert refused.why == "The mail server said: 550 5.1.1 nobody of that name"
    await mail.send(letter("two"))
    await mail.rest()
    assert house.ids() == ["<two@example.org>"]
    assert house.connections == 1


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
async def test_a_letter_put_off_goes_at_the_next_try_with_the_same_id(house: MailHouse, at: str) -> None:
    house.at, house.answers = at, ["451 4.7.1 greylisted, come again"]
    mail = mail_to(house)
    refused = await refusal(mail)
    assert (refused.for_good, refused.only_this) == (False, True)
    await mail.send(letter())
    await mail.rest()
    assert house.ids() == ["<one@example.org>"]


async def test_a_server_that_is_closing_takes_no_other_letter_either(house: MailHouse) -> None:
    house.answers = ["421 4.3.2 going down"]
    refused = await refusal(mail_to(house))
    assert (refused.for_good, refused.only_this) == (False, False)


@pytest.mark.parametrize("answer", ["drop", "hang"])
async def test_a_server_that_drops_or_hangs_in_the_middle_is_left_and_asked_anew_later(
    house: MailHouse, answer: str
) -> None:
    house.answers = [answer]
    mail = mail_to(house)
    refused = await refusal(mail)
    assert (refused.for_good, refused.only_this) == (False, False)
    await mail.send(letter())
    await mail.rest()
    assert len(house.letters) == 1
    assert house.connections == 2


async def test_a_server_that_takes_a_letter_and_drops_before_saying_so_gets_it_again_under_the_same_id(
    house: MailHouse,
) -> None:
    house.answers = ["take and drop"]
    mail = mail_to(house)
    await refusal(mail)
    await mail.send(letter())
    await mail.rest()
    assert house.ids() == ["<one@example.org>"] * 2


async def test_a_server_that_is_not_there_is_said_to_be_away(house: MailHouse) -> None:
    mail = mail_to(house)
    await house.close()
    refused = await refusal(mail)
    assert f"127.0.0.1:{house.port}" in refused.why
    assert (refused.for_good, refused.only_this) == (False, False)


async def test_a_server_that_says_nothing_at_all_is_given_up_in_time() -> None:
    left = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    server = MailServer(host="127.0.0.1", port=port, tls="none", sender=USER)
    refused = await refusal(SmtpMail(server, "Shift", answers_within=0.3))
    assert "does not answer" in refused.why
    await left.wait()
    silent.close()


# -- settings ------------------------------------------------------------------------------------------------------


def test_the_address_of_the_server_is_read_with_its_way_of_tls() -> None:
    environ = {VARIABLE: PASSWORD}
    read = mail_server("smtp+starttls://rota@example.org@mail.example.org", USER, None, environ)
    assert read is not None
    assert (read.host, read.port, read.tls) == ("mail.example.org", 587, "starttls")
    assert (read.username, read.password, read.sender) == (USER, PASSWORD, USER)
    whole = mail_server("smtps://mail.example.org", USER, None, environ)
    assert whole is not None
    assert (whole.port, whole.tls, whole.username, whole.password) == (465, "whole", "", "")
    here = mail_server("smtp://localhost:2525", USER, None, {})
    assert here is not None
    assert (here.port, here.tls) == (2525, "none")
    assert mail_server("", "", None, {}) is None


def test_the_password_comes_from_a_file_and_stands_in_no_description(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    read = mail_server("smtps://rota@mail.example.org", USER, file, {})
    assert read is not None
    assert read.password == PASSWORD
    assert PASSWORD not in repr(read)


@pytest.mark.parametrize(
    ("address", "sender", "mend"),
    [
        ("smtp+starttls://rota:secret@mail.example.org", USER, "HELPLINE_MAIL_PASSWORD"),
        ("smtp://mail.example.org", USER, "smtp+starttls://mail.example.org"),
        ("smtps://rota@mail.example.org", USER, "HELPLINE_MAIL_PASSWORD"),
        ("mail.example.org:587", USER, "smtp+starttls://user@host:587"),
        ("smtps://mail.example.org:many", USER, "smtp+starttls://user@host:587"),
        ("smtps://mail.example.org", "", "--mail-from"),
        ("smtps://mail.example.org", "rota", "rota@example.org"),
        ("", USER, "--mail smtp+starttls"),
    ],
)
def test_a_mistake_in_the_settings_names_its_mend(address: str, sender: str, mend: str) -> None:
    with pytest.raises(BadRequest) as refused:
        mail_server(address, sender, None, {})
    assert mend in refused.value.message
    assert "secret" not in refused.value.message


def test_a_password_file_that_is_missing_or_empty_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "missing", tmp_path / "empty"):
        (tmp_path / "empty").touch()
        with pytest.raises(BadRequest) as refused:
            mail_server("smtps://rota@mail.example.org", USER, file, {})
        assert str(file) in refused.value.message
