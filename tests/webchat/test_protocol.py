"""The examples of docs/protocol.md, held against one evening of a running service: the same fields, no more, no fewer."""

from typing import Any

from helpline import call_keeping
from helpline.call_keeping import Asked
from tests.test_documents import PROTOCOL, examples_in, section
from tests.webchat.conftest import House
from tests.webchat.lines import Json, Line, new_id
from webchat.socket_keys import ANNOUNCING

# Maps whose keys are anybody's, and what a summary on the board has besides.
OPEN_MAPS = {"answers", "chose_to_say", "fields", "open"}
WHILE_WAITING = {"position", "offered_to"}
SHAPES = {one["shape"]: one["is"] for one in examples_in(PROTOCOL.read_text()) if "shape" in one}


def differences(example: Any, real: Any, where: str) -> list[str]:
    """Where a real answer has other fields than its example. Null stands for anything; so does an empty list."""
    if isinstance(example, str) and example.startswith("<"):
        name = example.strip("<>")
        if name == "event":
            return [] if {"contact", "seq", "at", "kind", "by"} <= set(real) else [f"{where}: no event"]
        return differences(SHAPES[name], real, f"{where} <{name}>")
    if example is None or real is None:
        return []
    if isinstance(example, list):
        if not isinstance(real, list):
            return [f"{where}: no list"]
        return differences(example[0], real[0], f"{where}[0]") if example and real else []
    if not isinstance(example, dict):
        return [] if type(example) is type(real) else [f"{where}: {real!r} is no {type(example).__name__}"]
    if not isinstance(real, dict):
        return [f"{where}: no object"]
    if where.rpartition(".")[2] in OPEN_MAPS:
        return []
    besides = WHILE_WAITING if where.endswith("<summary>") else set()
    other = set(example) ^ set(real) - besides
    found = [f"{where}: {sorted(other)}"] if other else []
    for name in set(example) & set(real):
        found += differences(example[name], real[name], f"{where}.{name}")
    return found


