"""`/person`, call by call, over real sockets."""

import asyncio

import pytest

from tests.webchat.conftest import House
from tests.webchat.lines import Line, Refused, new_id
from webchat.security import form_token, new_token


async def test_a_socket_without_a_token_is_refused_with_no_session(house: House) -> None:
    with pytest.raises(Refused) as refused:
        await Line.open(house.client, "/person")
    assert refused.value.code == "no_session"
    assert refused.value.data["error"]["code"] == "no_session"


@pytest.mark.parametrize(
    "auth", [{"token": "short"}, {"token": 7}, "a string", [1], {"token": "a" * 42 + "!"}]
)
async def test_a_token_that_is_no_token_is_refused(house: House, auth: object) -> None:
    with pytest.raises(Refused) as refused:
        await Line.open(house.client, "/person", auth=auth)
    assert refused.value.code == "no_session"


async def test_the_cookie_of_the_page_is_the_token(house: House) -> None:
    token = new_token()
    _, answer = await house.started(token=token)
    line = await Line.open(house.client, "/person", cookies={"night": token})
    assert (await line.call("resume", {}))["events"][0]["contact"] == answer["contact"]
    await line.close()


async def test_start_gives_a_contact_its_name_and_state_and_a_repeat_gives_the_same(house: House) -> None:
    line = await house.person()
    body = {
        "client_id": new_id(),
        "language": "en",
        "first_message": "hello",
        "answers": {"name": "Sam", "feel": 2},
    }
    first = await line.call("start", body)
    again = await line.call("start", body)
    assert first["contact"] == again["contact"]
    assert first["name"] == first["state"]["name"]
    assert first["state"]["phase"] == "waiting"
    seen = (await line.call("resume", {}))["events"]
    assert [event["kind"] for event in seen[:2]] == ["started", "said"]
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


async def test_a_start_from_another_token_never_reaches_the_contact(house: House) -> None:
    body = {"client_id": new_id(), "language": "en", "first_message": "mine alone"}
    mine, theirs = await house.person(), await house.person()
    first = await mine.call("start", body)
    other = await theirs.call("start", body)
    assert first["contact"] != other["contact"]


async def test_a_foreign_token_sees_nothing(house: House) -> None:
    await house.started(first_message="private")
    stranger = await house.person()
    assert await stranger.call("resume", {}) == {"none": True}
    refused = await stranger.call("say", {"client_id": new_id(), "text": "let me in"})
    assert refused["error"]["code"] == "not_found"


async def test_what_is_said_is_acknowledged_and_resume_gives_it_back(house: House) -> None:
    line, _ = await house.started()
    answer = await line.call("say", {"client_id": new_id(), "text": "are you there?"})
    events = (await line.call("resume", {"after": answer["seq"] - 1}))["events"]
    assert events[0]["text"] == "are you there?"
    assert events[0]["seq"] == answer["seq"]
    assert events[0]["at"] == answer["at"]


async def test_the_same_id_with_the_same_words_is_kept_once_and_answered_as_before(house: House) -> None:
    line, _ = await house.started()
    body = {"client_id": new_id(), "text": "once"}
    first, second = await line.call("say", body), await line.call("say", body)
    assert first == second
    said = [event for event in (await line.call("resume", {}))["events"] if event["kind"] == "said"]
    assert [event["text"] for event in said] == ["once"]


async def test_the_same_id_with_other_words_is_client_id_reused(house: House) -> None:
    line, _ = await house.started()
    client_id = new_id()
    await line.call("say", {"client_id": client_id, "text": "one thing"})
    refused = await line.call("say", {"client_id": client_id, "text": "another"})
    assert refused["error"]["code"] == "client_id_reused"
    assert refused["error"]["retry"] == "no"


async def test_four_thousand_characters_are_kept_and_one_more_is_too_long(house: House) -> None:
    line, _ = await house.started()
    assert "seq" in await line.call("say", {"client_id": new_id(), "text": "é" * 4_000})
    refused = await line.call("say", {"client_id": new_id(), "text": "é" * 4_001})
    assert refused["error"]["code"] == "too_long"
    several = {"messages": [{"client_id": new_id(), "text": "x" * 4_001}]}
    assert (await line.call("say", several))["error"]["code"] == "too_long"
    started = await house.person()
    body = {"client_id": new_id(), "language": "en", "first_message": "x" * 4_001}
    assert (await started.call("start", body))["error"]["code"] == "too_long"


