"""A rota that was changed, step by step, against one made anew of the same shifts."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rota.shifts import Override, Rota, Shift, Slot

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=40)
QUARTER = timedelta(minutes=15)
NAMES = tuple(f"s{number}" for number in range(6))

instants = st.integers(0, 40 * 86_400).map(lambda seconds: SINCE + timedelta(seconds=seconds))


@st.composite
def shifts(draw: st.DrawFn) -> Shift:
    """A weekly shift under one of few names, so that one often comes in place of another."""
    starts = datetime.fromisoformat("2026-02-20T00:00") + QUARTER * draw(st.integers(0, 14 * 96))
    of = starts + timedelta(weeks=draw(st.integers(0, 4)))
    change = st.builds(
        Override,
        of=st.just(of),
        cancelled=st.booleans(),
        starts=st.none() | st.just(of + timedelta(days=20)),
        person=st.sampled_from((None, "", "zofia")),
        languages=st.just(("en",)),
    )
    return Shift(
        id=draw(st.sampled_from(NAMES)),
        zone="Europe/London",
        starts=starts,
        ends=starts + QUARTER * draw(st.integers(1, 96)),
        role="supporter",
        person=draw(st.sampled_from(("", "amina", "tom"))),
        rrule=draw(st.sampled_from((None, "FREQ=WEEKLY", "FREQ=DAILY"))),
        overrides=tuple(draw(st.lists(change, max_size=1))),
    )


steps = st.lists(
    st.tuples(
        st.lists(shifts(), max_size=2),
        st.lists(st.sampled_from(NAMES), max_size=2),
        st.lists(instants, max_size=3),
    ),
    max_size=5,
)


@given(steps)
def test_a_changed_rota_gives_every_answer_of_one_made_anew(
    history: list[tuple[list[Shift], list[str], list[datetime]]],
) -> None:
    rota, held = Rota([]), dict[str, Shift]()
    for put, gone, asked in history:
        # What is asked between changes is expanded and kept, and must not show through later.
        for instant in asked:
            rota.on_duty_at(instant)
        before, answered = rota, [rota.on_duty_at(instant) for instant in asked]
        rota = rota.changed(put, gone)
        held = {name: shift for name, shift in held.items() if name not in gone} | {
            shift.id: shift for shift in put
        }
        assert [before.on_duty_at(instant) for instant in asked] == answered
        check(rota, Rota(held.values()), asked)


def check(rota: Rota, anew: Rota, asked: list[datetime]) -> None:
    assert sorted(rota.shifts, key=lambda shift: shift.id) == sorted(anew.shifts, key=lambda shift: shift.id)
    everything = anew.occurrences(SINCE, UNTIL)
    assert rota.occurrences(SINCE, UNTIL) == everything
    edges = {edge for duty in everything for edge in (duty.starts_at, duty.ends_at)}
    for instant in [*asked, *sorted(edges)[::25]]:
        assert rota.on_duty_at(instant) == anew.on_duty_at(instant)
        assert rota.next_change_after(instant) == anew.next_change_after(instant)
    for duty in everything[::5]:
        assert rota.occurrence(duty.slot) == anew.occurrence(duty.slot) == duty


@given(shifts(), instants)
def test_putting_a_shift_back_as_it_was_changes_nothing(shift: Shift, instant: datetime) -> None:
    rota = Rota([shift])
    answers = rota.on_duty_at(instant), rota.occurrences(SINCE, UNTIL)
    for other in (
        rota.changed([msgspec.structs.replace(shift)]),
        rota.changed([], ["nobody"]),
        rota.changed([]),
    ):
        assert (other.on_duty_at(instant), other.occurrences(SINCE, UNTIL)) == answers
    there_and_back = rota.changed([], [shift.id]).changed([shift])
    assert (there_and_back.on_duty_at(instant), there_and_back.occurrences(SINCE, UNTIL)) == answers
    assert rota.changed([], [shift.id]).occurrence(Slot(shift.id, shift.starts)) is None
