"""The same call twice: the same `client_id` with the same body gets the first answer, with another body an error."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from helpline.errors import ClientIdReused, OfferGone
from helpline.events import PERSON, Accepted, RungSet
from helpline.talking import Message
from tests.helpline.evening import Evening, new_id


async def test_three_quick_says_of_one_author_are_logged_in_the_order_they_were_called(
    evening: Evening,
) -> None:
    contact = await evening.person("cy", None)
    for _ in range(10):
        answers = await asyncio.gather(
            *[evening.line.say(contact, PERSON, [Message(new_id(), str(n))]) for n in range(3)]
        )
        assert [answer.seq for answer in answers] == sorted(answer.seq for answer in answers)
    texts = [event.body.text for event in await evening.events(contact) if event.kind == "said"]  # type: ignore[attr-defined]
    assert texts == ["0", "1", "2"] * 10


async def test_saying_the_same_with_the_same_id_is_one_message_and_one_answer(evening: Evening) -> None:
    contact = await evening.person("cy", None)
    id = new_id()
    first = await evening.says(contact, "once", id)
    await evening.says(contact, "something else")
    assert await evening.says(contact, "once", id) == first
    with pytest.raises(ClientIdReused):
        await evening.says(contact, "twice", id)
    assert (await evening.kinds(contact)).count("said") == 2


async def test_the_same_say_twice_at_once_is_one_message(evening: Evening) -> None:
    contact = await evening.person("cy", None)
    message = Message(new_id(), "once")
    first, second = await asyncio.gather(
        evening.line.say(contact, PERSON, [message]), evening.line.say(contact, PERSON, [message])
    )
    assert first == second
    assert (await evening.kinds(contact)).count("said") == 1


async def test_an_id_of_the_person_and_the_same_id_of_a_supporter_are_two(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    id = new_id()
    mine = await evening.says(contact, "mine", id)
    theirs = await evening.line.say_to(evening.who("ania"), contact, [Message(id, "theirs")])
    assert theirs.seq == mine.seq + 1


async def test_an_id_used_in_one_contact_gives_nothing_away_in_another(evening: Evening) -> None:
    one, other = await evening.person("cy", None), await evening.person("cy", None)
    id = new_id()
    await evening.says(one, "private", id)
    assert (await evening.says(other, "private", id)).contact == other
    assert (await evening.kinds(other)).count("said") == 1


async def test_a_batch_of_which_a_part_was_kept_keeps_the_rest_and_answers_for_all(evening: Evening) -> None:
    contact = await evening.person("cy", None)
    messages = [Message(new_id(), text) for text in ("one", "two", "three")]
    first = await evening.line.say(contact, PERSON, messages[:1])
    await evening.says(contact, "in between")
    batch = await evening.line.say(contact, PERSON, messages)
    assert (batch.seqs[0], batch.talks[0]) == (first.seq, first.talk)
    assert batch.seqs[1:] == (batch.seq - 1, batch.seq)
    assert await evening.line.say(contact, PERSON, messages) == batch
    assert (await evening.kinds(contact)).count("said") == 4


async def test_a_batch_sent_while_its_first_message_is_still_on_its_way_loses_none(evening: Evening) -> None:
    contact = await evening.person("cy", None)
    for _ in range(10):
        messages = [Message(new_id(), text) for text in ("one", "two", "three")]
        single, batch, again = await asyncio.gather(
            evening.line.say(contact, PERSON, messages[:1]),
            evening.line.say(contact, PERSON, messages),
            evening.line.say(contact, PERSON, messages[1:]),
        )
        assert len(batch.seqs) == 3
        assert single.seq == batch.seqs[0]
        assert again.seqs == batch.seqs[1:]
    kept = [event.body.client_id for event in await evening.events(contact) if event.kind == "said"]  # type: ignore[attr-defined]
    assert len(kept) == len(set(kept)) == 30


async def test_a_batch_with_a_reused_id_keeps_nothing_of_it(evening: Evening) -> None:
    contact = await evening.person("cy", None)
    id = new_id()
    await evening.says(contact, "one", id)
    with pytest.raises(ClientIdReused):
        await evening.line.say(contact, PERSON, [Message(new_id(), "new"), Message(id, "other words")])
    assert (await evening.kinds(contact)).count("said") == 1


async def test_start_repeats_only_for_its_own_token(evening: Evening) -> None:
    id, token = new_id(), new_id()
    first = await evening.line.start(token, client_id=id, language="en", first_message="hello")
    assert (
        await evening.line.start(token, client_id=id, language="en", first_message="hello")
    ).contact == first.contact
    other = await evening.line.start(new_id(), client_id=id, language="en", first_message="hello")
    assert other.contact != first.contact
    assert (await evening.line.contact_of(token), await evening.line.contact_of(new_id())) == (
        first.contact,
        None,
    )


async def test_two_starts_of_one_token_at_once_are_one_contact(evening: Evening) -> None:
    token = new_id()
    answers = await asyncio.gather(
        *[
            evening.line.start(token, client_id=new_id(), language="en", first_message="hello")
            for _ in range(3)
        ]
    )
    await evening.settled()
    assert len({answer.contact for answer in answers}) == 1
    assert [contact.log for contact in evening.line.contacts()] == [answers[0].contact]
    assert {head.log for head in await evening.line.store.heads()} == {
        answers[0].contact,
        "r-rota",
        "d-directory",
        "l-phrases",
    }


Step = Callable[[str], Awaitable[Any]]


async def whole_life(evening: Evening) -> tuple[str, list[tuple[str, Step, str]]]:
    """A contact from its start to its end, and each step of it with the id it had."""
    line = evening.line
    await evening.on("ania")
    await evening.on("jo", ready=False)
    ania, jo, dev = evening.who("ania"), evening.who("jo"), evening.who("dev")
    contact = await evening.person("en", None)
    done: list[tuple[str, Step, str]] = []

    async def take(name: str, step: Step) -> Any:
        id = new_id()
        done.append((name, step, id))
        answer = await step(id)
        await evening.settled()
        return answer

    offer = evening.fold(contact).offer
    assert offer is not None
    await take("decline", lambda id: line.decline(ania, offer.offer, "busy", id))
    await take("not_safe", lambda id: line.not_safe(contact, id))
    await evening.later(minutes=5)
    second = evening.fold(contact).offer
    assert second is not None
    await take("accept", lambda id: line.accept(ania, second.offer, id))
    said = await take("say", lambda id: line.say_to(ania, contact, [Message(id, "hello")]))
    mine = await take("say as the person", lambda id: line.say(contact, PERSON, [Message(id, "hello")]))
    await take("correct", lambda id: line.correct(contact, PERSON, mine.seq, "hallo", id))
    await take("withdraw", lambda id: line.withdraw(contact, PERSON, mine.seq, id))
    await take("rung", lambda id: line.set_rung(ania, contact, RungSet(3, 0, basis="x", client_id=id)))
    alert = evening.fold(contact).alerts[-1].alert
    await take("acknowledge", lambda id: line.acknowledge(jo, contact, alert, id))
    await take(
        "attempt",
        lambda id: line.attempt(ania, contact, crisis_contact="team", outcome="no_answer", client_id=id),
    )
    await take("note", lambda id: line.note(ania, contact, version=0, fields={"summary": "a"}, client_id=id))
    await take("ask_lead", lambda id: line.ask_lead(ania, contact, id, "please"))
    await take("join", lambda id: line.join(jo, contact, id))
    await take("step_out", lambda id: line.step_out(jo, contact, id))
    down = await take("down", lambda id: line.set_rung(jo, contact, RungSet(1, 0, basis="x", client_id=id)))
    await take("rung_withdraw", lambda id: line.withdraw_rung(jo, contact, down.seq, id))
    await take("down", lambda id: line.set_rung(jo, contact, RungSet(1, 0, basis="x", client_id=id)))
    await evening.on("dev")
    await take("transfer", lambda id: line.transfer(ania, contact, "dev", id, "tired"))
    given = evening.fold(contact).offer
    assert given is not None
    await take("accept the transfer", lambda id: line.accept(dev, given.offer, id))
    await take("release", lambda id: line.release(dev, contact, "queue", id))
    await take("take_over", lambda id: line.take_over(jo, contact, id))
    await take("call_me", lambda id: line.call_me(contact, client_id=id, number="+441632960199"))
    await take("close", lambda id: line.close_contact(jo, contact, id))
    await take("wrap_up", lambda id: line.wrap_up(jo, contact, "talked", id))
    await take("feedback", lambda id: line.feedback(contact, client_id=id, listened="yes"))
    assert said.seq
    return contact, done


async def test_every_command_repeated_after_all_the_others_gets_its_first_answer_and_writes_nothing(
    evening: Evening,
) -> None:
    contact, done = await whole_life(evening)
    events = await evening.events(contact)
    by_id = {getattr(event.body, "client_id", ""): event.seq for event in events}
    shifts = {id: evening.shift(id) for id in ("ania", "dev", "jo")}
    for name, step, id in done:
        answer = await step(id)
        await evening.settled()
        if hasattr(answer, "seq") and hasattr(answer, "talk"):
            assert answer.seq == by_id[id], name
        if name == "note":
            assert answer == by_id[id]
        if name == "ask_lead":
            assert answer == next(e.body.alert for e in events if e.kind == "lead_asked")  # type: ignore[attr-defined]
        if name == "transfer":
            assert answer == next(e.body.offer for e in events if e.seq == by_id[id])  # type: ignore[attr-defined]
    assert await evening.events(contact) == events
    assert {id: evening.shift(id) for id in shifts} == shifts


async def test_and_so_it_is_after_a_restart(evening: Evening) -> None:
    contact, done = await whole_life(evening)
    events = await evening.events(contact)
    await evening.close()
    await evening.open()
    # The steps kept hold of the service that was closed, so each is called on the one that is open now.
    accept = next(event for event in events if isinstance(event.body, Accepted))
    offer, accepted_as = accept.body.offer, accept.body.client_id  # type: ignore[attr-defined]
    repeated = await evening.line.accept(evening.who("ania"), offer, accepted_as)
    assert (repeated.seq, repeated.at) == (accept.seq, accept.at)
    note = next(event for event in events if event.kind == "noted")
    version = await evening.line.note(
        evening.who("ania"),
        contact,
        version=0,
        fields={"summary": "a"},
        client_id=note.body.client_id,  # type: ignore[attr-defined]
    )
    assert version == note.seq
    with pytest.raises(OfferGone):
        await evening.line.accept(evening.who("dev"), offer, new_id())
    assert await evening.events(contact) == events
    assert done


async def test_a_reused_id_with_another_body_is_refused_by_every_kind_of_command(evening: Evening) -> None:
    await evening.on("ania")
    contact = await evening.with_("ania", "pl")
    ania, line = evening.who("ania"), evening.line
    rung, note, asked, tried = new_id(), new_id(), new_id(), new_id()
    await line.set_rung(ania, contact, RungSet(1, 0, basis="a", client_id=rung))
    await line.note(ania, contact, version=0, fields={"summary": "a"}, client_id=note)
    await line.ask_lead(ania, contact, asked, "a")
    await line.attempt(ania, contact, crisis_contact="team", outcome="answered", client_id=tried)
    kept = await evening.events(contact)
    again: list[Awaitable[Any]] = [
        line.set_rung(ania, contact, RungSet(2, 0, basis="b", client_id=rung)),
        line.note(ania, contact, version=99, fields={"summary": "b"}, client_id=note),
        line.ask_lead(ania, contact, asked, "b"),
        line.attempt(ania, contact, crisis_contact="team", outcome="refused", client_id=tried),
    ]
    for call in again:
        with pytest.raises(ClientIdReused):
            await call
    assert await evening.events(contact) == kept


async def test_checking_in_and_out_with_the_same_ids_again_is_the_same_shift(evening: Evening) -> None:
    ania, line = evening.who("ania"), evening.line
    came, went = new_id(), new_id()
    first = await line.check_in(ania, client_id=came)
    out = await line.check_out(ania, client_id=went, alright="yes")
    assert await line.check_out(ania, client_id=went, alright="yes") == out
    with pytest.raises(ClientIdReused):
        await line.check_out(ania, client_id=went, alright="no")
    second = await line.check_in(ania, client_id=new_id())
    assert second.log != first.log
    assert (await line.check_in(ania, client_id=came)).log == first.log
    stopped = new_id()
    await line.stop_now(ania, stopped)
    assert await line.stop_now(ania, stopped) == []
