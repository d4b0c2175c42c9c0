"""`/desk`, call by call, over real sockets."""

import pytest

from tests.webchat.conftest import House
from tests.webchat.lines import Line, Refused, new_id


async def test_a_socket_without_a_session_is_refused_with_not_signed_in(house: House) -> None:
    for cookies in ({}, {"staff": "made-up"}):
        with pytest.raises(Refused) as refused:
            await Line.open(house.client, "/desk", cookies=cookies)
        assert refused.value.code == "not_signed_in"


async def test_mine_is_what_a_desk_shows_on_connect(house: House) -> None:
    desk = await house.desk("ania")
    mine = await desk.heard("mine")
    assert mine["me"] == {
        "id": "ania",
        "name": "Ania",
        "roles": ["supporter"],
        "languages": ["pl", "en"],
        "channels": [],
        "capacity": mine["me"]["capacity"],
    }
    assert mine["attendance"]["checked_in"] is False
    assert mine["attendance"]["on_rota"] is True
    assert mine["contacts"] == mine["offers"] == mine["alerts"] == []
    assert mine["lead"]["name"] == "Jo"


async def test_a_shift_from_check_in_to_check_out(house: House) -> None:
    desk = await house.desk("ania")
    checked_in = await desk.call("check_in", {"client_id": new_id(), "sound": True, "notes_read": True})
    assert checked_in["attendance"]["checked_in"] is True
    ready = await desk.call("ready", {"capacity": 100})
    assert ready["capacity"] == (await desk.heard("mine"))["me"]["capacity"]
    assert ready["attendance"]["ready"] is True
    away = await desk.call("away", {"reason": "break"})
    assert (away["attendance"]["ready"], away["attendance"]["reason"]) == (False, "break")
    out = await desk.call("check_out", {"client_id": new_id(), "alright": "yes"})
    assert out["attendance"]["checked_in"] is False


async def test_who_is_not_ready_before_checking_in_is_told_to_check_in(house: House) -> None:
    desk = await house.desk("ania")
    assert (await desk.call("ready", {}))["error"]["code"] == "not_now"


async def test_an_offer_rings_in_every_tab_and_one_accept_silences_all(house: House) -> None:
    cookies = await house.session("ania")
    desk = await house.desk("ania", cookies)
    other_tab = await house.desk("ania", cookies)
    await desk.call("check_in", {"client_id": new_id()})
    await desk.call("ready", {})
    _, started = await house.started("pl", answers={"name": "Ola"})
    offers = [await tab.heard("offer") for tab in (desk, other_tab)]
    assert offers[0] == offers[1]
    assert offers[0]["contact"] == started["contact"]
    assert offers[0]["chose_to_say"]["name"] == "Ola"
    assert 0 < offers[0]["expires_in_ms"] <= 45_000
    accepted = await other_tab.call("accept", {"client_id": new_id(), "offer": offers[0]["offer"]})
    assert accepted["state"]["owner"] == {"id": "ania", "name": "Ania"}
    for tab in (desk, other_tab):
        assert await tab.heard("offer_gone") == {"offer": offers[0]["offer"], "why": "accepted_elsewhere"}
    twice = await desk.call("accept", {"client_id": new_id(), "offer": offers[0]["offer"]})
    assert twice["error"]["code"] == "offer_gone"


async def test_an_accept_sent_twice_with_one_id_is_answered_twice_alike(house: House) -> None:
    desk = await house.on_shift("ania")
    await house.started("pl")
    body = {"client_id": new_id(), "offer": (await desk.heard("offer"))["offer"]}
    first, second = await desk.call("accept", body), await desk.call("accept", body)
    assert first["contact"] == second["contact"]
    assert first["seq"] == second["seq"]


async def test_a_declined_offer_goes_to_the_next_speaker(house: House) -> None:
    first, second = await house.on_shift("dev"), await house.on_shift("noor")
    await house.started("ur")
    offer = await first.heard("offer")
    assert await first.call("decline", {"offer": offer["offer"]}) == {}
    assert await first.heard("offer_gone") == {"offer": offer["offer"], "why": "declined"}
    assert (await second.heard("offer"))["contact"] == offer["contact"]


async def test_both_sides_talk_and_the_author_s_other_tab_gets_the_event(house: House) -> None:
    cookies = await house.session("ania")
    person, desk, contact = await house.together()
    other_tab = await house.desk("ania", cookies)
    answer = await desk.call(
        "say", {"client_id": new_id(), "contact": contact, "text": "cześć", "lang": "pl"}
    )
    shown = await person.heard("event", lambda event: event["kind"] == "said")
    assert shown["text"] == "cześć"
    assert shown["by"] == {"role": "supporter", "name": "Ania"}
    assert "client_id" not in shown
    copy = await other_tab.heard("event", lambda event: event["kind"] == "said")
    assert copy["seq"] == answer["seq"]
    await desk.settled()
    assert desk.events("said") == []
    await person.call("say", {"client_id": new_id(), "text": "hej"})
    assert (await desk.heard("event", lambda event: event["kind"] == "said"))["by"]["role"] == "person"