class Watched:
    """What each namespace answered and pushed in the course of an evening."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], list[Json]] = {}
        self.lines: list[Line] = []

    async def call(self, line: Line, name: str, body: Json, *, once: bool = True) -> Json:
        sent = {"client_id": new_id(), **body} if once else body
        answer: Json = await line.call(name, sent)
        assert "error" not in answer, (name, answer)
        self.answers.setdefault((line.namespace, name), []).append(answer)
        return answer

    def pushed(self, namespace: str, name: str) -> list[Any]:
        return [
            body
            for line in self.lines
            for heard, body in line.frames
            if line.namespace == namespace and heard == name
        ]


async def talked(seen: Watched, person: Line, desk: Line, contact: str) -> None:
    said = await seen.call(person, "say", {"text": "Jesteś tam?"})
    await seen.call(person, "correct", {"of": said["seq"], "text": "Jest tam ktoś?"})
    await seen.call(person, "withdraw", {"of": said["seq"]})
    several = {"messages": [{"client_id": new_id(), "text": text} for text in ("raz", "dwa")]}
    await seen.call(person, "say", several, once=False)
    said = await seen.call(desk, "say", {"contact": contact, "text": "Jestem."})
    await seen.call(desk, "correct", {"contact": contact, "of": said["seq"], "text": "Jestem tu."})
    await seen.call(desk, "withdraw", {"contact": contact, "of": said["seq"]})
    for line, more in ((person, {}), (desk, {"contact": contact})):
        await seen.call(line, "typing", {"on": True, **more}, once=False)
    await seen.call(person, "seen", {"seq": 6}, once=False)
    await seen.call(desk, "seen", {"contact": contact, "seq": 6}, once=False)
    await seen.call(desk, "note", {"contact": contact, "version": 0, "fields": {"summary": "Cannot sleep."}})
    moved = await desk.call(
        "note", {"client_id": new_id(), "contact": contact, "version": 0, "fields": {"summary": "Other."}}
    )
    seen.answers["/desk", "note"].append(moved)


async def prompted_by(seen: Watched, person: Line, desk: Line, text: str) -> int:
    """The person writes a phrase of the list; the seq of the prompt their supporter gets."""
    await seen.call(person, "say", {"text": text})
    words = await desk.heard("event", lambda one: one.get("text") == text)
    prompt = await desk.heard("event", lambda one: one["kind"] == "prompted" and one["of"] == words["seq"])
    return int(prompt["seq"])


async def climbed(seen: Watched, person: Line, desk: Line, board: Line, contact: str) -> None:
    for one, text in ((desk, "Chcę umrzeć"), (board, "Nie chcę żyć")):
        prompt = await prompted_by(seen, person, desk, text)
        await seen.call(one, "prompt_false", {"contact": contact, "of": prompt})
    await seen.call(person, "not_safe", {})
    pressed = await seen.call(desk, "rung", {"contact": contact, "to": 2})
    await seen.call(desk, "rung_withdraw", {"contact": contact, "of": pressed["seq"]})
    up = await seen.call(board, "rung", {"contact": contact, "to": 4, "basis": "999 is right"})
    await seen.call(board, "rung_withdraw", {"contact": contact, "of": up["seq"]})
    await seen.call(board, "rung", {"contact": contact, "to": 3, "basis": "as the lead sees it"})
    panel = await seen.call(desk, "panel", {"contact": contact}, once=False)
    await seen.call(board, "panel", {"contact": contact}, once=False)
    tried = {"contact": contact, "crisis_contact": panel["suggestion"], "outcome": "no_answer"}
    await seen.call(desk, "attempt", tried)
    await seen.call(board, "attempt", {**tried, "outcome": "answered"})
    asked = await seen.call(desk, "ask_lead", {"contact": contact, "why": "my first time"})
    await seen.call(board, "acknowledge", {"contact": contact, "alert": asked["alert"]})


async def in_an_emergency(seen: Watched, desk: Line, board: Line, contact: str) -> None:
    """To rung 4 and out of it by both its ends, from desk and board in turn."""
    here: Json = {"contact": contact}
    crew = {**here, "crisis_contact": "emergency_999", "outcome": "answered"}
    tried = {**here, "tried": "Rang 999 twice and the hospital", "reference": "CAD 1234"}
    await seen.call(board, "rung", {**here, "to": 4, "basis": "999 is right"})
    for one, other in ((desk, board), (board, desk)):
        rang = await seen.call(one, "attempt", crew)
        await seen.call(one, "name_attempt", {**here, "of": rang["seq"], "reference": "CAD 1234"})
        await seen.call(one, "consent", {**here, "answer": "refused", "why": "Afraid of losing the flat"})
        made = await seen.call(one, "decide", {**here, "what": "share", "reason": "They cannot keep safe"})
        await seen.call(other, "decide", {**here, "what": "share", "of": made["seq"]})
        await seen.call(one, "share", {**here, "whom": "The crew", "what": "Where they are"})
        await seen.call(one, "track", {**here, "track": "S", "on": True, "words": "A child sleeps next door"})
        await seen.call(one, "confirm_help", {**here, "reached": False, "words": "Ten minutes away"})
        signed = await seen.call(one, "cannot_confirm", tried)
        await seen.call(other, "countersign", {**here, "of": signed["seq"]})
        panel = await seen.call(one, "panel", here, once=False)
        when = panel["follow_up_times"][0]
        await seen.call(one, "follow_up", {**here, **when, "channel": "call", "safe": True})


async def rung_back(seen: Watched, house: House, person: Line, desk: Line, board: Line, contact: str) -> None:
    """They ask to be rung in the middle of the chat, and are."""
    await seen.call(person, "call_me", {"number": "07700 900123", "safe_text": True})
    await seen.call(desk, "call", {"contact": contact}, once=False)
    await seen.call(desk, "own_number", {"number": "07700 900456"}, once=False)
    house.helpline.rings = True
    await seen.call(desk, "call_ring", {"contact": contact})
    await seen.call(desk, "call_made", {"contact": contact, "outcome": "talked"})
    await seen.call(desk, "call_number", {"contact": contact})
    await seen.call(board, "reveal", {"contact": contact, "reason": "The ambulance asks for it"})


async def planned(seen: Watched, person: Line, desk: Line, contact: str) -> None:
    """A crisis plan, written, kept and read from both sides, and deleted by the person."""
    plan: Json = {}
    for line, more in ((desk, {"contact": contact}), (person, {})):
        begun = await seen.call(line, "plan_begin", {**more, "sort": "crisis"})
        plan = {**more, "plan": begun["plan"]["plan"]}
        whom = {**plan, "part": "ring", "line": new_id(), "text": "Sam", "number": "07700 900123"}
        wrote = await seen.call(line, "plan_write", {**whom, "saw": 0, "may_ring": "yes"})
        await line.heard("plan", lambda frame: frame["plan"]["lines"])
        await seen.call(line, "plan", more, once=False)
        await seen.call(line, "plan_keep", {**plan, "keep": True})
        await seen.call(line, "plan_review", plan)
        out = {**plan, "line": whom["line"], "saw": wrote["seq"]}
        await seen.call(line, "plan_take_out", out)
    await seen.call(desk, "plan_followed", {**plan, "contact": contact, "how": "partly", "why": "It rained"})
    await seen.call(person, "plan_copy", {**plan, "how": "printed"})
    await seen.call(person, "plan_forget", plan)


async def handed_on(seen: Watched, desk: Line, lead: Line, board: Line, contact: str) -> None:
    await seen.call(desk, "colleagues", {"contact": contact}, once=False)
    await seen.call(lead, "ready", {}, once=False)
    given = await seen.call(desk, "transfer", {"contact": contact, "to": "jo", "reason": "my shift ends"})
    await lead.heard("offer", lambda one: one["offer"] == given["offer"])
    await seen.call(lead, "accept", {"offer": given["offer"]})
    await seen.call(desk, "step_out", {"contact": contact})
    await seen.call(board, "unwatch", {"contact": contact}, once=False)
    await seen.call(desk, "task_done", {"contact": contact, "task": "debrief-ania", "how": "done"})
    await seen.call(lead, "close", {"contact": contact})
    await seen.call(board, "task_done", {"contact": contact, "task": "debrief-jo", "how": "later"})
    await seen.call(lead, "wrap_up", {"contact": contact, "outcome": "talked"})


async def went_home(seen: Watched, house: House, desk: Line, board: Line) -> None:
    """Two more who came: one let go and taken over, one declined; and a shift that ends twice."""
    lines = []
    for call in ("accept", "decline"):
        line, started = await house.started("pl")
        lines.append(line)
        offer = await desk.heard("offer", lambda one, id=started["contact"]: one["contact"] == id)  # type: ignore[misc]
        await seen.call(desk, call, {"offer": offer["offer"]})
    mine = [body["contact"] for body in desk.events("accepted")][-1]
    await seen.call(board, "join", {"contact": mine})
    await seen.call(board, "take_over", {"contact": mine})
    await seen.call(desk, "away", {"reason": "break"}, once=False)
    await seen.call(desk, "stop_now", {})
    await seen.call(desk, "check_in", {"sound": True})
    await seen.call(desk, "check_out", {"alright": "yes", "handover": "The kettle is new."})
    await lines[1].call("leave", {"quick": False})
    seen.lines += lines


async def test_every_example_has_the_fields_of_a_real_evening(house: House) -> None:
    seen = Watched()
    jo = await house.session("jo")
    lead = await house.desk("jo", jo)
    await seen.call(lead, "check_in", {"sound": True, "notes_read": True})
    board, desk, person = await house.board("jo"), await house.desk("ania"), await house.person()
    seen.lines += [lead, board, desk, person]
    begun = await seen.call(
        person, "start", {"language": "pl", "first_message": "Hej", "answers": {"area": "BD1", "feel": 2}}
    )
    contact = begun["contact"]
    asked = await person.heard("event", lambda event: event["kind"] == "choice_asked")
    await seen.call(person, "choose", {"choice": asked["options"][0]})
    await seen.call(desk, "check_in", {"sound": True, "notes_read": True})
    await seen.call(desk, "ready", {"channels": ["web"], "capacity": 2}, once=False)
    offer = await desk.heard("offer")
    await seen.call(desk, "accept", {"offer": offer["offer"]})
    await seen.call(board, "watch", {"contact": contact, "after": 0, "limit": 3}, once=False)
    await seen.call(desk, "resume", {"contact": contact, "after": 0}, once=False)
    await talked(seen, person, desk, contact)
    await planned(seen, person, desk, contact)
    await rung_back(seen, house, person, desk, board, contact)
    await climbed(seen, person, desk, board, contact)
    await in_an_emergency(seen, desk, board, contact)
    await handed_on(seen, desk, lead, board, contact)
    await seen.call(person, "feedback", {"listened": "yes", "words": "Dziękuję."})
    await seen.call(person, "resume", {"after": 0, "limit": 200}, once=False)
    await went_home(seen, house, desk, board)
    await seen.call(board, "let_on", {"person": "noor", "why": "a busy night"})
    third = await house.on_shift("ania")
    line, started = await house.started("pl")
    seen.lines += [third, line]
    offer = await third.heard("offer", lambda one: one["contact"] == started["contact"])
    await third.call("accept", {"client_id": new_id(), "offer": offer["offer"]})
    await seen.call(third, "release", {"contact": started["contact"], "to": "lead"})
    await seen.call(board, "back_to_queue", {"contact": started["contact"]})
    await seen.call(third, "handover", {"text": "7HB2 may write again."})
    fleeting, _ = await house.started("en")
    await seen.call(fleeting, "leave", {"quick": True})
    await rang_back(seen, house)
    house.app[ANNOUNCING].phone_silent(house.helpline.clock.now())
    house.app[ANNOUNCING].nodes_stand()
    for name in ("gone", "figures", "supporters", "open", "handover", "phone", "nodes"):
        await board.heard("change", lambda change, name=name: name in change)  # type: ignore[misc]
    found = []
    for namespace in ("/person", "/desk", "/board"):
        for example in examples_in(section(namespace)):
            found += against(seen, namespace, example)
    assert not found, "\n".join(found)


async def rang_back(seen: Watched, house: House) -> None:
    """Somebody asks to be rung; who takes it rings by the phone line, sees the number, says how it went."""
    mari = await house.on_shift("mari")
    seen.lines.append(mari)
    asked = Asked(client_id=new_id(), number="+441632960123", details={"name": "Ola"})
    request = await call_keeping.ask(house.helpline, new_id(), "cy", asked)
    offer = await mari.heard("offer", lambda one: one["contact"] == request.log)
    await mari.call("accept", {"client_id": new_id(), "offer": offer["offer"]})
    await seen.call(mari, "call", {"contact": request.log}, once=False)
    await seen.call(mari, "own_number", {"number": "07700 900456"}, once=False)
    house.helpline.rings = True
    await seen.call(mari, "call_ring", {"contact": request.log})
    await seen.call(mari, "call_number", {"contact": request.log})
    await seen.call(mari, "call_made", {"contact": request.log, "outcome": "talked"})
    await seen.call(mari, "call_agreed", {"contact": request.log})


def against(seen: Watched, namespace: str, example: Json) -> list[str]:
    """An example must fit one real answer, or one real frame, of its name."""
    if "call" in example:
        where, shown = f"{namespace} {example['call']}", example["answer"]
        real: list[Any] = seen.answers.get((namespace, example["call"]), [])
    elif "push" in example and example["push"] != "queue":  # every ten seconds at most
        where, shown = f"{namespace} ← {example['push']}", example["body"]
        real = seen.pushed(namespace, example["push"])
    else:
        return []
    if not real:
        return [f"{where}: did not happen"]
    return min((differences(shown, one, where) for one in real), key=len)
