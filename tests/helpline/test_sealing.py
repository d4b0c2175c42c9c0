"""Events in, sealed bytes out: whole with every key, and still in order with any of them destroyed."""

from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.contact import Contact, fold
from helpline.errors import KeyMissing
from helpline.events import KINDS, RETENTION_CLASSES, By, Event, RungSet, Said, Unknown
from helpline.ports import Record
from helpline.sealing import CLASSES, LAYOUTS, Unreadable, open_record, seal_events
from tests.helpline.evening import Evening, new_id
from tests.helpline.kinds import AT, WORDS, event_of
from tests.helpline.test_repeats import whole_life

LOG = "c-00000000000000000000000001"


@pytest.fixture
def keys() -> dict[str, AESGCM]:
    return {name: AESGCM(bytes([n]) * 32) for n, name in enumerate(CLASSES)}


def record(events: list[Event], keys: dict[str, AESGCM], log: str = LOG) -> Record:
    return Record(log, events[0].seq, len(events), seal_events(log, events, keys))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_as_it_went_in(kind: str, keys: dict[str, AESGCM]) -> None:
    event = event_of(kind, 7)
    kept = record([event], keys)
    assert open_record(kept, keys) == [event]
    assert not [word for word in WORDS.values() if word.encode() in kept.body]


@pytest.mark.parametrize("retention", RETENTION_CLASSES)
def test_a_destroyed_class_reads_as_nothing_and_everything_else_stays(
    retention: str, keys: dict[str, AESGCM]
) -> None:
    events = [event_of(kind, seq) for seq, kind in enumerate(KINDS, 1)]
    kept = record(events, keys)
    left = {name: key for name, key in keys.items() if name != retention}
    for before, after in zip(events, open_record(kept, left), strict=True):
        lost = LAYOUTS[before.kind].sealed.get(retention, ())
        assert after == msgspec.structs.replace(
            before, body=msgspec.structs.replace(before.body, **dict.fromkeys(lost))
        )
        assert WORDS[retention] not in str(after)


def test_what_anybody_may_write_in_their_own_words_is_sealed_by_a_class() -> None:
    sealed = {
        (kind, name) for kind, layout in LAYOUTS.items() for names in layout.sealed.values() for name in names
    }
    assert sealed == {
        ("started", "answers"),
        ("feedback", "words"),
        ("call_me", "number"),
        ("handover_left", "handover"),
        ("call_me", "details"),
        ("said", "text"),
        ("corrected", "text"),
        ("prompted", "phrase_id"),
        ("number_given", "number"),
        ("text_trying", "words"),
        ("number_revealed", "reason"),
        ("offered", "reason"),
        ("offer_ended", "reason"),
        ("rung_set", "basis"),
        ("rung_set", "person_said"),
        ("rung_set", "asked"),
        ("rung_set", "wishes"),
        ("attempted", "reference"),
        ("attempt_named", "reference"),
        ("help_checked", "words"),
        ("could_not_be_confirmed", "tried"),
        ("could_not_be_confirmed", "reference"),
        ("decided", "reason"),
        ("seconded", "words"),
        ("consent_asked", "why"),
        ("shared", "whom"),
        ("shared", "what"),
        ("shared", "why"),
        ("track_set", "words"),
        ("follow_up_set", "words"),
        ("task_done", "words"),
        ("lead_asked", "why"),
        ("noted", "fields"),
        ("linked", "why"),
        ("record_corrected", "words"),
        ("checked_out", "handover"),
        ("checked_out", "on_ladder"),
        ("handover_left", "handover"),
        ("rota_changed", "why"),
        ("directory_changed", "why"),
        ("phrases_changed", "why"),
        ("plan_written", "text"),
        ("plan_written", "number"),
        ("plan_written", "digest"),
        ("plan_followed", "why"),
    }


