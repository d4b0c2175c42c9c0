"""Whatever a directory holds and whatever was tried: somebody to ring, 999 and rung 4 at once.

The oracle below reads three small tables and walks the list by hand. It knows nothing of `helpline.ladder`.
"""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.directory import EMERGENCY, CrisisContact
from helpline.errors import NotNow
from helpline.escalation import attempt, set_rung
from helpline.events import Attempted, By, RungSet
from helpline.ladder import Attempt, Ladder, Outcome, default_ladder, next_step, panel
from helpline.people import Principal
from helpline.shape import NoteForm, Role
from rota.hours import Hours, OpeningHours
from rota.hours_entry import read_hours

TODAY = date(2026, 11, 25)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
ROLES = ("lead", "on_call", "crisis_team", "crisis_duty_manager", "nhs_111", EMERGENCY, "ask_up")


def ring_hours(span: str) -> Hours:
    raw = {"zone": "Europe/London", "channels": {"ring": {"week": {"every_day": [span]}}}}
    read = read_hours(raw, channels=("ring",))
    assert isinstance(read, OpeningHours)
    return read.hours


# Hours of the day (in winter London's wall clock is UTC) at which each kind of contact answers.
TABLE_OF_HOURS: dict[str, tuple[Hours | None, frozenset[int]]] = {
    "always": (None, frozenset(range(24))),
    "by day": (ring_hours("09:00-17:00"), frozenset(range(9, 17))),
    "by night": (ring_hours("20:00-08:00"), frozenset({*range(20, 24), *range(8)})),
    "early": (ring_hours("06:00-10:00"), frozenset(range(6, 10))),
}
# How a number was last checked, and whether that makes it stale; a number everybody knows needs no date.
TABLE_OF_DATES: dict[str, tuple[date | None, bool]] = {
    "today": (TODAY, False),
    "next year": (date(2027, 1, 1), False),
    "yesterday": (TODAY - timedelta(days=1), True),
    "never": (None, True),
}
NEVER_STALE = {"nhs_111", EMERGENCY, "ask_up"}
# After which outcomes a contact is not suggested again, for the number that was dialled and for a newer one.
TABLE_OF_OUTCOMES: dict[str, tuple[bool, bool]] = {
    outcome: (True, outcome != "wrong_number") for outcome in OUTCOMES
}


class Row(msgspec.Struct, frozen=True):
    """One crisis contact as the tables have it."""

    id: str
    role: str
    hours: str
    checked: str
    order: int
    version: int
    fallback: str

    def contact(self) -> CrisisContact:
        return CrisisContact(
            id=self.id,
            name=self.id,
            role=self.role,
            number="01632 960114",
            hours=TABLE_OF_HOURS[self.hours][0],
            verify_by=TABLE_OF_DATES[self.checked][0],
            order=self.order,
            version=self.version,
            fallback=self.fallback,
        )


class Try(msgspec.Struct, frozen=True):
    who: str
    version: int
    outcome: Outcome


NAMES = st.sampled_from("abcdef")
ROWS = st.lists(
    st.builds(
        Row,
        NAMES,
        st.sampled_from(ROLES),
        st.sampled_from(sorted(TABLE_OF_HOURS)),
        st.sampled_from(sorted(TABLE_OF_DATES)),
        st.integers(0, 2),
        st.integers(1, 2),
        st.sampled_from(["", "", *"abcdef"]),
    ),
    max_size=6,
    unique_by=lambda row: row.id,
)
TRIES = st.lists(
    st.builds(
        Try, st.sampled_from([*"abcdef", EMERGENCY, "ask_up"]), st.integers(1, 2), st.sampled_from(OUTCOMES)
    ),
    max_size=6,
)
STEPS = st.lists(st.sampled_from(ROLES), max_size=5)
HOURS_OF_DAY = st.integers(0, 23)


def walked(steps: list[str], rows: list[Row]) -> list[Row]:
    """The list by hand: each role's rows in their order, each followed by whom it falls back on, nobody twice."""
    by_id = {row.id: row for row in rows}
    seen: list[Row] = []
    for role in steps:
        of_role = [row for row in rows if row.role == role]
        if not of_role and role in (EMERGENCY, "ask_up"):
            of_role = [Row(role, role, "always", "today", 0, 1, "")]
        for row in sorted(of_role, key=lambda one: (one.order, one.id)):
            following: Row | None = row
            while following is not None and following not in seen:
                seen.append(following)
                following = by_id.get(following.fallback)
    return seen


def verdict(row: Row, tries: list[Try], hour: int) -> str:
    """`first`, `stale` or `no`, from the three tables alone."""
    for one in tries:
        if one.who == row.id and TABLE_OF_OUTCOMES[one.outcome][one.version != row.version]:
            return "no"
    if hour not in TABLE_OF_HOURS[row.hours][1]:
        return "no"
    return "stale" if row.role not in NEVER_STALE and TABLE_OF_DATES[row.checked][1] else _dated(row)


def _dated(row: Row) -> str:
    """A national number with a date that has passed is stale like any other; with none it is not."""
    return "stale" if row.checked == "yesterday" else "first"