async def test_three_quick_messages_of_a_supporter_keep_their_order_in_every_contact(house: House) -> None:
    person, desk, contact = await house.together()
    asked = [
        await desk.ask("say", {"client_id": new_id(), "contact": contact, "text": str(n)}) for n in range(20)
    ]
    for answer in asked:
        assert "seq" in await answer
    await person.heard("event", lambda event: event.get("text") == "19")
    assert [event["text"] for event in person.events("said")] == [str(n) for n in range(20)]


async def test_words_cause_no_summary_and_a_rung_does(house: House) -> None:
    person, desk, contact = await house.together()
    await desk.settled()
    desk.forget()
    for n in range(5):
        await person.call("say", {"client_id": new_id(), "text": str(n)})
    await desk.settled()
    assert [name for name, _ in desk.frames] == ["event"] * 5
    await desk.call("rung", {"client_id": new_id(), "contact": contact, "to": 1})
    summary = (await desk.heard("contact"))["summary"]
    assert (summary["contact"], summary["rung"]) == (contact, 1)


async def test_a_note_is_versioned_and_a_conflict_returns_both_sides(house: House) -> None:
    _, desk, contact = await house.together()
    form = house.helpline.definition.note_form.fields
    key = next(field.key for field in form if field.kind == "text")
    first = await desk.call("note", _note(contact, 0, {key: "one"}))
    moved = await desk.call("note", _note(contact, 0, {key: "two"}))
    assert moved["error"]["code"] == "note_moved"
    assert moved["error"]["version"] == first["version"]
    assert moved["error"]["fields"] == {key: "one"}
    second = await desk.call("note", _note(contact, first["version"], {key: "two"}))
    assert second["version"] > first["version"]
    unknown = await desk.call("note", _note(contact, second["version"], {"no such field": "x"}))
    assert unknown["error"]["code"] == "bad_request"


def _note(contact: str, version: int, fields: dict[str, str]) -> dict[str, object]:
    return {"client_id": new_id(), "contact": contact, "version": version, "fields": fields}


async def test_up_the_ladder_an_attempt_and_back_within_a_minute(house: House) -> None:
    _, desk, contact = await house.together()
    up = await desk.call("rung", {"client_id": new_id(), "contact": contact, "to": 3, "person_said": "x"})
    panel = await desk.call("panel", {"contact": contact})
    assert panel["rung"] == 3
    assert panel["emergency"]["number"] == "999"
    attempt = {"client_id": new_id(), "contact": contact, "outcome": "no_answer"}
    tried = await desk.call("attempt", {**attempt, "crisis_contact": panel["suggestion"]})
    assert tried["seq"] > up["seq"]
    await desk.heard("contact", lambda one: len(one["summary"]["attempts"]) == 1)
    refused = await desk.call("rung", {"client_id": new_id(), "contact": contact, "to": 2, "basis": "calmer"})
    assert refused["error"]["code"] == "not_allowed"
    back = await desk.call("rung_withdraw", {"client_id": new_id(), "contact": contact, "of": up["seq"]})
    assert back["seq"] > tried["seq"]


async def test_asking_the_lead_shows_on_the_board_and_is_acknowledged_there(house: House) -> None:
    board = await house.board("jo")
    _, desk, contact = await house.together()
    asked = await desk.call("ask_lead", {"client_id": new_id(), "contact": contact, "why": "unsure"})
    await board.heard("change", lambda one: one.get("alert", {}).get("alert") == asked["alert"])
    body = {"client_id": new_id(), "contact": contact, "alert": asked["alert"]}
    assert "seq" in await board.call("acknowledge", body)
    seen = await desk.heard("alert", lambda alert: alert["acknowledged_by"] == "jo")
    assert seen["alert"] == asked["alert"]


async def test_a_warm_transfer_has_both_in_and_then_one_steps_out(house: House) -> None:
    _, desk, contact = await house.together("en", "dev")
    second = await house.on_shift("lou")
    colleagues = (await desk.call("colleagues", {"contact": contact}))["people"]
    assert [one["id"] for one in colleagues] == ["lou"]
    given = await desk.call(
        "transfer", {"client_id": new_id(), "contact": contact, "to": "lou", "reason": "urdu"}
    )
    offer = await second.heard("offer")
    assert (offer["offer"], offer["transfer"]["from"]) == (given["offer"], "Dev")
    transcript = await second.call("resume", {"contact": contact})
    assert transcript["events"][0]["kind"] == "started"
    await second.call("accept", {"client_id": new_id(), "offer": offer["offer"]})
    both = await desk.heard("contact", lambda one: len(one["summary"]["participants"]) == 2)
    assert both["summary"]["owner"]["id"] == "lou"
    assert await desk.call("step_out", {"client_id": new_id(), "contact": contact}) == {}
    assert (await desk.heard("contact_gone"))["contact"] == contact