async def test_three_quick_messages_are_kept_in_the_order_they_were_sent(house: House) -> None:
    line, _ = await house.started()
    asked = [await line.ask("say", {"client_id": new_id(), "text": str(n)}) for n in range(30)]
    answers = await asyncio.gather(*asked)
    assert [answer["seq"] for answer in answers] == sorted(answer["seq"] for answer in answers)
    said = [event for event in (await line.call("resume", {}))["events"] if event["kind"] == "said"]
    assert [event["text"] for event in said] == [str(n) for n in range(30)]


async def test_what_queued_offline_goes_as_one_and_a_repeat_of_it_changes_nothing(house: House) -> None:
    line, _ = await house.started()
    messages = [{"client_id": new_id(), "text": text} for text in ("one", "two", "three")]
    first = await line.call("say", {"messages": messages})
    assert first["seqs"] == list(range(first["seqs"][0], first["seqs"][0] + 3))
    more = {"messages": [*messages, {"client_id": new_id(), "text": "four"}]}
    second = await line.call("say", more)
    assert second["seqs"][:3] == first["seqs"]
    said = [event["text"] for event in (await line.call("resume", {}))["events"] if event["kind"] == "said"]
    assert said == ["one", "two", "three", "four"]


async def test_the_sending_socket_gets_the_answer_and_the_other_tab_gets_the_event(house: House) -> None:
    token = new_token()
    line, _ = await house.started(token=token)
    other_tab = await house.person(token)
    body = {"client_id": new_id(), "text": "from the first tab"}
    answer = await line.call("say", body)
    event = await other_tab.heard("event", lambda one: one["kind"] == "said")
    assert (event["seq"], event["text"], event["client_id"]) == (
        answer["seq"],
        body["text"],
        body["client_id"],
    )
    await line.settled()
    assert line.events("said") == []


async def test_a_tab_that_was_open_before_the_start_joins_in(house: House) -> None:
    token = new_token()
    early = await house.person(token)
    line, _ = await house.started(token=token)
    await line.call("say", {"client_id": new_id(), "text": "hello both"})
    assert (await early.heard("event", lambda one: one["kind"] == "said"))["text"] == "hello both"


async def test_resume_with_another_epoch_or_past_the_end_resets(house: House) -> None:
    line, answer = await house.started()
    assert await line.call("resume", {"after": 1, "epoch": "another"}) == {"reset": True}
    assert await line.call("resume", {"after": 10_000, "epoch": answer["epoch"]}) == {"reset": True}


async def test_resume_is_paged_forwards_and_backwards(house: House) -> None:
    line, _ = await house.started()
    for n in range(7):
        await line.call("say", {"client_id": new_id(), "text": str(n)})
    everything = await line.call("resume", {"limit": 200})
    last = everything["seq"]
    forwards = await line.call("resume", {"after": last - 5, "limit": 2})
    assert [event["seq"] for event in forwards["events"]] == [last - 4, last - 3]
    assert forwards["more"] is True
    backwards = await line.call("resume", {"before": last + 1, "limit": 3})
    assert [event["seq"] for event in backwards["events"]] == [last - 2, last - 1, last]
    assert backwards["more"] is True


async def test_a_correction_and_a_withdrawal_name_the_message_in_the_persons_numbers(house: House) -> None:
    person, desk, contact = await house.together()
    mine = await person.call("say", {"client_id": new_id(), "text": "wrnog"})
    corrected = await person.call("correct", {"client_id": new_id(), "of": mine["seq"], "text": "wrong"})
    withdrawn = await person.call("withdraw", {"client_id": new_id(), "of": mine["seq"]})
    events = {event["seq"]: event for event in (await person.call("resume", {}))["events"]}
    assert (events[corrected["seq"]]["of"], events[corrected["seq"]]["text"]) == (mine["seq"], "wrong")
    assert events[withdrawn["seq"]]["of"] == mine["seq"]
    theirs = await desk.call("say", {"client_id": new_id(), "contact": contact, "text": "not yours"})
    assert "seq" in theirs
    there = await person.heard("event", lambda event: event.get("text") == "not yours")
    refused = await person.call("correct", {"client_id": new_id(), "of": there["seq"], "text": "mine now"})
    assert refused["error"]["code"] == "not_allowed"
    absent = await person.call("withdraw", {"client_id": new_id(), "of": 9_999})
    assert absent["error"]["code"] == "not_found"


