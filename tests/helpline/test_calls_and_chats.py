"""A call asked for in a chat: rung from the chat while somebody is in it, else a request of its own; both say so."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from helpline import call_keeping
from helpline.call_keeping import Asked
from helpline.contact import Contact
from helpline.events import CallMe
from tests.helpline.call_evening import THEIRS, CallEvening
from tests.helpline.evening import EIGHT, Evening, definition_in, new_id


@pytest_asyncio.fixture
async def evening(tmp_path: Path) -> AsyncIterator[CallEvening]:
    opened = CallEvening(tmp_path)
    await opened.open()
    yield opened
    await opened.close()


async def asks_in(evening: Evening, chat: str, token: str) -> Contact | None:
    """They ask in the chat, with nothing but a number. Their request beside it, if there is one."""
    asked = Asked(client_id=new_id(), number=THEIRS)
    for _ in range(2):
        await evening.line.call_me(chat, client_id=asked.client_id, number=THEIRS)
        await call_keeping.beside_chat(evening.line, token, chat, asked)
    await evening.settled()
    return await call_keeping.request_of(evening.line, token)


async def test_with_somebody_in_the_chat_who_rings_now_it_is_rung_from_there_in_the_time_there_is(
    evening: CallEvening,
) -> None:
    await evening.on("ania")
    chat = await evening.with_("ania")
    assert await asks_in(evening, chat, evening.token) is None
    calls = evening.fold(chat).calls
    assert (calls.begins_at, calls.soonest) == (EIGHT, True)
    assert (await evening.kinds(chat)).count("call_window") == 1
    assert await evening.shows("ania", chat) == THEIRS


async def test_a_chat_that_ends_before_they_were_rung_is_the_leads_when_the_time_is_over(
    evening: CallEvening,
) -> None:
    await evening.on("ania")
    chat = await evening.with_("ania")
    await asks_in(evening, chat, evening.token)
    await evening.ends("ania", chat)
    ends_at = evening.fold(chat).calls.ends_at
    assert ends_at is not None
    await evening.until(ends_at)
    assert evening.alerts(chat)["call_unkept"] == "lead"


async def test_who_waits_in_the_queue_has_a_request_beside_it_and_both_say_so(evening: CallEvening) -> None:
    chat = await evening.person()
    request = await asks_in(evening, chat, evening.token)
    assert request is not None
    assert (request.channel, request.phase, request.linked) == ("call", "waiting", (chat,))
    assert evening.fold(chat).linked == (request.log,)
    assert evening.fold(chat).phase == "waiting", "asking for a call loses nobody their place"
    shown = evening.line.snapshot()["call_backs"]
    names = {one["contact"]: [other["name"] for other in one["linked"]] for one in shown}
    assert names == {chat: [request.name], request.log: [evening.fold(chat).name]}


async def test_after_the_last_shift_it_is_for_the_next_one_also_with_somebody_in_the_chat(
    evening: CallEvening,
) -> None:
    await evening.on("ania")
    await evening.until(EIGHT + timedelta(hours=5, minutes=20))
    chat = await evening.with_("ania")
    request = await asks_in(evening, chat, evening.token)
    assert request is not None
    assert request.calls.begins_at == EIGHT + timedelta(hours=22)
    await evening.ends("ania", chat)
    await evening.until(EIGHT + timedelta(hours=22))
    assert evening.asked(request.log) == "ania"


async def test_where_nobody_rings_the_chat_alone_keeps_it(tmp_path: Path) -> None:
    evening = await Evening(tmp_path, definition_in(tmp_path)).open()
    chat = await evening.person()
    assert await asks_in(evening, chat, new_id()) is None
    fold = evening.fold(chat)
    assert (fold.asked_call, fold.calls.begins_at, fold.linked) == (True, None, ())
    await evening.close()


async def test_what_is_linked_shows_to_neither_side_of_the_person(evening: CallEvening) -> None:
    chat = await evening.person()
    request = await asks_in(evening, chat, evening.token)
    assert request is not None
    seen, _ = await evening.line.person_events(chat)
    assert [one for one in seen if one["kind"] == "linked"] == []
    assert request.log not in str(seen) + str(evening.line.person_state(chat))


async def test_asking_anew_after_one_was_kept_is_another_linked_with_it(evening: CallEvening) -> None:
    first = await evening.with_request("ania")
    await evening.shows("ania", first)
    await evening.made("ania", first, "talked")
    await evening.ends("ania", first)
    second = await evening.asks()
    assert second != first
    assert evening.fold(second).linked == (first,)
    assert (await evening.line.contact(first)).linked == (second,)
    bodies = [one.body for one in await evening.events(first)]
    assert len([body for body in bodies if isinstance(body, CallMe)]) == 1


async def test_asking_anew_while_it_is_open_is_the_same_contact(evening: CallEvening) -> None:
    first = await evening.asks()
    assert await evening.asks(evening.part(22)) == first
    assert evening.fold(first).linked == ()