def moved(kept: Record, keys: dict[str, AESGCM]) -> list[tuple[str, Record]]:
    body = kept.body
    return [
        ("to another contact", msgspec.structs.replace(kept, log=LOG[:-1] + "2")),
        ("to another place in the log", msgspec.structs.replace(kept, first_seq=2)),
        (
            "with a byte of the words changed",
            msgspec.structs.replace(kept, body=body[:-20] + b"\0" + body[-19:]),
        ),
        ("cut short", msgspec.structs.replace(kept, body=body[:-1])),
        ("from a newer version", msgspec.structs.replace(kept, body=b"\x02" + body[1:])),
    ]


def test_a_record_that_was_moved_or_changed_does_not_open(keys: dict[str, AESGCM]) -> None:
    kept = record([event_of("said"), event_of("noted", 2)], keys)
    assert len(open_record(kept, keys)) == 2
    for how, other in moved(kept, keys):
        with pytest.raises(Unreadable):
            pytest.fail(f"opened {how}: {open_record(other, keys)}")


def test_words_put_into_another_record_under_the_same_key_do_not_open(keys: dict[str, AESGCM]) -> None:
    one, other = record([event_of("said", 1)], keys), record([event_of("said", 2)], keys)
    frame = keys["frame"]

    def rows(kept: Record) -> list[Any]:
        place = f"{LOG}|{kept.first_seq}|record|frame".encode()
        opened: list[Any] = msgspec.msgpack.decode(frame.decrypt(kept.body[1:13], kept.body[13:], place))
        return opened

    mixed = rows(one)
    mixed[0][6] = rows(other)[0][6]
    place = f"{LOG}|1|record|frame".encode()
    body = b"\x01" + bytes(12) + frame.encrypt(bytes(12), msgspec.msgpack.encode(mixed), place)
    with pytest.raises(Unreadable):
        open_record(msgspec.structs.replace(one, body=body), keys)


def test_another_services_key_opens_nothing(keys: dict[str, AESGCM]) -> None:
    kept = record([event_of("said")], keys)
    with pytest.raises(Unreadable):
        open_record(kept, {**keys, "frame": AESGCM(b"x" * 32)})
    with pytest.raises(Unreadable):
        open_record(kept, {**keys, "words": AESGCM(b"x" * 32)})
    with pytest.raises(KeyMissing):
        record([event_of("said")], {"frame": keys["frame"]})


def test_a_kind_and_a_field_this_version_does_not_know_are_kept_and_passed_on(
    keys: dict[str, AESGCM],
) -> None:
    by = By("supporter", "ania", "Ania")
    newer = Event(seq=1, at=AT, by=by, body=Unknown("moon_seen", {"phase": "full"}), v=3)
    more = Event(seq=2, at=AT, by=by, body=Said("hello", "en"), v=1, extra={"tone": "soft"})
    opened = open_record(record([newer, more], keys), keys)
    assert opened == [newer, more]
    assert open_record(record(opened, keys), keys) == [newer, more]
    there = fold(Contact(LOG), opened)
    assert (there.seq, there.talk) == (2, 1)


async def test_a_whole_contact_folds_with_each_class_destroyed(evening: Evening) -> None:
    contact, _ = await whole_life(evening)
    keys = {name: AESGCM(key) for name, key in (await evening.line.keys.get(contact)).items()}
    records = await evening.line.store.read(contact)
    whole = fold(Contact(contact), [event for kept in records for event in open_record(kept, keys)])
    assert whole == evening.fold(contact)
    assert whole.highest_rung == 3
    for retention in RETENTION_CLASSES:
        left = {name: key for name, key in keys.items() if name != retention}
        events = [event for kept in records for event in open_record(kept, left)]
        poorer = fold(Contact(contact), events)
        assert poorer == msgspec.structs.replace(whole, answers=poorer.answers)
        said = [event.body.text for event in events if event.kind == "said"]  # type: ignore[attr-defined]
        assert all((text is None) == (retention == "words") for text in said)


