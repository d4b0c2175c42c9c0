"""The running service with a mail server: from a press on the rota to a letter, and what the operator sees of it."""

from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.commands.doctor import examined
from helpline.settings import Settings
from tests.clock import SetClock
from tests.helpline.evening import new_id
from tests.helpline.letter_rota import MONDAY, letter_definition, slot
from tests.helpline.mail_house import USER, MailHouse
from webchat.keys import HELPLINE

PUBLIC = "https://chat.example.org"


async def e_mail_line(helpline: Any) -> tuple[bool, str]:
    """What the doctor says of letters."""
    [line] = [found for found in await examined(helpline, {}) if found["what"] == "e-mail"]
    return line["well"], line["say"]


def settings_of(folder: Path, **mail: Any) -> Settings:
    return Settings(
        definition=folder / "evening.toml", data=folder / "d", keys=folder / "k", public_origin=PUBLIC, **mail
    )


async def test_a_press_on_the_rota_becomes_a_letter_and_a_figure(tmp_path: Path) -> None:
    house = await MailHouse().open()
    settings = settings_of(tmp_path, mail=f"smtp://127.0.0.1:{house.port}", mail_from=USER)
    definition = letter_definition(tmp_path, without="ben")
    app = init_app(settings, SetClock(MONDAY), definition=definition)
    async with TestClient(TestServer(app)) as client:
        helpline = app[HELPLINE]
        house.at, house.answers = "RCPT", ["550 5.1.1 nobody of that name"]
        who = helpline.people.principal("ania")
        assert who is not None
        await helpline.rota.ask_cover(who, slot("ania-MO", 23), new_id(), to=("eve", "cy"))
        await helpline.post.settled()
        figures = await (await client.get("/metrics")).text()
        well, said = await e_mail_line(helpline)
    await house.close()
    covers = [letter for letter in house.letters if "cover for" in letter["Subject"]]
    assert f"{PUBLIC}/rota/shift/ania-MO%402026-11-23T18%3A00" in covers[0].get_content()
    assert "helpline_letters_failed 1.0" in figures
    assert "helpline_letters_waiting 0.0" in figures
    assert f"helpline_letters_sent_total {float(len(house.letters))}" in figures
    assert not well
    assert "1 get no letters, having no address: ben" in said
    assert "1 did not arrive" in said
    assert "550 5.1.1 nobody of that name" in said


async def test_without_a_mail_server_the_service_is_well_and_says_that_nothing_is_sent(
    tmp_path: Path,
) -> None:
    app = init_app(settings_of(tmp_path), SetClock(MONDAY), definition=letter_definition(tmp_path))
    async with TestClient(TestServer(app)):
        assert await e_mail_line(app[HELPLINE]) == (True, "no mail server (--mail): no reminders are sent")
