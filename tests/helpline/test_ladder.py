"""The risk ladder suggests who to ring next, always somebody, and never stands in the way."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpline.directory import EMERGENCY, ROLES, CrisisContact
from helpline.ladder import (
    CLOCKS,
    Attempt,
    Outcome,
    Suggestion,
    default_ladder,
    last_attempt,
    listed,
    next_step,
    panel,
)
from rota.hours import Hours, OpeningHours
from rota.hours_entry import read_hours

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
CHECKED, LAPSED = TODAY, TODAY - timedelta(days=1)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def hours(span: str) -> Hours:
    raw = {"zone": "Europe/London", "channels": {"ring": {"week": {"every_day": [span]}}}}
    read = read_hours(raw, channels=("ring",))
    assert isinstance(read, OpeningHours)
    return read.hours


BY_DAY, BY_NIGHT = hours("09:00-17:00"), hours("20:00-08:00")


def contact(id: str, role: str = "crisis_team", **changes: Any) -> CrisisContact:
    fields: dict[str, Any] = {
        "id": id,
        "name": id,
        "role": role,
        "number": "01632 960114",
        "verify_by": CHECKED,
    }
    return CrisisContact(**(fields | changes))


def tried(id: str, outcome: Outcome = "no_answer", version: int = 1, minutes_ago: int = 5) -> Attempt:
    return Attempt(id, version, outcome, NOON - timedelta(minutes=minutes_ago))


STEPS = ("lead", "crisis_team", "nhs_111", EMERGENCY)


def test_the_first_open_checked_untried_contact_is_suggested() -> None:
    contacts = (contact("jo", "lead"), contact("team"))
    assert next_step(3, STEPS, contacts, [], NOON) == Suggestion(contacts[0], "first")
    assert next_step(3, STEPS, contacts, [tried("jo")], NOON) == Suggestion(contacts[1], "first")


def test_a_closed_contact_keeps_its_place_but_is_not_suggested() -> None:
    closed = contact("a", hours=BY_NIGHT)
    assert next_step(3, STEPS, (closed, contact("b")), [], NOON).contact.id == "b"
    assert next_step(3, STEPS, (closed, contact("b")), [], NOON.replace(hour=22)).contact.id == "a"


def test_a_stale_contact_is_suggested_only_when_no_checked_one_is_left() -> None:
    stale = contact("a", verify_by=LAPSED)
    assert next_step(3, STEPS, (stale, contact("b")), [], NOON).contact.id == "b"
    after_999 = [tried("b"), tried(EMERGENCY)]
    assert next_step(3, STEPS, (stale, contact("b")), after_999, NOON) == Suggestion(stale, "stale")


def test_below_rung_three_the_last_step_is_to_go_up_and_ask() -> None:
    suggestion = next_step(1, ("lead", "ask_up"), (), [], NOON)
    assert (suggestion.contact.role, suggestion.why) == ("ask_up", "first")


@pytest.mark.parametrize("rung", [3, 4])
def test_from_rung_three_a_list_without_an_emergency_step_still_ends_with_one(rung: int) -> None:
    assert next_step(rung, (), (), [], NOON).contact.number == "999"
    assert next_step(rung, ("crisis_team",), (contact("a"),), [tried("a")], NOON).contact.number == "999"


def test_a_fallback_follows_its_contact_and_a_ring_of_them_ends() -> None:
    a, b, c = (
        contact("a", fallback="b"),
        contact("b", "amhp", fallback="c"),
        contact("c", "amhp", fallback="a"),
    )
    assert [each.id for each in listed(("crisis_team", EMERGENCY), (c, b, a))] == ["a", "b", "c", EMERGENCY]


def test_within_a_role_the_lowest_order_comes_first() -> None:
    contacts = (contact("a", order=2), contact("b", order=1), contact("c", order=1))
    assert [each.id for each in listed(("crisis_team",), contacts)] == ["b", "c", "a"]


def test_a_wrong_number_that_was_changed_since_may_be_tried_again() -> None:
    changed = contact("a", version=2)
    assert next_step(3, STEPS, (changed,), [tried("a", "wrong_number", version=1)], NOON).contact.id == "a"
    assert next_step(3, STEPS, (changed,), [tried("a", "wrong_number", version=2)], NOON).contact.id != "a"
    # Somebody who did not answer does not answer because their hours were edited.
    assert next_step(3, STEPS, (changed,), [tried("a", "no_answer", version=1)], NOON).contact.id != "a"


def test_the_day_of_a_verify_by_date_is_the_services_own() -> None:
    # 23:30 UTC in July is already the next day in London.
    late = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    contacts = (contact("a", verify_by=date(2026, 7, 1)),)
    assert next_step(3, STEPS, contacts, [], late, "Europe/London").contact.id == EMERGENCY
    assert next_step(3, STEPS, contacts, [], late, "America/New_York").contact.id == "a"


ROLE = st.sampled_from(["lead", "on_call", "crisis_team", "nhs_111", EMERGENCY, "ask_up"])
CONTACT = st.builds(
    contact,
    id=st.sampled_from("abcdef"),
    role=ROLE,
    hours=st.sampled_from([None, BY_DAY, BY_NIGHT]),
    verify_by=st.sampled_from([None, CHECKED, LAPSED]),
    order=st.integers(0, 2),
    version=st.integers(1, 2),
)
CONTACTS = st.lists(CONTACT, max_size=6, unique_by=lambda each: each.id)
ATTEMPTS = st.lists(
    st.builds(
        tried, st.sampled_from("abcdef"), st.sampled_from(OUTCOMES), st.integers(1, 2), st.integers(0, 60)
    ),
    max_size=6,
)

# The table: hours × verify-by × attempt → may it be suggested, and when. Read at noon.
OPEN_AT_NOON = {None: True, BY_DAY: True, BY_NIGHT: False}
IS_CHECKED = {CHECKED: True, LAPSED: False}


def by_the_table(each: CrisisContact, attempts: list[Attempt]) -> str:
    """`first`, `stale` or `no`, from the table alone."""
    for attempt in attempts:
        if attempt.crisis_contact == each.id:
            replaced = attempt.outcome == "wrong_number" and attempt.version != each.version
            if not replaced:
                return "no"
    if not OPEN_AT_NOON[each.hours]:
        return "no"
    if each.verify_by is None:
        return "first" if each.role in ("nhs_111", EMERGENCY, "ask_up") else "stale"
    return "first" if IS_CHECKED[each.verify_by] else "stale"


@given(st.integers(0, 4), st.lists(ROLE, max_size=5), CONTACTS, ATTEMPTS)
def test_the_suggestion_is_the_tables(
    rung: int, steps: list[str], contacts: list[CrisisContact], attempts: list[Attempt]
) -> None:
    if rung >= 3 and EMERGENCY not in steps:
        steps = [*steps, EMERGENCY]
    in_order: list[CrisisContact] = []
    for role in steps:
        of_role = sorted(
            (each for each in contacts if each.role == role), key=lambda each: (each.order, each.id)
        )
        if not of_role and role == EMERGENCY:
            of_role = [contact(EMERGENCY, EMERGENCY, number="999")]
        if not of_role and role == "ask_up":
            of_role = [contact("ask_up", "ask_up", number="")]
        in_order += [each for each in of_role if each.id not in {seen.id for seen in in_order}]
    verdicts = [(each.id, by_the_table(each, attempts)) for each in in_order]
    expected = next((row for wanted in ("first", "stale") for row in verdicts if row[1] == wanted), None)

    suggestion = next_step(rung, steps, contacts, attempts, NOON)
    if expected is not None:
        assert (suggestion.contact.id, suggestion.why) == expected
    else:
        assert (suggestion.contact.role, suggestion.why) == (EMERGENCY, "always")


@given(st.integers(0, 4), st.sampled_from(["", "here", "there"]), CONTACTS, ATTEMPTS)
def test_the_panel_leaves_nobody_out_and_always_has_somebody_to_ring(
    rung: int, locality: str, contacts: list[CrisisContact], attempts: list[Attempt]
) -> None:
    here = [
        msgspec.structs.replace(each, localities=("here",) if place % 2 else ())
        for place, each in enumerate(contacts)
    ]
    shown = panel(default_ladder(), rung, locality, "pl", here, attempts, NOON)
    assert shown.emergency.role == EMERGENCY
    lines = {line.contact.id: line for line in shown.contacts if line.contact}
    expected = {
        each.id
        for each in here
        if each.role in default_ladder().steps(rung) and (not each.localities or locality in each.localities)
    }
    assert expected <= set(lines)
    assert len(lines) == len([line for line in shown.contacts if line.contact])
    suggested = [line for line in shown.contacts if line.state == "suggested"]
    if shown.suggestion.contact.id in lines:
        assert [line.contact for line in suggested] == [shown.suggestion.contact]
    else:
        assert shown.suggestion.contact == shown.emergency
    if rung >= 3:
        assert shown.suggestion.contact.id in lines


def test_the_panel_shows_where_we_are_and_the_persons_words() -> None:
    shown = panel(default_ladder(), 3, "", "pl-PL", (), [], NOON)
    assert [(each.short, each.here) for each in shown.rungs] == [
        ("Listening", False),
        ("Asking", False),
        ("Planning", False),
        ("Acting", True),
        ("Emergency", False),
    ]
    assert shown.name.text == "Działamy razem, teraz"
    assert [each.language for each in shown.prompts] == ["pl"] * 3
    assert [each.text for each in shown.prompts_default][1] == "Where are you?"
    assert not shown.prompts_fell_back


def test_the_panel_says_when_there_are_no_words_in_the_persons_language() -> None:
    shown = panel(default_ladder(), 2, "", "so", (), [], NOON)
    assert shown.prompts_fell_back
    assert shown.prompts == shown.prompts_default
    assert {each.language for each in shown.prompts} == {"en"}


def test_the_panel_says_how_each_contact_stands() -> None:
    contacts = (
        contact("jo", "lead"),
        contact("kit", "on_call", verify_by=LAPSED),
        contact("day", hours=BY_NIGHT, fallback="duty", alternatives=("line", "duty")),
        contact("duty", "crisis_duty_manager"),
        contact("line", "crisis_line"),
    )
    shown = panel(default_ladder(), 3, "", "en", contacts, [tried("jo", "engaged")], NOON)
    states = [(line.role, line.contact.id if line.contact else None, line.state) for line in shown.contacts]
    assert states == [
        ("lead", "jo", "tried"),
        ("on_call", "kit", "stale"),
        ("own_contact", None, "unset"),
        ("crisis_team", "day", "closed"),
        ("crisis_duty_manager", "duty", "suggested"),
        ("nhs_111", None, "unset"),
        (EMERGENCY, EMERGENCY, "open"),
    ]
    by_id = {line.contact.id: line for line in shown.contacts if line.contact}
    assert (by_id["jo"].outcome, by_id["jo"].tried_at) == ("engaged", NOON - timedelta(minutes=5))
    assert by_id["kit"].stale
    assert by_id["day"].opens_at == NOON.replace(hour=20)
    assert by_id["day"].instead == ("duty", "line")
    assert by_id["duty"].instead == ()


def test_the_last_attempt_is_the_one_shown() -> None:
    attempts = [tried("a", "no_answer", minutes_ago=9), tried("a", "answered", minutes_ago=2)]
    latest = last_attempt(contact("a"), attempts[::-1])
    assert latest is not None
    assert latest.outcome == "answered"


def test_when_a_list_is_used_up_the_last_resorts_come_before_999() -> None:
    assert default_ladder().steps(3) == (
        "lead",
        "on_call",
        "own_contact",
        "crisis_team",
        "nhs_111",
        "crisis_duty_manager",
        "home_treatment_manager",
        "manager",
        "everyone",
        EMERGENCY,
    )
    assert default_ladder().steps(4)[0] == EMERGENCY
    assert default_ladder().steps(2)[-1] == "ask_up"


def test_the_default_ladders_lists_are_those_of_the_page() -> None:
    assert [rung.contacts for rung in default_ladder().rungs] == [
        ("ask_up",),
        ("lead", "ask_up"),
        ("lead", "chosen_person", "gp", "crisis_line", "ask_up"),
        ("lead", "on_call", "own_contact", "crisis_team", "nhs_111", EMERGENCY),
        (EMERGENCY, "on_call", "crisis_team", "safeguarding_lead", EMERGENCY),
    ]


def test_the_default_ladders_figures_are_those_of_the_page() -> None:
    minute, hour = 60, 3_600
    assert [rung.clocks for rung in default_ladder().rungs] == [
        {},
        {},
        {
            "lead_told": 10 * minute,
            "review": 20 * minute,
            "follow_up_from": 24 * hour,
            "follow_up": 72 * hour,
        },
        {
            "lead_acknowledges": 2 * minute,
            "on_call_acknowledges": 5 * minute,
            "first_outside_call": 10 * minute,
            "each_number": 3 * minute,
            "noted_every": 10 * minute,
            "follow_up": 24 * hour,
        },
        {
            "call_started": 2 * minute,
            "lead_acknowledges": 2 * minute,
            "on_call_acknowledges": 5 * minute,
            "safeguarding_told": hour,
            "confirm_first": 30 * minute,
            "confirm_every": 15 * minute,
            "record_after": 30 * minute,
        },
    ]


def test_the_default_ladders_prompts_are_those_of_the_page() -> None:
    assert [rung.prompts.get("en", ()) for rung in default_ladder().rungs] == [
        (),
        (
            "Sometimes when people feel like this they think about ending their life. Is that happening for you?",
        ),
        ("Have you thought about how?", "Is it to hand?", "Could it be moved further away for tonight?"),
        (
            "I'm really worried about you and want to help you stay safe right now.",
            "Where are you?",
            "I'd like to ring the crisis team with you. Is that OK?",
        ),
        ("I'm getting help now.", "Tell me exactly where you are.", "What have you taken, how much, when?"),
    ]


def test_the_default_ladder_is_whole_in_five_languages_and_approved_by_nobody() -> None:
    ladder = default_ladder()
    assert [rung.number for rung in ladder.rungs] == [0, 1, 2, 3, 4]
    assert (ladder.approved_by, ladder.approved_on) == ("", None)
    assert set(ladder.tracks) == {"S", "H", "T", "X"}
    for rung in ladder.rungs:
        assert set(rung.name) == {"en", "cy", "pl", "ur", "ar"}
        assert rung.begins_when
        assert rung.do
        assert rung.vanished
        assert set(rung.contacts) <= set(ROLES)
        assert set(rung.clocks) <= set(CLOCKS)
        if rung.number:
            assert {len(lines) for lines in rung.prompts.values()} == {len(rung.prompts["en"])}
            assert set(rung.prompts) == {"en", "cy", "pl", "ur", "ar"}
    assert set(ladder.last_resorts) <= set(ROLES)