async def test_once_its_words_are_destroyed_a_contact_still_shows_and_says_they_are_gone(
    evening: Evening,
) -> None:
    contact, _ = await whole_life(evening)
    await evening.close()
    await evening.open()
    await evening.line.keys.destroy(contact, ["words", "note", "safety", "reach"])
    evening.line.logbook._entries.pop(contact)
    assert (await evening.line.contact(contact)).outcome == "talked"
    shown, _ = await evening.line.person_events(contact)
    assert [event["seq"] for event in shown] == list(range(1, len(shown) + 1))
    assert {event["text"] for event in shown if "text" in event} == {None}
    events, _ = await evening.line.staff_events(contact)
    assert all(event["basis"] is None for event in events if event["kind"] == "rung_set")


TELLING = "velvet-hippopotamus"


async def test_nothing_anybody_wrote_no_name_and_no_number_lies_in_clear_on_the_disk(
    evening: Evening,
) -> None:
    await evening.on("ania")
    await evening.on("jo", ready=False)
    line, ania, jo, dev = evening.line, evening.who("ania"), evening.who("jo"), evening.who("dev")
    words = iter(f"{TELLING}-{n}" for n in range(100))
    contact = await evening.person(
        "en", next(words), answers={"name": next(words), "area": "BD3 " + next(words)}
    )
    await evening.says(contact, next(words))
    await line.decline(ania, evening.fold(contact).offer.offer, next(words), new_id())  # type: ignore[union-attr]
    await evening.later(minutes=5)
    await evening.accepts("ania", contact)
    said = await evening.answers("ania", contact, next(words))
    await line.correct(contact, line_by(ania.id, ania.name), said.seq, next(words), new_id())
    body = RungSet(3, 0, next(words), next(words), (next(words),), next(words), client_id=new_id())
    await line.set_rung(ania, contact, body)
    await line.attempt(
        ania, contact, crisis_contact="team", outcome="answered", client_id=new_id(), reference=next(words)
    )
    fields = {"summary": next(words), "plan": next(words)}
    await line.note(ania, contact, version=0, fields=fields, client_id=new_id())
    await line.ask_lead(ania, contact, new_id(), next(words))
    await line.set_rung(jo, contact, RungSet(1, 0, basis=next(words), client_id=new_id()))
    await line.leave_handover(ania, next(words), new_id())
    await evening.on("dev")
    await line.transfer(ania, contact, "dev", new_id(), next(words))
    await evening.settled()
    await evening.accepts("dev", contact)
    details = {"name": next(words), "words": next(words)}
    await line.call_me(contact, client_id=new_id(), number="+441632960199", details=details)
    await line.let_on(jo, "robin", next(words))
    await evening.ends("dev", contact)
    await line.feedback(contact, client_id=new_id(), words=next(words))
    await line.step_out(ania, contact, new_id()) if evening.fold(contact).part("ania") else None
    await line.check_out(ania, client_id=new_id(), alright="yes", handover=next(words))
    await line.watch(jo, contact)
    assert dev.name == "Dev"
    token = new_id()
    await line.start(token, client_id=new_id(), language="en", first_message=next(words))

    def clear() -> list[str]:
        files = [path for path in evening.folder.rglob("*") if path.is_file() and path.suffix != ".toml"]
        assert {"helpline.db", "helpline.db-wal", "keys.db", "service.key"} <= {path.name for path in files}
        secrets = [TELLING, "Full-Name", "960199", "960114", "900111", "Moorside crisis team", token]
        return [
            f"{secret} in {path.name}"
            for path in files
            for secret in secrets
            if secret.encode() in path.read_bytes()
        ]

    assert clear() == []
    # The same words are there for whoever has the keys.
    assert TELLING in str(await line.staff_events(contact))


def line_by(id: str, name: str) -> By:
    return By("supporter", id, name)