async def test_not_safe_is_answered_with_the_state_and_the_lead_hears_of_it(house: House) -> None:
    board = await house.board("jo")
    line, answer = await house.started()
    pressed = await line.call("not_safe", {"client_id": new_id()})
    assert pressed["state"]["not_safe"] is True
    alert = (await board.heard("change", lambda one: one.get("alert", {}).get("what") == "not_safe"))["alert"]
    assert alert["contact"] == answer["contact"]


async def test_a_language_nobody_speaks_gets_an_honest_choice(house: House) -> None:
    await house.on_shift("lou")
    line, _ = await house.started("tr")
    asked = await line.heard("event", lambda event: event["kind"] == "choice_asked")
    assert asked["why"] == "no_speaker"
    assert "language:en" in asked["options"]
    chosen = await line.call("choose", {"client_id": new_id(), "choice": "language:en"})
    assert chosen["state"]["choice"] is None
    refused = await line.call("choose", {"client_id": new_id(), "choice": "language:en"})
    assert refused["error"]["code"] == "not_now"


async def test_a_call_back_is_kept_with_a_number_as_people_write_it(house: House) -> None:
    board = await house.board("jo")
    line, _ = await house.started()
    kept = await line.call("call_me", {"client_id": new_id(), "number": "01632 960 123", "safe_name": True})
    assert "seq" in kept
    await board.heard("change", lambda one: one.get("contact", {}).get("call_me") is True)
    refused = await line.call("call_me", {"client_id": new_id(), "number": "not a number"})
    assert refused["error"]["code"] == "bad_request"


async def test_feedback_is_taken_and_each_part_may_be_left_out(house: House) -> None:
    line, _ = await house.started()
    assert "at" in await line.call("feedback", {"client_id": new_id(), "feel_after": 4})
    assert "at" in await line.call(
        "feedback", {"client_id": new_id(), "listened": "yes", "words": "thank you"}
    )


async def test_after_a_quick_exit_the_token_is_dead_and_every_tab_is_off_the_line(house: House) -> None:
    token = new_token()
    line, _ = await house.started(token=token)
    other_tab = await house.person(token)
    assert await line.call("leave", {"quick": True}) == {}
    await line.closed()
    await other_tab.closed()
    again = await house.person(token)
    assert await again.call("resume", {}) == {"none": True}


async def test_after_starting_afresh_on_the_page_no_other_tab_stays_in_the_old_chat(house: House) -> None:
    token = new_token()
    line, _ = await house.started(token=token)
    fields = {"csrf": form_token(token), "client_id": new_id()}
    page = house.client.post("/chat/afresh", data=fields, cookies={"night": token}, allow_redirects=False)
    async with page as response:
        assert response.status == 303
        assert response.cookies["night"].value != token
    await line.closed()


async def test_leaving_plainly_ends_it_and_writing_again_opens_it_again(house: House) -> None:
    line, answer = await house.started()
    await line.call("leave", {"quick": False, "client_id": new_id()})
    assert (await line.call("resume", {}))["state"]["phase"] == "ended"
    back = await line.call("say", {"client_id": new_id(), "text": "one more thing"})
    assert "seq" in back
    resumed = await line.call("resume", {})
    assert resumed["state"]["phase"] == "waiting"
    assert resumed["events"][0]["contact"] == answer["contact"]


async def test_typing_and_reading_are_shown_to_the_other_side(house: House) -> None:
    person, desk, contact = await house.together()
    assert await person.call("typing", {"on": True}) == {}
    assert (await desk.heard("typing"))["on"] is True
    assert await desk.call("typing", {"contact": contact, "on": True}) == {}
    assert await person.heard("typing") == {"on": True, "name": "Ania"}
    said = await desk.call("say", {"client_id": new_id(), "contact": contact, "text": "hello"})
    shown = await person.heard("event", lambda event: event.get("text") == "hello")
    await person.call("seen", {"seq": shown["seq"]})
    assert await desk.heard("seen") == {"contact": contact, "seq": said["seq"]}
    mine = await person.call("say", {"client_id": new_id(), "text": "hi"})
    arrived = await desk.heard("event", lambda event: event.get("text") == "hi")
    await desk.call("seen", {"contact": contact, "seq": arrived["seq"]})
    assert await person.heard("seen") == {"seq": mine["seq"]}


async def test_the_person_is_told_who_is_with_them_by_shown_name_only(house: House) -> None:
    person, _, _ = await house.together()
    state = (await person.heard("status", lambda one: one["state"]["phase"] == "with_you"))["state"]
    assert state["supporter"]["name"] == "Ania"
    accepted = person.events("accepted")[0]
    assert set(accepted["by"]) == {"role", "name"}
