"""Looking somebody up: the same answer as asking every entry anew, whatever is kept between two questions."""

from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from helpline.directory import RING, CrisisContact, Locality, Places
from helpline.directory_lookup import Lookup
from helpline.directory_services import Entry, Service, open_first
from rota.hours import ChannelHours, Hours, Span

NOW = datetime(2026, 1, 14, 20, 0, tzinfo=UTC)
TODAY = NOW.date()
PLACES = Places(
    [Locality(id="harbour", name="Harbour", districts=("BD3",)), Locality(id="moor", name="Moor")]
)


def week(opens: int, closes: int) -> Hours:
    return Hours(
        zone="Europe/London", channels=(ChannelHours(channel=RING, week=((Span(opens, closes),),) * 7),)
    )


hours = st.none() | st.builds(week, st.integers(0, 700), st.integers(701, 1440))
checked = st.sampled_from((None, date(2025, 1, 1), date(2027, 1, 1)))
where = st.sampled_from(((), ("harbour",), ("moor",), ("harbour", "moor")))
names = st.sampled_from(("Café", "Haven", "night line"))
contacts = st.builds(
    CrisisContact,
    id=st.uuids().map(str),
    name=names,
    role=st.just("crisis_line"),
    number=st.just("020 7946 0111"),
    hours=hours,
    verify_by=checked,
    localities=where,
    order=st.integers(0, 3),
)
services = st.builds(
    Service, id=st.uuids().map(str), name=names, hours=hours, verify_by=checked, localities=where
)
moves = st.lists(st.timedeltas(timedelta(days=-2), timedelta(days=9)), min_size=1, max_size=6)


def asked_anew(entries: list[Entry], place: str | None, instant: datetime) -> list[tuple[str, object]]:
    near = [one for one in entries if place is None or not one.localities or place in one.localities]
    shown = open_first(sorted(near, key=lambda one: one.id), instant, TODAY)
    return sorted((one.entry.id, one.opening) for one in shown)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(contacts, services), max_size=6), moves, st.sampled_from((None, "", "harbour")))
def test_what_is_kept_never_answers_for_another_instant(
    entries: list[Entry], moved: list[timedelta], place: str | None
) -> None:
    lookup = Lookup(entries, TODAY, PLACES)
    for move in moved:
        shown = lookup.near(place, NOW + move)
        assert sorted((one.entry.id, one.opening) for one in shown) == asked_anew(entries, place, NOW + move)
        ranks = [{True: 0, None: 1, False: 2}[one.opening.open] for one in shown]
        assert ranks == sorted(ranks)


@settings(max_examples=40, deadline=None)
@given(st.lists(services, min_size=1, max_size=5, unique_by=lambda one: one.id))
def test_an_edit_is_seen_and_the_rest_is_kept(entries: list[Service]) -> None:
    before = Lookup(entries, TODAY, PLACES)
    before.near(None, NOW)
    changed = [msgspec.structs.replace(entries[0], name="Renamed", hours=week(0, 1440)), *entries[1:]]
    after = Lookup(changed, TODAY, PLACES, before)
    assert [one.entry.id for one in after.found(None, "renamed", NOW)] == [entries[0].id]
    assert {one.entry.id: one.entry for one in after.near(None, NOW)} == {one.id: one for one in changed}


def test_a_postcode_finds_its_place_and_words_find_whatever_has_all_of_them() -> None:
    place = PLACES.of("bd3 1aa")
    assert place is not None
    near = Service(id="a", name="Night café", description="Tea", localities=(place.id,))
    far = Service(id="b", name="Night café", localities=("moor",))
    team = CrisisContact(id="c", name="Team", role="crisis_team", number="01632 960114")
    lookup = Lookup([near, far, team], TODAY, PLACES)
    assert [one.entry.id for one in lookup.found(place.id, "TEA night", NOW)] == ["a"]
    assert [one.entry.id for one in lookup.near(place.id, NOW, contacts=True)] == ["c"]
    assert [one.entry.id for one in lookup.near("moor", NOW, contacts=False)] == ["b"]
    assert [one.entry.id for one in lookup.near("", NOW)] == ["c"]
