"""The carrier's posts over HTTP: signed, durable before they are answered, once, and found again when they never came."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from app import init_app
from helpline.errors import BadRequest, NotSaved
from helpline.ports import Record
from sms.credentials import read_credentials
from sms.hooks import LARGEST_POST, SIGNATURE
from sms.phone_line import PHONE_LINE, PhoneLine
from tests.clock import SetClock
from tests.helpline.evening import EIGHT
from tests.sms.carrier_house import ACCOUNT, API_KEY, OURS, SECRET, CarrierHouse
from tests.sms.text_evening import THEIRS, text_definition
from tests.webchat.conftest import settings_in
from webchat.keys import HELPLINE

TOKEN = "12345"
PUBLIC = "http://127.0.0.1:8080"
FILE = """
[twilio]
account = "{account}"
api_key = "{key}"
api_secret = "{secret}"
token = "{token}"
number = "01632 960800"
origin = "{origin}"
"""


def credentials_file(folder: Path, origin: str = "", mode: int = 0o600, **other: str) -> Path:
    path = folder / "carrier.toml"
    filled = {"account": ACCOUNT, "key": API_KEY, "secret": SECRET, "token": TOKEN, "origin": origin} | other
    path.write_text(FILE.format(**filled))
    path.chmod(mode)
    return path


class Doors:
    """The running service and its carrier."""

    def __init__(self, client: TestClient[Any, Any], house: CarrierHouse, clock: SetClock) -> None:
        self.client, self.house, self.clock = client, house, clock
        self.helpline = client.server.app[HELPLINE]  # type: ignore[attr-defined]
        self.line: PhoneLine = client.server.app[PHONE_LINE]  # type: ignore[attr-defined]

    async def post(self, path: str, form: dict[str, str], token: str = TOKEN) -> int:
        signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
        async with self.client.post(path, data=form, headers={SIGNATURE: signature}) as answer:
            await answer.read()
            return answer.status

    async def text(self, words: str, sid: str = "SM1", token: str = TOKEN, **more: str) -> int:
        form = {"MessageSid": sid, "From": THEIRS, "To": OURS, "Body": words, "NumMedia": "0", **more}
        return await self.post("/hooks/sms", form, token)

    def said(self) -> list[str]:
        """The contacts there are."""
        return sorted(contact.log for contact in self.helpline.contacts())

    async def words(self) -> list[str]:
        """What was said, over all contacts."""
        found = []
        for contact in self.said():
            events = await self.helpline.logbook.read(contact)
            found += [event.body.text for event in events if event.kind == "said"]
        return found


@pytest.fixture
async def doors(tmp_path: Path) -> AsyncIterator[Doors]:
    house, clock = await CarrierHouse().open(), SetClock(EIGHT)
    house.now = EIGHT
    where = settings_in(tmp_path, carrier=credentials_file(tmp_path, house.origin))
    app = init_app(where, clock, definition=text_definition(tmp_path))
    async with TestClient(TestServer(app)) as client:
        yield Doors(client, house, clock)
    await house.close()
    assert house.wrong == []


async def test_a_text_is_kept_before_it_is_answered(doors: Doors) -> None:
    assert await doors.text("are you there") == 200
    assert await doors.words() == ["are you there"]


async def test_a_post_the_carrier_did_not_sign_leaves_nothing(doors: Doors) -> None:
    assert await doors.text("are you there", token="another") == 403
    async with doors.client.post("/hooks/sms", data={"MessageSid": "SM1", "From": THEIRS}) as answer:
        assert answer.status == 403
    assert doors.said() == []


async def test_the_same_text_again_and_by_the_fallback_address_is_once(doors: Doors) -> None:
    form = {"MessageSid": "SM1", "From": THEIRS, "To": OURS, "Body": "hello"}
    assert await doors.post("/hooks/sms", form) == 200
    assert await doors.post("/hooks/sms", form) == 200
    assert await doors.post("/hooks/sms/fallback", form) == 200
    assert await doors.words() == ["hello"]


async def test_a_text_that_cannot_be_kept_is_not_taken_over_and_comes_by_the_poll(doors: Doors) -> None:
    append = doors.helpline.store.append

    async def full(record: Record) -> None:
        raise NotSaved

    doors.helpline.store.append = full
    assert await doors.text("are you there") == 503
    doors.helpline.store.append = append
    doors.house.keep(OURS, THEIRS, "are you there", inbound=True, at=EIGHT)
    assert await doors.line.take_in_missed(doors.clock.now() - EIGHT) == 1
    assert await doors.line.take_in_missed(doors.clock.now() - EIGHT) == 0
    assert await doors.words() == ["are you there"]


async def test_a_stop_that_comes_by_the_poll_closes_their_phone_too(doors: Doors) -> None:
    assert await doors.text("are you there") == 200
    doors.house.keep(OURS, THEIRS, "END", inbound=True, at=EIGHT)
    await doors.line.take_in_missed(doors.clock.now() - EIGHT)
    (contact,) = doors.helpline.contacts()
    assert contact.texts.opted_out
    assert [alert.what for alert in contact.open_alerts if alert.what == "opted_out"] == ["opted_out"]


@pytest.mark.parametrize(("first", "then"), [("STOP", "START"), ("START", "STOP")])
async def test_of_stop_and_start_the_last_by_the_carriers_order_counts_though_the_first_came_late(
    doors: Doors, first: str, then: str
) -> None:
    """The post of the first never arrived; the poll brings it after the other."""
    assert await doors.text("are you there") == 200
    doors.house.keep(OURS, THEIRS, first, inbound=True, at=EIGHT)
    came = doors.house.keep(OURS, THEIRS, then, inbound=True, at=EIGHT)
    assert await doors.text(then, sid=came["sid"]) == 200
    for _ in range(2):
        await doors.line.take_in_missed(doors.clock.now() - EIGHT)
        (contact,) = doors.helpline.contacts()
        assert contact.texts.opted_out == (then == "STOP")
        assert [alert.what for alert in contact.alerts if alert.what == "opted_out"] == ["opted_out"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe%ff%fe&=&&==&MessageSid", "application/x-www-form-urlencoded"),
        (b"MessageSid=SM1&From=1&Body=x", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"", "text/plain"),
    ],
)
async def test_a_post_that_is_no_form_is_not_the_carriers(doors: Doors, body: bytes, kind: str) -> None:
    async with doors.client.post("/hooks/sms", data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == 403
    assert doors.said() == []


async def test_a_status_is_taken_with_no_content_even_of_a_text_nobody_knows(doors: Doors) -> None:
    form = {"MessageSid": "SMx", "MessageStatus": "delivered"}
    assert await doors.post("/hooks/sms/status", form) == 204
    assert await doors.post("/hooks/sms/status", form, token="another") == 403


@pytest.mark.parametrize("form", [{"From": THEIRS}, {"MessageSid": "S" * 65, "From": THEIRS}])
async def test_a_signed_form_that_is_no_text_is_told_so(doors: Doors, form: dict[str, str]) -> None:
    assert await doors.post("/hooks/sms", form) == 400


async def test_a_post_over_the_limit_is_refused_unread(doors: Doors) -> None:
    assert await doors.text("a" * 5_000) == 200
    assert await doors.text("a" * (LARGEST_POST + 1), sid="SM2") == 413


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(["MessageSid", "From", "To", "Body", "NumMedia", "OptOutType", "SmsSid", "Extra"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    )
)
async def test_no_signed_form_breaks_the_door(doors: Doors, form: dict[str, str]) -> None:
    assert await doors.post("/hooks/sms", form) in (200, 400)


# -- the credentials -----------------------------------------------------------------------------------------------


def test_the_file_is_read_and_its_number_put_as_it_is_dialled(tmp_path: Path) -> None:
    own, token = read_credentials(credentials_file(tmp_path), "GB")
    assert (own.account, own.number, token) == (ACCOUNT, OURS, TOKEN)


@pytest.mark.parametrize(
    ("mode", "other", "told"),
    [
        (0o644, {}, "chmod 600 carrier.toml"),
        (0o600, {"account": "wrong"}, "account begins with AC"),
        (0o600, {"key": "wrong"}, "api_key begins with SK"),
        (0o600, {"secret": ""}, "api_secret is missing"),
        (0o600, {"token": ""}, "token is missing"),
        (0o600, {"token": 'x"\nnumer = "1'}, "numer is not known"),
        (0o600, {"token": '"\n['}, "cannot be read"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_mend(
    tmp_path: Path, mode: int, other: dict[str, str], told: str
) -> None:
    with pytest.raises(BadRequest, match=told.replace("[", r"\[")):
        read_credentials(credentials_file(tmp_path, mode=mode, **other), "GB")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="cannot be read"):
        read_credentials(tmp_path / "none.toml", "GB")


def test_without_a_public_address_there_is_no_phone_line(tmp_path: Path) -> None:
    where = settings_in(tmp_path, carrier=credentials_file(tmp_path), public_origin="http://chat.example.org")
    with pytest.raises(BadRequest, match="--public-origin"):
        init_app(where, definition=text_definition(tmp_path))


async def test_what_came_and_what_was_not_signed_is_counted_where_figures_are_read(doors: Doors) -> None:
    async def counted(name: str) -> float:
        async with doors.client.get("/metrics") as answer:
            lines = (await answer.text()).splitlines()
        (line,) = (one for one in lines if one.startswith(f"{name} "))
        return float(line.split()[1])

    names = ("helpline_texts_received_total", "helpline_hooks_forged_total")
    before = [await counted(name) for name in names]
    assert await doors.text("hello") == 200
    assert await doors.text("not theirs", token="another") == 403
    assert [await counted(name) for name in names] == [one + 1 for one in before]
