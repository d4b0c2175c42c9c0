"""Whatever is posted, in whatever order and however often, at once or one by one: nothing breaks, and each is kept once."""

import asyncio
import inspect
import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.rest.api.v2010.account.call import CallContext, CallList
from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberList
from twilio.rest.api.v2010.account.message import MessageContext, MessageList
from twilio.rest.lookups.v2.phone_number import PhoneNumberContext
from twilio.rest.messaging.v1.service import ServiceContext

from helpline.events import Said, TextStatus
from sms.hooks import SIGNATURE
from sms.inbound import LONGEST_BODY
from tests.sms.carrier_house import ALLOWED, OURS
from tests.sms.test_hooks import Doors, doors  # noqa: F401 (a fixture)

PLANES = 17
POSTS = ("/hooks/sms", "/hooks/sms/fallback", "/hooks/sms/status", "/hooks/voice", "/hooks/voice/key")
OVERRIDES = "\x00\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\ufffd"
RANK = ("queued", "sending", "sent", "delivered")
numbers = count(100)
once_each = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def of_plane(plane: int) -> str:
    """As many characters of a plane as a text can be long, with those that turn or hide what stands beside them."""
    every = (chr(plane * 0x10000 + n) for n in range(0, 0x10000, 0x10000 // LONGEST_BODY))
    fit = "".join(one for one in every if unicodedata.category(one) != "Cs")
    return (f"here {OVERRIDES}{fit}{OVERRIDES}" * 2)[:LONGEST_BODY]


@pytest.mark.parametrize("plane", range(PLANES))
async def test_five_thousand_characters_of_any_plane_are_kept_as_they_came(doors: Doors, plane: int) -> None:  # noqa: F811
    words = of_plane(plane)
    assert len(words) == LONGEST_BODY
    assert await doors.text(words, sid=f"SM{plane}") == 200
    assert await doors.words() == [words]


@once_each
@given(
    st.sampled_from(POSTS),
    st.one_of(
        st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
    ),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60),
)
async def test_whatever_is_posted_with_a_signature_that_is_not_the_carriers_is_refused(
    doors: Doors,  # noqa: F811
    path: str,
    body: bytes,
    signature: str,
) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded", SIGNATURE: signature}
    async with doors.client.post(path, data=body, headers=kind) as answer:
        assert answer.status == 403
    assert doors.said() == []


@once_each
@given(st.data())
async def test_posts_repeats_the_fallback_and_the_poll_all_at_once_keep_each_text_once(
    doors: Doors,  # noqa: F811
    data: st.DataObject,
) -> None:
    """Several requests are under way at the same time, some of them with the same text."""
    number = f"+447700900{next(numbers):03d}"
    texts = [f"text {n}" for n in range(data.draw(st.integers(1, 4)))]
    kept = [doors.house.keep(OURS, number, words, inbound=True) for words in texts]
    several = st.lists(st.sampled_from([*range(len(texts)), "poll"]), min_size=1, max_size=6)

    async def brought(one: Any) -> None:
        if one == "poll":
            await doors.line.take_in_missed(timedelta(minutes=15))
            return
        form = {
            "MessageSid": kept[one]["sid"],
            "From": number,
            "To": OURS,
            "Body": texts[one],
            "NumMedia": "0",
        }
        answered = [doors.post(path, form) for path in ("/hooks/sms", "/hooks/sms/fallback")]
        assert await asyncio.gather(*answered) == [200, 200]

    for together in [*data.draw(st.lists(several, max_size=4)), ["poll"]]:
        await asyncio.gather(*(brought(one) for one in together))
    found = []
    for contact in doors.said():
        events = await doors.helpline.logbook.read(contact)
        if any(getattr(event.body, "number", None) == number for event in events):
            found.append([event.body.text or "" for event in events if isinstance(event.body, Said)])
    assert [sorted(words) for words in found] == [sorted(texts)]


@once_each
@given(st.lists(st.lists(st.sampled_from([*RANK, "nonsense", ""]), min_size=1, max_size=5), max_size=4))
async def test_statuses_at_once_again_and_backwards_only_ever_lead_forward(
    doors: Doors,  # noqa: F811
    brought: list[list[str]],
) -> None:
    number = f"+447700900{next(numbers):03d}"
    form = {"MessageSid": f"SM{number}", "From": number, "To": OURS, "Body": "hello"}
    assert await doors.post("/hooks/sms", form) == 200
    await doors.helpline.dispatcher.settled()
    (ours, *_) = (one for one in doors.house.messages if one["to"] == number)
    for together in brought:
        said = [{"MessageSid": ours["sid"], "MessageStatus": status} for status in together]
        answers = await asyncio.gather(*(doors.post("/hooks/sms/status", one) for one in said))
        assert set(answers) <= {204, 400}
    contact = await doors.helpline.store.find(doors.helpline.keys.claim("carrier", ours["sid"]))
    assert contact is not None
    events = await doors.helpline.logbook.read(contact[0])
    ranks = [RANK.index(one.body.status) for one in events if isinstance(one.body, TextStatus)]
    assert ranks == sorted(set(ranks))
    told = {status for together in brought for status in together} & {*RANK}
    assert max(ranks, default=-1) == max((RANK.index(status) for status in told), default=-1)


# -- the carrier of the tests --------------------------------------------------------------------------------------

# What sends each kind of request, as the library has it, which its maker makes from the API's published description.
SENT_BY: dict[str, tuple[Callable[..., Any], ...]] = {
    "send": (MessageList.create_async,),
    "list": (MessageList.page_async,),
    "call": (CallList.create_async,),
    "end_call": (CallContext.update_async,),
    "fetch_call": (CallContext.fetch_async,),
    "lookup": (PhoneNumberContext.fetch_async,),
    "fetch": (MessageContext.fetch_async,),
    "numbers": (IncomingPhoneNumberList.page_async,),
    "service": (ServiceContext.fetch_async,),
}
LIMITS = {
    ("send", "body"): "up to 1,600 characters",
    ("send", "validity_period"): "from `1` to `36000`",
    ("call", "timeout"): "the maximum is `600` seconds",
    ("call", "status_callback_event"): "`initiated`, `ringing`, `answered`, and `completed`",
    ("call", "machine_detection"): "`Enable` or `DetectMessageEnd`",
    ("call", "method"): "`GET` or `POST`",
    ("lookup", "fields"): "line_type_intelligence",
}


def parameters_of(kind: str) -> set[str]:
    """By the names the API gives them."""
    named = (name for call in SENT_BY[kind] for name in inspect.signature(call).parameters if name != "self")
    return {"".join(part.title() for part in name.split("_")) for name in named}


@pytest.mark.parametrize("kind", sorted(ALLOWED))
def test_the_carrier_of_the_tests_allows_no_parameter_that_the_published_api_lacks(kind: str) -> None:
    published = parameters_of(kind) | ({"Page"} if "PageNumber" in parameters_of(kind) else set())
    assert set(ALLOWED[kind]) <= published


@pytest.mark.parametrize(("kind", "name"), sorted(LIMITS))
def test_its_limits_are_those_the_published_api_states(kind: str, name: str) -> None:
    told = re.sub(r"\s+", " ", inspect.getdoc(SENT_BY[kind][0]) or "")
    assert LIMITS[kind, name] in told.partition(f":param {name}: ")[2].partition(":param ")[0]


def test_every_kind_of_request_is_held_to_the_library() -> None:
    assert set(SENT_BY) == set(ALLOWED)