async def test_i_must_stop_now_hands_everybody_on_and_the_person_stays_in_our_hands(house: House) -> None:
    person, desk, contact = await house.together()
    assert await desk.call("stop_now", {"client_id": new_id()}) == {"released": [contact]}
    await person.heard("event", lambda event: event["kind"] == "released")
    state = await person.heard("status", lambda one: one["state"]["phase"] == "waiting")
    assert state["state"]["supporter"] is None
    assert (await desk.heard("contact_gone"))["contact"] == contact


async def test_release_close_wrap_up_and_check_out(house: House) -> None:
    person, desk, contact = await house.together()
    refused = await desk.call("check_out", {"client_id": new_id()})
    assert refused["error"]["code"] == "not_now"
    closed = await desk.call("close", {"client_id": new_id(), "contact": contact})
    assert "seq" in closed
    await person.heard("status", lambda one: one["state"]["phase"] == "ended")
    outcome = house.helpline.definition.note_form.outcome.choices[0].key
    wrapped = await desk.call("wrap_up", {"client_id": new_id(), "contact": contact, "outcome": outcome})
    assert "attendance" in wrapped
    await desk.heard("attendance", lambda one: one["slots"] == [])
    assert "attendance" in await desk.call("check_out", {"client_id": new_id()})


async def test_released_to_the_queue_they_are_offered_again_to_somebody_else(house: House) -> None:
    _, desk, contact = await house.together("en", "dev")
    second = await house.on_shift("lou")
    assert await desk.call("release", {"client_id": new_id(), "contact": contact, "to": "queue"}) == {
        "alert": None
    }
    offers = [await one.heard("offer", lambda offer: offer["contact"] == contact) for one in (second,)]
    assert offers[0]["contact"] == contact


async def test_a_supporter_reaches_only_their_own_contacts(house: House) -> None:
    _, _, contact = await house.together()
    stranger = await house.on_shift("lou")
    bodies: dict[str, dict[str, object]] = {
        "resume": {"contact": contact},
        "panel": {"contact": contact},
        "note": _note(contact, 0, {"summary": "x"}),
        "rung": {"client_id": new_id(), "contact": contact, "to": 2},
        "attempt": {
            "client_id": new_id(),
            "contact": contact,
            "crisis_contact": "emergency",
            "outcome": "answered",
        },
        "ask_lead": {"client_id": new_id(), "contact": contact},
        "transfer": {"client_id": new_id(), "contact": contact, "to": "dev"},
        "step_out": {"client_id": new_id(), "contact": contact},
        "colleagues": {"contact": contact},
        "release": {"client_id": new_id(), "contact": contact, "to": "queue"},
        "close": {"client_id": new_id(), "contact": contact},
        "wrap_up": {"client_id": new_id(), "contact": contact, "outcome": "x"},
        "correct": {"client_id": new_id(), "contact": contact, "of": 1, "text": "x"},
        "withdraw": {"client_id": new_id(), "contact": contact, "of": 1},
        "rung_withdraw": {"client_id": new_id(), "contact": contact, "of": 1},
        "typing": {"contact": contact, "on": True},
        "seen": {"contact": contact, "seq": 1},
        "say": {"client_id": new_id(), "contact": contact, "text": "x"},
    }
    for call, body in bodies.items():
        answer = await stranger.call(call, body)
        assert answer.get("error", {}).get("code") in ("not_found", "not_allowed"), (call, answer)
    assert stranger.events() == []


async def test_after_reconnecting_the_desk_is_as_it_was(house: House) -> None:
    _, desk, contact = await house.together()
    await desk.close()
    again = await house.desk("ania")
    mine = await again.heard("mine")
    assert [one["contact"] for one in mine["contacts"]] == [contact]
    assert mine["attendance"]["slots"] == [contact]
    resumed = await again.call("resume", {"contact": contact})
    assert [event["seq"] for event in resumed["events"]] == list(range(1, resumed["seq"] + 1))
    page = await again.call("resume", {"contact": contact, "before": 3, "limit": 1})
    assert [event["seq"] for event in page["events"]] == [2]
    assert page["more"] is True
    assert await again.call("resume", {"contact": contact, "epoch": "old"}) == {"reset": True}
