"""Other programs ask who is on: with a key of their own, and for nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.webchat.conftest import House
from tests.webchat.lines import new_id

PATH = "/api/v1/rota/on"


async def asked(house: House, key: str = "", **query: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    response = await house.client.get(PATH, params=query, headers=headers)
    return response.status, await response.json()


@pytest.fixture
async def key(house: House) -> str:
    made: str = await house.helpline.api_keys.add("phone-system", datetime.now(UTC))
    return made


async def test_a_program_hears_who_is_on_and_who_of_them_is_there(house: House, key: str) -> None:
    await house.on_shift("ania")
    status, answer = await asked(house, key)
    assert status == 200
    on = {duty["person"]: duty for duty in answer["on"]}
    assert (on["ania"]["present"], on["dev"]["present"]) == (True, False)
    assert (on["ania"]["role"], on["ania"]["name"], on["ania"]["languages"]) == (
        "supporter",
        "Ania",
        ["pl", "en"],
    )
    assert answer["zone"] == "Europe/London"
    assert datetime.fromisoformat(on["ania"]["ends_at"]) > datetime.fromisoformat(answer["at"])


async def test_another_instant_is_the_rota_alone(house: House, key: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    status, answer = await asked(house, key, at=later.isoformat())
    assert status == 200
    assert {duty["present"] for duty in answer["on"]} == {None}
    status, answer = await asked(house, key, at="2020-01-01T00:00:00Z")
    assert (status, answer["on"]) == (200, [])


async def test_what_was_given_back_is_nobodys_at_once(house: House, key: str) -> None:
    helpline = house.helpline
    slot = next(
        duty.slot for duty in helpline.roster.rota.on_duty_at(helpline.clock.now()) if duty.person == "dev"
    )
    await helpline.rota.call_in_sick(helpline.people.principal("dev"), slot, new_id())
    _, answer = await asked(house, key)
    assert "dev" not in {duty["person"] for duty in answer["on"]}


@pytest.mark.parametrize("at", ["now", "2026-03-29T01:30:00", "25:00", "2026-02-30T00:00:00Z"])
async def test_an_instant_that_is_none_is_refused_with_the_mend(house: House, key: str, at: str) -> None:
    status, answer = await asked(house, key, at=at)
    assert (status, answer["error"]["code"]) == (400, "bad_request")
    assert at in answer["error"]["message"]


@pytest.mark.parametrize(
    "header", ["", "Bearer ", "Bearer nobody", "Basic cGhvbmU6eA==", "bearer {key}", "{key}"]
)
async def test_without_a_key_nothing_is_said(house: House, key: str, header: str) -> None:
    headers = {"Authorization": header.format(key=key)} if header else {}
    response = await house.client.get(PATH, headers=headers)
    assert response.status == 401
    assert "on" not in await response.json()


async def test_a_staff_session_is_no_key(house: House) -> None:
    response = await house.client.get(PATH, cookies=await house.session("robin"))
    assert response.status == 401


async def test_a_key_taken_back_opens_nothing_and_its_name_is_free_again(house: House, key: str) -> None:
    await house.helpline.api_keys.remove("phone-system")
    assert (await asked(house, key))[0] == 401
    again = await house.helpline.api_keys.add("phone-system", datetime.now(UTC))
    assert again != key
    assert (await asked(house, again))[0] == 200