def suggested_by_the_tables(
    rung: int, steps: list[str], rows: list[Row], tries: list[Try], hour: int
) -> tuple[str, str]:
    if rung >= 3 and EMERGENCY not in steps:
        steps = [*steps, EMERGENCY]
    judged = [(row.id, verdict(row, tries, hour)) for row in walked(steps, rows)]
    for wanted in ("first", "stale"):
        for id, word in judged:
            if word == wanted:
                return id, word
    own = [row.id for row in rows if row.role == EMERGENCY]
    return (own[0] if own else EMERGENCY), "always"


def attempts_of(tries: list[Try], instant: datetime) -> list[Attempt]:
    return [
        Attempt(one.who, one.version, one.outcome, instant - timedelta(minutes=9 - n))
        for n, one in enumerate(tries)
    ]


@given(st.integers(0, 4), STEPS, ROWS, TRIES, HOURS_OF_DAY)
def test_who_to_ring_next_is_what_the_tables_say_and_always_somebody(
    rung: int, steps: list[str], rows: list[Row], tries: list[Try], hour: int
) -> None:
    instant = datetime(2026, 11, 25, hour, 30, tzinfo=UTC)
    contacts = [row.contact() for row in rows]
    suggestion = next_step(rung, steps, contacts, attempts_of(tries, instant), instant)
    assert (suggestion.contact.id, suggestion.why) == suggested_by_the_tables(rung, steps, rows, tries, hour)
    assert suggestion.contact.number or suggestion.contact.role == "ask_up"


def ladders() -> st.SearchStrategy[Ladder]:
    """The default ladder with any lists a service could have written."""
    lists = st.lists(STEPS.map(tuple), min_size=5, max_size=5)

    def with_lists(written: list[tuple[str, ...]]) -> Ladder:
        rungs = [
            msgspec.structs.replace(rung, contacts=(*steps, EMERGENCY if rung.number >= 3 else "ask_up"))
            for rung, steps in zip(default_ladder().rungs, written, strict=True)
        ]
        return msgspec.structs.replace(default_ladder(), rungs=tuple(rungs))

    return lists.map(with_lists)


@given(ladders(), st.integers(0, 4), st.sampled_from(["", "here"]), ROWS, TRIES, HOURS_OF_DAY)
def test_every_panel_has_999_rung_four_and_somebody_to_ring(
    ladder: Ladder, rung: int, locality: str, rows: list[Row], tries: list[Try], hour: int
) -> None:
    instant = datetime(2026, 11, 25, hour, 30, tzinfo=UTC)
    contacts = [
        msgspec.structs.replace(
            row.contact(), localities=("here",) if place % 2 and row.role != EMERGENCY else ()
        )
        for place, row in enumerate(rows)
    ]
    shown = panel(ladder, rung, locality, "pl", contacts, attempts_of(tries, instant), instant)
    assert shown.emergency.role == EMERGENCY
    assert shown.emergency.number
    assert [one.number for one in shown.rungs] == [0, 1, 2, 3, 4]
    assert [one.number for one in shown.rungs if one.here] == [rung]
    assert shown.suggestion.contact.number or shown.suggestion.contact.role == "ask_up"
    if rung >= 3:
        assert EMERGENCY in [line.role for line in shown.contacts]


CONTACT_STATES = st.builds(
    Contact,
    log=st.just("c-00000000000000000000000001"),
    seq=st.integers(1, 90),
    phase=st.sampled_from(["waiting", "stored", "live", "wrap_up", "ended"]),
    owner=st.sampled_from(["", "ania", "dev"]),
    rung=st.integers(0, 4),
    rung_by=st.sampled_from(["", "ania"]),
    rung_at=st.none(),
    not_safe=st.booleans(),
    with_lead=st.booleans(),
    left=st.sampled_from(["", "quick", "line"]),
)
MAY_PRESS: tuple[Role, ...] = ("supporter", "lead", "on_call", "supervisor")
WHO = st.sampled_from([Principal("ania", "Ania", (role,)) for role in MAY_PRESS])
NOW = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
SERVICE_SHAPE = Definition(
    name="Evening line",
    short_name="Evening",
    zone="Europe/London",
    country="GB",
    hours=Hours(zone="Europe/London", channels=()),
    note_form=NoteForm(fields=()),
)


@given(CONTACT_STATES, WHO)
def test_rung_four_and_a_call_to_999_are_one_press_in_every_state(contact: Contact, who: Principal) -> None:
    by = By("supporter", who.id, who.name)
    up = set_rung(who, by, SERVICE_SHAPE, RungSet(to=4, was=0))
    if contact.rung == 4:
        with pytest.raises(NotNow, match="already"):
            up(contact, NOW)
    else:
        drafts = up(contact, NOW)
        assert [body.to for _, body in drafts if isinstance(body, RungSet)] == [4]
    for outcome in OUTCOMES:
        rang = attempt(by, SERVICE_SHAPE, Attempted(EMERGENCY, 1, outcome, EMERGENCY))(contact, NOW)
        assert [body.outcome for _, body in rang if isinstance(body, Attempted)] == [outcome]
