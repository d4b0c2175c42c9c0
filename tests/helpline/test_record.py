"""A contact's record: every kind has its sentence or its reason for none, and nothing that was said is lost or hidden."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helpline.definition import Definition, read_definition
from helpline.events import (
    KINDS,
    PERSON,
    SERVICE,
    Attempted,
    Body,
    By,
    Corrected,
    Event,
    RecordCorrected,
    RungSet,
    RungWithdrawn,
    Said,
    Seen,
    Shared,
    Started,
    Unknown,
    Withdrawn,
)
from helpline.record import SAYINGS, Record, record_of
from helpline.record_sentences import NO_LINE
from helpline.record_words import Clocked, Names, plain, whole_numbers
from helpline.sealing import LAYOUTS
from tests.helpline.kinds import TEAM, WORDS, event_of

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo.toml"
NINE = datetime(2026, 1, 14, 21, 47, tzinfo=UTC)
AMINA, JO = By("supporter", "amina", "Amina"), By("lead", "jo", "Jo")


@pytest.fixture(scope="module")
def names(demo: Definition) -> Names:
    contacts = {("team", 3): TEAM, ("team", 2): TEAM}
    return Names(demo, Clocked("Europe/London"), {"amina": "Amina", "jo": "Jo"}, contacts)


@pytest.fixture(scope="module")
def demo() -> Definition:
    return read_definition(DEMO)


def events(*drafts: tuple[By, Body]) -> list[Event]:
    return [Event(seq=n, at=NINE, by=by, body=body) for n, (by, body) in enumerate(drafts, 1)]


def made(names: Names, *drafts: tuple[By, Body], **more: Any) -> Record:
    return record_of("c-0AMINA", events(*drafts), names, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sentence_or_says_why_it_has_none(kind: str, names: Names) -> None:
    assert (kind in SAYINGS) != (kind in NO_LINE), f"give {kind} a sentence in helpline/record_sentences.py"
    record = record_of("c-0AMINA", [event_of(kind)], names)
    if kind in NO_LINE:
        assert record.entries == ()
        return
    (entry,) = record.entries
    assert entry.text.strip()
    assert not [word for word in WORDS.values() if word in entry.text], "words stand beside, as quotes"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in SAYINGS])
def test_whatever_somebody_wrote_stands_beside_its_sentence(kind: str, names: Names) -> None:
    (entry,) = record_of("c-0AMINA", [event_of(kind)], names).entries
    sealed = [(name, field) for name, fields in LAYOUTS[kind].sealed.items() for field in fields]
    # A number is shown to who rings them and to a lead with a reason, and to nobody who reads the record.
    unshown = {("prompted", "phrase_id"), ("number_given", "number"), ("call_me", "number")}
    for retention, field in sealed:
        if (kind, field) not in unshown:
            assert any(WORDS[retention] in quote.shown for quote in entry.quotes), (kind, field)


def test_a_step_reads_as_who_moved_where_and_why(names: Names) -> None:
    record = made(names, (AMINA, RungSet(3, 1, basis="Pills in hand", person_said="Tonight")))
    (entry,) = record.entries
    assert entry.text == "Amina moved to rung 3, Acting together now."
    assert (
        entry.words == "Amina moved to rung 3, Acting together now. Basis: Pills in hand They said: Tonight"
    )
    assert entry.step
    assert record.ladder_only == record.entries


def test_an_attempt_reads_as_who_was_rung_on_which_line_and_what_came_of_it(names: Names) -> None:
    (entry,) = made(names, (JO, Attempted("team", 2, "answered", reference="Kim, CT 44"))).entries
    assert entry.text == "Rang Moorside crisis team (professional line, version 2): answered. By Jo."
    assert [(one.label, one.text) for one in entry.quotes] == [("Who, and reference", "Kim, CT 44")]
    (emergency,) = made(names, (JO, Attempted("emergency_999", 1, "answered"))).entries
    assert emergency.text == "Rang 999: answered. By Jo."


def test_words_added_to_a_step_are_no_move(names: Names) -> None:
    moved, added, down, back = made(
        names,
        (AMINA, RungSet(2, 0)),
        (AMINA, RungSet(2, 2, basis="Why")),
        (JO, RungSet(1, 2, basis="Calmer")),
        (JO, RungWithdrawn(3, 2)),
    ).entries
    assert added.text.startswith("Amina added words to rung 2")
    assert down.text.startswith("Jo came down to rung 1")
    assert back.text.startswith("Jo took that step back")
    assert [one.step for one in (moved, added, down, back)] == [True, False, True, True]


def test_a_correction_stands_at_its_line_which_stays_struck_through(names: Names) -> None:
    record = made(
        names,
        (PERSON, Said("I am in BD3")),
        (AMINA, Attempted("team", 2, "answered", reference="CT 44")),
        (PERSON, Corrected(1, 1, "I am in BD1")),
        (JO, RecordCorrected(2, "The reference is CT 46")),
        (JO, RecordCorrected(2, "It is CT 47")),
    )
    said, attempt = record.entries
    assert said.struck
    assert said.quotes[0].text == "I am in BD3"
    assert [(one.what, one.by, one.quote.text if one.quote else "") for one in said.changes] == [
        ("corrected", "They", "I am in BD1")
    ]
    assert "CT 44" in attempt.words
    assert [one.quote.text for one in attempt.changes if one.quote] == [
        "The reference is CT 46",
        "It is CT 47",
    ]


def test_words_taken_back_stay_in_the_record_struck_through(names: Names) -> None:
    (said,) = made(names, (PERSON, Said("I have them here")), (PERSON, Withdrawn(1, 1))).entries
    assert said.quotes[0].text == "I have them here"
    assert [(one.what, one.quote) for one in said.changes] == [("withdrawn", None)]


def test_a_correction_of_a_line_that_is_not_there_is_a_line_of_its_own(names: Names) -> None:
    seen, lost = events((SERVICE, Seen(1)), (JO, RecordCorrected(1, "That was me")))
    (entry,) = record_of("c-0AMINA", [seen, lost], names).entries
    assert (entry.seq, entry.quotes[0].text) == (2, "That was me")


def test_words_whose_key_is_gone_are_said_to_be_no_longer_held(names: Names) -> None:
    record = made(
        names,
        (PERSON, Said(None)),
        (AMINA, RungSet(2, 0)),
        (AMINA, RungSet(3, 2)),
        held={"note", "reach"},
    )
    said, step, _ = record.entries
    assert said.words == "They wrote: no longer held"
    assert "Basis: no longer held, if anything was written" in step.words
    with_keys = made(names, (AMINA, RungSet(2, 0)))
    assert with_keys.entries[0].quotes == ()


def test_a_kind_of_a_newer_version_is_listed_and_never_dropped(names: Names) -> None:
    record = made(names, (AMINA, Unknown("lantern_lit", {"of": 1})), (AMINA, Unknown("seen", {})))
    assert [entry.text for entry in record.entries] == [
        "Something that this version does not know: lantern_lit.",
        "Something that this version does not know: seen.",
    ]
    assert {entry.group for entry in record.entries} == {"unknown"}


def test_only_lines_of_ours_may_be_put_right(names: Names) -> None:
    record = made(
        names,
        (PERSON, Started("web", "en", "", "capacity_led/1")),
        (PERSON, Said("hello")),
        (AMINA, Said("hello")),
        (AMINA, RungSet(2, 0)),
        (AMINA, Shared("team", None, "where they are")),
    )
    assert [entry.correctable for entry in record.entries] == [False, False, False, True, True]


def test_a_record_over_a_clock_change_shows_which_half_past_one_it_was() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    clocked = Clocked.between("Europe/London", first, first + timedelta(hours=1))
    assert clocked.time(first) == "01:30 (UTC+1)"
    assert clocked.time(first + timedelta(hours=1)) == "01:30 (UTC+0)"
    plain_night = Clocked.between("Europe/London", NINE, NINE + timedelta(hours=5))
    assert plain_night.time(NINE) == "21:47"
    assert plain_night.short(NINE) == "Wed 14 Jan, 21:47"
    assert Clocked.between("Asia/Kolkata", NINE, NINE).day(NINE) == "Thursday 15 January 2026"


def test_a_name_cannot_turn_a_line_around(names: Names) -> None:
    hostile = By("supporter", "amina", "Am\u202eina\u2066\x07")
    (entry,) = made(names, (hostile, RungSet(1, 0))).entries
    assert entry.text == "Amina moved to rung 1, Asking about safety."
    assert plain("a\u202eb\u2069c\x00d\ud800") == "abcd"


def test_the_halves_of_a_number_stay_in_their_order() -> None:
    assert whole_numbers("07700 900123 or room 4 b") == "07700\u00a0900123 or room 4 b"
