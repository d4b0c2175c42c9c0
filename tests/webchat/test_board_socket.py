"""`/board`, call by call, over real sockets."""

from tests.webchat.conftest import House
from tests.webchat.lines import new_id


async def test_the_snapshot_holds_the_whole_evening(house: House) -> None:
    _, _, contact = await house.together()
    mari = await house.on_shift("mari")
    await mari.call("away", {"reason": "pause"})
    _, waiting = await house.started("cy")
    board = await house.board("jo")
    shown = await board.heard("snapshot")
    assert [one["contact"] for one in shown["live"]] == [contact]
    assert [one["contact"] for one in shown["waiting"]] == [waiting["contact"]]
    assert shown["waiting"][0]["position"] == 1
    assert {one["id"] for one in shown["supporters"]} >= {"ania", "dev", "jo"}
    assert shown["figures"]["waiting"] == 1
    assert shown["figures"]["live"] == 1
    assert shown["open"]["web"]["open"] is True


async def test_changes_follow_the_snapshot_and_mere_words_are_none(house: House) -> None:
    board = await house.board("jo")
    person, desk, contact = await house.together()
    await board.heard("change", lambda one: one.get("contact", {}).get("phase") == "offered")
    await board.heard("change", lambda one: one.get("contact", {}).get("phase") == "live")
    await board.heard("change", lambda one: "supporters" in one)
    await board.settled()
    board.forget()
    await person.call("say", {"client_id": new_id(), "text": "hello"})
    await board.settled()
    assert [body for name, body in board.frames if name == "change" and "contact" in body] == []
    await desk.call("close", {"client_id": new_id(), "contact": contact})
    outcome = house.helpline.definition.note_form.outcome.choices[0].key
    await desk.call("wrap_up", {"client_id": new_id(), "contact": contact, "outcome": outcome})
    await board.heard("change", lambda one: one.get("gone") == contact)


async def test_watching_is_silent_read_only_and_audited(house: House) -> None:
    board = await house.board("jo")
    person, desk, contact = await house.together()
    await person.settled()
    await desk.settled()
    person.forget()
    desk.forget()
    before = len(await house.helpline.store.audit_entries())
    watched = await board.call("watch", {"contact": contact})
    assert [event["seq"] for event in watched["events"]] == list(range(1, watched["seq"] + 1))
    assert len(await house.helpline.store.audit_entries()) == before + 1
    await person.call("say", {"client_id": new_id(), "text": "are you there?"})
    assert (await board.heard("event"))["text"] == "are you there?"
    await person.settled()
    await desk.settled()
    assert person.frames == []
    assert [body["kind"] for name, body in desk.frames if name == "event"] == ["said"]
    assert await board.call("unwatch", {"contact": contact}) == {}
    board.forget()
    await person.call("say", {"client_id": new_id(), "text": "and now?"})
    await board.settled()
    assert board.events() == []


async def test_a_lead_joins_where_everybody_can_see_it(house: House) -> None:
    person, desk, contact = await house.together()
    board = await house.board("jo")
    assert "seq" in await board.call("join", {"client_id": new_id(), "contact": contact})
    joined = await person.heard("event", lambda event: event["kind"] == "joined")
    assert joined["by"] == {"role": "lead", "name": "Jo"}
    await desk.heard("contact", lambda one: len(one["summary"]["participants"]) == 2)


async def test_a_lead_takes_over_and_the_desk_of_the_other_lets_go(house: House) -> None:
    person, desk, contact = await house.together()
    lead_desk = await house.on_shift("jo")
    board = await house.board("jo")
    assert "seq" in await board.call("take_over", {"client_id": new_id(), "contact": contact})
    assert (await desk.heard("contact_gone"))["contact"] == contact
    summary = (await lead_desk.heard("contact", lambda one: one["summary"]["contact"] == contact))["summary"]
    assert summary["owner"]["id"] == "jo"
    status = await person.heard("status", lambda one: (one["state"]["supporter"] or {}).get("name") == "Jo")
    assert status["state"]["phase"] == "with_you"


async def test_an_alert_is_acknowledged_once_and_the_second_is_told(house: House) -> None:
    first, second = await house.board("jo"), await house.board("kit")
    line, answer = await house.started()
    await line.call("not_safe", {"client_id": new_id()})
    body = {"contact": answer["contact"], "alert": "not-safe"}
    await second.heard("change", lambda one: one.get("alert", {}).get("alert") == "not-safe")
    assert "seq" in await first.call("acknowledge", {"client_id": new_id(), **body})
    again = await second.call("acknowledge", {"client_id": new_id(), **body})
    assert again["error"]["code"] == "not_now"
    await second.heard("change", lambda one: one.get("alert", {}).get("acknowledged_by") == "jo")


async def test_extra_hands_may_check_in_once_let_on(house: House) -> None:
    desk = await house.desk("robin")
    assert (await desk.call("check_in", {"client_id": new_id()}))["error"]["code"] == "not_allowed"
    board = await house.board("jo")
    assert await board.call("let_on", {"client_id": new_id(), "person": "robin", "why": "a busy night"}) == {}
    assert (await desk.call("check_in", {"client_id": new_id()}))["attendance"]["checked_in"] is True


async def test_the_ladder_can_be_moved_from_the_board_too(house: House) -> None:
    _, desk, contact = await house.together()
    board = await house.board("jo")
    assert "seq" in await board.call("rung", {"client_id": new_id(), "contact": contact, "to": 3})
    body = {"client_id": new_id(), "contact": contact, "crisis_contact": "emergency", "outcome": "answered"}
    assert "seq" in await board.call("attempt", body)
    assert (await board.call("panel", {"contact": contact}))["rung"] == 3
    down = {"client_id": new_id(), "contact": contact, "to": 2, "basis": "with family now"}
    assert "seq" in await board.call("rung", down)
    await desk.heard("contact", lambda one: one["summary"]["rung"] == 2)
