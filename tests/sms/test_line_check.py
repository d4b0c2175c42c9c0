"""`helpline doctor --carrier`: what is well with the phone line, what is wrong, and the mend."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from app import DEMO
from helpline.definition import read_definition
from sms.line_check import line_checked
from tests.sms.carrier_house import SERVICE, CarrierHouse, error
from tests.sms.test_hooks import credentials_file

DEFINITION = replace(read_definition(DEMO), channels=("web", "sms", "call"))
PUBLIC = "https://chat.example.org"
WELL: dict[str, Any] = {
    "sms_url": f"{PUBLIC}/hooks/sms",
    "sms_method": "POST",
    "sms_fallback_url": f"{PUBLIC}/hooks/sms/fallback",
    "sms_fallback_method": "POST",
    "voice_url": f"{PUBLIC}/hooks/voice",
    "voice_method": "POST",
    "status_callback": f"{PUBLIC}/hooks/voice/over",
    "status_callback_method": "POST",
}


@pytest.fixture
async def house() -> AsyncIterator[CarrierHouse]:
    house = await CarrierHouse().open()
    house.number |= WELL
    yield house
    assert house.wrong == []
    await house.close()


async def looked(house: CarrierHouse, folder: Path, public: str = PUBLIC, more: str = "") -> dict[str, str]:
    """What is not well, by what it is about."""
    file = credentials_file(folder, house.origin)
    file.write_text(file.read_text() + more)
    return {
        one["what"]: one["say"] for one in await line_checked(file, DEFINITION, public) if not one["well"]
    }


async def test_a_line_that_is_set_up_is_well_in_everything(house: CarrierHouse, tmp_path: Path) -> None:
    assert await looked(house, tmp_path, more='region = "ie1"\nedge = "dublin"\n') == {}
    assert [what for what, _ in house.asked] == ["numbers"]


async def test_it_says_what_cannot_be_asked_for(house: CarrierHouse, tmp_path: Path) -> None:
    found = await line_checked(credentials_file(tmp_path, house.origin), DEFINITION, PUBLIC)
    says = {one["what"]: one["say"] for one in found}
    assert "STOP and START" in says["opt-out"]
    assert "United States" in says["region"]


async def test_a_language_without_a_voice_is_said_and_the_others_are_spoken(
    house: CarrierHouse, tmp_path: Path
) -> None:
    file = credentials_file(tmp_path, house.origin)
    english = replace(DEFINITION, languages=replace(DEFINITION.languages, promised=("en", "cy")))
    said = {}
    for definition in (DEFINITION, english, replace(english, channels=("web", "sms"))):
        found = await line_checked(file, definition, PUBLIC)
        said[definition.channels, definition.languages.promised] = [
            one["say"] for one in found if one["what"] == "voices"
        ]
    assert list(said.values()) == [
        ["the carrier has none for ur: who rings hears the other languages"],
        ["one for every language of the service"],
        [],
    ]


@pytest.mark.parametrize(
    ("set_so", "what", "say"),
    [
        ({"sms_url": ""}, "texts come", f"nowhere: in the console set POST {PUBLIC}/hooks/sms"),
        (
            {"sms_method": "GET"},
            "texts come",
            f"to GET {PUBLIC}/hooks/sms: in the console set POST {PUBLIC}/hooks/sms",
        ),
        (
            {"sms_fallback_url": "https://old.example.org/x"},
            "fallback",
            f"to https://old.example.org/x: in the console set POST {PUBLIC}/hooks/sms/fallback",
        ),
        ({"status_callback": ""}, "calls end", f"nowhere: in the console set POST {PUBLIC}/hooks/voice/over"),
        ({"voice_url": None}, "calls come", f"nowhere: in the console set POST {PUBLIC}/hooks/voice"),
        (
            {"capabilities": {"sms": False, "voice": True}},
            "number",
            "+441632960800 cannot do texts: buy one that can",
        ),
        (
            {"sms_application_sid": "AP1"},
            "number",
            "an application decides where its texts go: take it off the number, so that the webhook counts",
        ),
    ],
)
async def test_what_is_wrong_is_said_with_its_mend(
    house: CarrierHouse, tmp_path: Path, set_so: dict[str, Any], what: str, say: str
) -> None:
    house.number |= set_so
    assert await looked(house, tmp_path) == {what: say}


async def test_a_key_the_carrier_does_not_know_is_said(house: CarrierHouse, tmp_path: Path) -> None:
    file = credentials_file(tmp_path, house.origin, secret="another")
    (wrong,) = [one for one in await line_checked(file, DEFINITION, PUBLIC) if not one["well"]]
    assert wrong["say"].startswith("does not know the API key")


async def test_a_number_of_another_account_is_said(house: CarrierHouse, tmp_path: Path) -> None:
    file = credentials_file(tmp_path, house.origin)
    file.write_text(file.read_text().replace("01632 960800", "01632 960801"))
    (wrong,) = [one for one in await line_checked(file, DEFINITION, PUBLIC) if not one["well"]]
    assert wrong["say"].startswith("+441632960801 is none of this account's")


async def test_a_messaging_service_that_takes_the_texts_is_asked_where_it_brings_them(
    house: CarrierHouse, tmp_path: Path
) -> None:
    service = f'service = "{SERVICE}"\n'
    house.number |= {"sms_url": ""}
    house.service = {"use_inbound_webhook_on_number": False, "inbound_request_url": WELL["sms_url"]}
    assert await looked(house, tmp_path, more=service) == {
        "fallback": f"nowhere: in the console set POST {PUBLIC}/hooks/sms/fallback"
    }
    house.service = {"use_inbound_webhook_on_number": True}
    assert "texts come" in await looked(house, tmp_path, more=service)
    assert "service" in await looked(house, tmp_path, more=f'service = "MG{"9" * 32}"\n')


async def test_an_address_that_nobody_outside_reaches_is_said(house: CarrierHouse, tmp_path: Path) -> None:
    assert "address" in await looked(house, tmp_path, public="http://127.0.0.1:8080")


async def test_a_region_needs_its_edge(house: CarrierHouse, tmp_path: Path) -> None:
    assert await looked(house, tmp_path, more='region = "ie1"\n') == {
        "region": "ie1 needs its edge too: dublin for ie1, sydney for au1"
    }


async def test_a_carrier_that_is_not_heard_is_said(house: CarrierHouse, tmp_path: Path) -> None:
    house.script = [error(503, 0)]
    assert (await looked(house, tmp_path))["carrier"].startswith("not heard")


async def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    ((_, say),) = [
        (one["well"], one["say"]) for one in await line_checked(tmp_path / "none.toml", DEFINITION, PUBLIC)
    ]
    assert say.startswith("none.toml: cannot be read")
