"""`helpline people`: who may sign in, told on the command line."""

import asyncio
from pathlib import Path

import pytest
from rich.console import Console

from app import DEMO
from helpline.clock import SystemClock
from helpline.commands import people
from helpline.definition import read_definition
from helpline.errors import HelplineError
from helpline.service import Helpline
from helpline.settings import Settings


def settings_in(folder: Path) -> Settings:
    return Settings(definition=DEMO, data=folder / "data", keys=folder / "keys")


def password_printed(say: Console) -> str:
    return say.export_text().splitlines()[0].rpartition(" ")[2]


def signs_in(settings: Settings, id: str, password: str) -> bool:
    async def tried() -> bool:
        definition = read_definition(settings.definition)
        helpline = await Helpline.open(
            definition, data=settings.data, keys=settings.keys, clock=SystemClock()
        )
        try:
            return await helpline.people.signs_in(id, password) is not None
        finally:
            await helpline.close()

    return asyncio.run(tried())


def test_whoever_came_with_the_definition_gets_a_password_and_the_one_before_opens_nothing(
    tmp_path: Path,
) -> None:
    settings = settings_in(tmp_path)
    passwords = []
    for _ in range(2):
        say = Console(record=True, soft_wrap=True)
        assert people.repassword(settings, "ania", say) == 0
        passwords.append(password_printed(say))
    assert not signs_in(settings, "ania", passwords[0])
    assert signs_in(settings, "ania", passwords[1])


def test_somebody_new_signs_in_with_the_password_they_were_given(tmp_path: Path) -> None:
    settings, say = settings_in(tmp_path), Console(record=True, soft_wrap=True)
    account = {"id": "rowan", "name": "Rowan Reed", "shown_name": "Rowan", "roles": ["supporter"]}
    assert people.add(settings, account, say) == 0
    assert signs_in(settings, "rowan", password_printed(say))


def test_an_id_that_is_taken_or_unknown_is_refused_by_name(tmp_path: Path) -> None:
    settings, say = settings_in(tmp_path), Console(record=True)
    taken = {"id": "ania", "name": "A", "shown_name": "A", "roles": ["supporter"]}
    with pytest.raises(HelplineError, match="somebody called ania already"):
        people.add(settings, taken, say)
    with pytest.raises(HelplineError, match="nobody called wren"):
        people.repassword(settings, "wren", say)
    assert say.export_text() == ""
