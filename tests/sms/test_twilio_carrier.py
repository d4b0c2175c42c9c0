"""The real client over HTTP against a server that answers as the documented API does."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sms.carrier import Refused, Unreachable
from sms.twilio_carrier import Credentials, TwilioCarrier
from sms.twilio_http import LONGEST_ANSWER, Http
from tests.sms.carrier_house import ACCOUNT, API_KEY, OURS, SECRET, Answer, CarrierHouse, error, garbage

THEIRS = "+447700900123"
STATUS = "https://helpline.example.org/hooks/sms/status"


@pytest.fixture
async def house() -> AsyncIterator[CarrierHouse]:
    house = await CarrierHouse().open()
    yield house
    assert house.wrong == []
    await house.close()


def credentials(house: CarrierHouse, secret: str = SECRET, service: str = "") -> Credentials:
    return Credentials(ACCOUNT, API_KEY, secret, OURS, service=service, origin=house.origin)


@pytest.fixture
async def carrier(house: CarrierHouse) -> AsyncIterator[TwilioCarrier]:
    # Long enough for a busy machine; the tests of silence bring their own.
    carrier = TwilioCarrier(credentials(house), status_url=STATUS, http=Http(house.origin, answer=10))
    yield carrier
    await carrier.close()


async def test_a_text_is_handed_over_with_its_number_words_and_where_to_tell_of_it(
    house: CarrierHouse, carrier: TwilioCarrier
) -> None:
    kept = await carrier.send(THEIRS, "Shwmae, Siôn. €5 & 100% =?")
    assert house.asked == [
        (
            "send",
            [
                ("To", THEIRS),
                ("StatusCallback", STATUS),
                ("From", OURS),
                ("Body", "Shwmae, Siôn. €5 & 100% =?"),
            ],
        )
    ]
    assert (kept.sid, kept.status, kept.to) == (house.messages[0]["sid"], "queued", THEIRS)
    assert (await carrier.fetch(kept.sid)).text == "Shwmae, Siôn. €5 & 100% =?"


async def test_a_messaging_service_sends_in_the_place_of_the_number(house: CarrierHouse) -> None:
    carrier = TwilioCarrier(credentials(house, service="MG" + "a" * 32), status_url=STATUS)
    await carrier.send(THEIRS, "Hello")
    await carrier.close()
    sent = dict(house.asked[0][1])
    assert "From" not in sent
    assert sent["MessagingServiceSid"].startswith("MG")


@pytest.mark.parametrize("length", [1, 1_600])
async def test_a_text_of_1_to_1600_characters_goes(carrier: TwilioCarrier, length: int) -> None:
    assert (await carrier.send(THEIRS, "a" * length)).sid


@pytest.mark.parametrize("text", ["", "a" * 1_601, "🌙" * 801])
async def test_no_other_is_handed_over_at_all(house: CarrierHouse, carrier: TwilioCarrier, text: str) -> None:
    with pytest.raises(ValueError, match=r"1 to 1,600"):
        await carrier.send(THEIRS, text)
    assert house.asked == []


@pytest.mark.parametrize(("status", "code"), [(400, 21610), (400, 21614), (404, 20404)])
async def test_a_no_is_told_with_its_code(
    house: CarrierHouse, carrier: TwilioCarrier, status: int, code: int
) -> None:
    house.script = [error(status, code)]
    with pytest.raises(Refused) as refused:
        await carrier.send(THEIRS, "Hello")
    assert (refused.value.code, refused.value.status) == (code, status)


async def test_a_wrong_key_is_a_no(house: CarrierHouse) -> None:
    carrier = TwilioCarrier(credentials(house, secret="wrong"), status_url=STATUS)
    with pytest.raises(Refused) as refused:
        await carrier.send(THEIRS, "Hello")
    await carrier.close()
    assert refused.value.code == 20003


async def test_a_busy_carrier_took_nothing_and_says_when_to_come_back(
    house: CarrierHouse, carrier: TwilioCarrier
) -> None:
    house.script = [error(429, 20429, **{"Retry-After": "7"}), error(429, 20429)]
    with pytest.raises(Unreachable) as busy:
        await carrier.send(THEIRS, "Hello")
    assert (busy.value.unknown, busy.value.wait) == (False, 7.0)
    with pytest.raises(Unreachable) as busy:
        await carrier.send(THEIRS, "Hello")
    assert busy.value.wait == 0.0


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("3600", 3_600.0),
        ("3601", 3_600.0),
        ("9" * 400, 3_600.0),
        ("-1", 0.0),
        ("1.5", 0.0),
        ("٣", 0.0),
        ("soon", 0.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
    ],
)
async def test_the_time_a_busy_carrier_asks_for_is_kept_to_up_to_an_hour(
    house: CarrierHouse, carrier: TwilioCarrier, told: str, wait: float
) -> None:
    house.script = [error(429, 20429, **{"Retry-After": told})]
    with pytest.raises(Unreachable) as busy:
        await carrier.send(THEIRS, "Hello")
    assert busy.value.wait == wait


@pytest.mark.parametrize(
    "answer",
    [
        error(500, 20500),
        error(503, 0),
        garbage(502, "<html>Bad gateway</html>"),
        garbage(200, "<html>Welcome to this hotel's network</html>"),
        garbage(201, "{", "application/json"),
        garbage(201, "[]", "application/json"),
        garbage(201, "{}", "application/json"),
        garbage(201, '{"sid": 7, "status": "queued"}', "application/json"),
        garbage(302, ""),
        garbage(201, "x" * (LONGEST_ANSWER + 1)),
    ],
)
async def test_after_an_answer_that_cannot_be_read_nobody_knows_whether_it_was_taken(
    house: CarrierHouse, carrier: TwilioCarrier, answer: Answer
) -> None:
    house.script = [answer]
    with pytest.raises(Unreachable) as lost:
        await carrier.send(THEIRS, "Hello")
    assert lost.value.unknown


@pytest.mark.parametrize("silence", ["hang", "drop", "take_and_hang", "take_and_drop"])
async def test_after_silence_nobody_knows_either(house: CarrierHouse, silence: str) -> None:
    carrier = TwilioCarrier(credentials(house), status_url=STATUS, http=Http(house.origin, answer=0.5))
    house.script = [silence]
    with pytest.raises(Unreachable) as lost:
        await carrier.send(THEIRS, "Hello")
    await carrier.close()
    assert lost.value.unknown


async def test_where_no_line_could_be_had_nothing_was_sent(house: CarrierHouse) -> None:
    carrier = TwilioCarrier(
        credentials(house), status_url=STATUS, http=Http("http://127.0.0.1:9", connect=2, answer=3)
    )
    with pytest.raises(Unreachable) as lost:
        await carrier.send(THEIRS, "Hello")
    await carrier.close()
    assert not lost.value.unknown


async def test_what_was_sent_to_a_number_since_then_is_listed_newest_first_over_pages(
    house: CarrierHouse, carrier: TwilioCarrier
) -> None:
    since = house.now
    house.keep(THEIRS, OURS, "long before", at=since - timedelta(minutes=1))
    for n in range(120):
        house.keep(THEIRS, OURS, f"text {n}", at=since + timedelta(seconds=n))
    house.keep("+447700900456", OURS, "to another", at=since)
    listed = [one.text async for one in carrier.sent_to(THEIRS, since)]
    assert listed == [f"text {n}" for n in reversed(range(120))]


async def test_what_came_in_is_listed_with_who_sent_it(house: CarrierHouse, carrier: TwilioCarrier) -> None:
    house.keep(OURS, THEIRS, "are you there", inbound=True)
    house.keep(THEIRS, OURS, "yes")
    listed = [one async for one in carrier.received(house.now)]
    assert [(one.from_, one.text, one.at) for one in listed] == [(THEIRS, "are you there", house.now)]


@pytest.mark.parametrize(
    ("type_", "line"),
    [("mobile", "mobile"), ("landline", "landline"), ("nonFixedVoip", "voip"), ("pager", "unknown")],
)
async def test_what_kind_of_line_it_is_can_be_asked(
    house: CarrierHouse, carrier: TwilioCarrier, type_: str, line: str
) -> None:
    house.lines[THEIRS] = type_
    assert await carrier.line_type(THEIRS) == line


async def test_a_call_rings_with_the_helplines_number_and_can_be_ended(
    house: CarrierHouse, carrier: TwilioCarrier
) -> None:
    call = await carrier.bridge(THEIRS, "https://helpline.example.org/hooks/voice/1", STATUS, rings=25)
    sent = house.asked[0][1]
    assert ("From", OURS) in sent
    assert ("Timeout", "25") in sent
    assert [value for name, value in sent if name == "StatusCallbackEvent"] == [
        "initiated",
        "ringing",
        "answered",
        "completed",
    ]
    await carrier.hang_up(call.sid)
    assert house.calls[0]["status"] == "completed"


async def test_neither_number_nor_words_reach_a_log(
    carrier: TwilioCarrier, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await carrier.send(THEIRS, "I took something")
    async for _ in carrier.sent_to(THEIRS, CarrierHouse().now):
        pass
    assert "7700900123" not in caplog.text
    assert "took something" not in caplog.text


def test_credentials_never_print_their_secret() -> None:
    assert SECRET not in repr(Credentials(ACCOUNT, API_KEY, SECRET, OURS))


def test_the_edge_and_region_are_part_of_the_address() -> None:
    own = Credentials(ACCOUNT, API_KEY, SECRET, OURS, region="ie1", edge="dublin")
    client = TwilioCarrier(own, status_url=STATUS)._client
    assert client.get_hostname("https://api.twilio.com/2010-04-01") == (
        "https://api.dublin.ie1.twilio.com/2010-04-01"
    )
