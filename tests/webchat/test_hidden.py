"""Nothing the person's side gets tells that a hidden event happened: no frame, no number, no field."""

from typing import Any

from tests.webchat.conftest import House
from tests.webchat.lines import Line, new_id
from webchat.security import new_token
from webchat.socket_keys import ANNOUNCING


async def _everything_the_person_can_ask(line: Line) -> Any:
    resumed = await line.call("resume", {})
    typed = await line.call("typing", {"on": False})
    return resumed, typed


async def _hidden(
    house: House, desk: Line, board: Line, contact: str
) -> list[tuple[Line, str, dict[str, Any]]]:
    """Everything that may happen to a live contact without the person knowing, as calls."""
    form = house.helpline.definition.note_form.fields
    key = next(field.key for field in form if field.kind == "text")
    of = {"contact": contact}
    return [
        (desk, "note", {"client_id": new_id(), **of, "version": 0, "fields": {key: "worried"}}),
        (desk, "rung", {"client_id": new_id(), **of, "to": 2}),
        (desk, "rung", {"client_id": new_id(), **of, "to": 3}),
        (
            desk,
            "attempt",
            {"client_id": new_id(), **of, "crisis_contact": "emergency", "outcome": "no_answer"},
        ),
        (desk, "ask_lead", {"client_id": new_id(), **of, "why": "unsure"}),
        (board, "watch", dict(of)),
        (board, "unwatch", dict(of)),
        (board, "rung", {"client_id": new_id(), **of, "to": 2, "basis": "calmer"}),
        (board, "panel", dict(of)),
        (desk, "panel", dict(of)),
        (desk, "resume", dict(of)),
    ]


async def test_notes_rungs_attempts_asking_and_watching_leave_no_trace_at_the_persons_side(
    house: House,
) -> None:
    person, desk, contact = await house.together()
    second = await house.on_shift("lou")
    board = await house.board("jo")
    await person.call("say", {"client_id": new_id(), "text": "hello"})
    await person.settled()
    person.forget()
    before = await _everything_the_person_can_ask(person)
    for line, call, body in await _hidden(house, desk, board, contact):
        answer = await line.call(call, body)
        assert "error" not in answer, (call, answer)
        assert await _everything_the_person_can_ask(person) == before, call
    given = await desk.call("transfer", {"client_id": new_id(), "contact": contact, "to": "lou"})
    assert "error" in given or await second.heard("offer")
    await house.helpline.dispatcher.settled()
    assert await _everything_the_person_can_ask(person) == before
    assert person.frames == []
    said = await person.call("say", {"client_id": new_id(), "text": "still with me?"})
    assert said["seq"] == before[0]["seq"] + 1


async def test_being_offered_declined_and_offered_again_looks_like_waiting(house: House) -> None:
    first, second = await house.on_shift("dev"), await house.on_shift("noor")
    for desk in (first, second):
        await desk.call("away", {"reason": "pause"})
    person, started = await house.started("ur")
    await house.helpline.dispatcher.settled()
    await person.settled()
    person.forget()
    before = (await person.call("resume", {}))["state"]
    assert before["phase"] == "waiting"
    for desk in (first, second):
        await desk.call("ready", {})
    offer = await first.heard("offer", lambda one: one["contact"] == started["contact"])
    assert (await person.call("resume", {}))["state"] == before
    await first.call("decline", {"offer": offer["offer"]})
    await second.heard("offer")
    await house.helpline.dispatcher.settled()
    assert (await person.call("resume", {}))["state"] == before
    await person.settled()
    assert person.frames == []


async def test_a_phrase_in_the_words_of_who_waits_sends_them_and_those_before_them_nothing(
    house: House,
) -> None:
    dev = await house.on_shift("dev")
    await dev.call("away", {"reason": "pause"})
    board = await house.board("jo")
    first, _ = await house.started("en")
    second, started = await house.started("en")
    await house.helpline.dispatcher.settled()
    before = [await _everything_the_person_can_ask(line) for line in (first, second)]
    for line in (first, second):
        line.forget()
    said = await second.call("say", {"client_id": new_id(), "text": "I want to die"})
    house.app[ANNOUNCING].tell_queues()
    await house.helpline.dispatcher.settled()
    shown = await board.heard("change", lambda one: one.get("contact", {}).get("prompts"))
    assert (shown["contact"]["contact"], shown["contact"]["position"]) == (started["contact"], 1)
    assert said["seq"] == before[1][0]["seq"] + 1
    after = [await _everything_the_person_can_ask(line) for line in (first, second)]
    assert after[0] == before[0]
    assert after[1][0]["state"] == before[1][0]["state"]
    assert [one["kind"] for one in after[1][0]["events"]] == [
        *(e["kind"] for e in before[1][0]["events"]),
        "said",
    ]
    for line in (first, second):
        await line.settled()
        assert line.frames == []


async def test_seq_of_the_person_counts_only_what_they_may_see(house: House) -> None:
    person, desk, contact = await house.together()
    for rung in (1, 2, 3):
        await desk.call("rung", {"client_id": new_id(), "contact": contact, "to": rung})
    answers = [await person.call("say", {"client_id": new_id(), "text": str(n)}) for n in range(3)]
    events = (await person.call("resume", {}))["events"]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [answer["seq"] for answer in answers] == [len(events) - 2, len(events) - 1, len(events)]
    assert "supporter" not in str([event["by"].get("id") for event in events])


async def test_a_lead_who_only_watches_leaves_no_reading_mark_and_types_unseen(house: House) -> None:
    person, _, contact = await house.together()
    await person.call("say", {"client_id": new_id(), "text": "hello"})
    person.forget()
    lead = await house.desk("jo")
    assert await lead.call("seen", {"contact": contact, "seq": 99}) == {}
    assert await lead.call("typing", {"contact": contact, "on": True}) == {}
    refused = await lead.call("say", {"client_id": new_id(), "contact": contact, "text": "hello"})
    assert refused["error"]["code"] == "not_allowed"
    await person.settled()
    assert person.frames == []


async def test_the_queue_is_told_only_when_its_words_change(house: House) -> None:
    tokens = [new_token() for _ in range(2)]
    mari = await house.on_shift("mari")
    await mari.call("away", {"reason": "pause"})
    first, _ = await house.started("cy", tokens[0])
    second, second_start = await house.started("cy", tokens[1])
    assert second_start["state"]["queue"]["position"] == 2
    announcing = house.app[ANNOUNCING]
    announcing.tell_queues()
    await second.settled()
    assert [name for name, _ in second.frames if name == "queue"] == []
    await first.call("leave", {"quick": False})
    await house.helpline.dispatcher.settled()
    announcing.tell_queues()
    announcing.tell_queues()
    assert (await second.heard("queue"))["position"] == 1
    await second.settled()
    assert len([name for name, _ in second.frames if name == "queue"]) == 1
