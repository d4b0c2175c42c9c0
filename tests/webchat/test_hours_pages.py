"""The opening hours on their pages: shown before they are saved, mended where they are wrong, undone when regretted."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pytest

from helpline.definition import Definition
from helpline.people import Account
from helpline.permissions import may
from helpline.shape import Role
from rota.hours import Closure, Hours, OpeningHours, SpecialDay
from rota.hours_changes import closed_now, hours_moved, opened_again, tidied
from rota.hours_entry import read_hours
from rota.shifts import Rota, Shift
from tests.clock import SetClock
from tests.webchat.conftest import House
from tests.webchat.lines import new_id
from tests.webchat.test_door import EVENINGS, hours_of, house_at, set_hours
from webchat.hours_form import fields_of, next_time, read, spans_typed
from webchat.hours_view import preview_lines, tonight_ends
from webchat.security import form_token

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)
TODAY = MONDAY.date()
FRIDAYS_LATE: dict[str, Any] = {**EVENINGS, "fri": ["18:00-02:00"]}


# -- what was typed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("18:00-22:30", ["18:00-22:30"]),
        ("6.30 to 9, 18–22:30", ["06:30-09:00", "18:00-22:30"]),
        ("1830 until 0200 and 4-5", ["18:30-02:00", "04:00-05:00"]),
        ("Closed", []),
        ("all day", ["00:00-24:00"]),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: list[str]) -> None:
    assert spans_typed(text) == spans


def typed_into(hours: Hours, **fields: str) -> Any:
    given = {name.replace("__", "."): value for name, value in fields.items()}
    return read({**fields_of(hours, TODAY), **given}, hours, ("web",), MONDAY)


def test_the_form_as_it_is_drawn_says_what_is_so() -> None:
    hours = hours_of(
        FRIDAYS_LATE,
        on_holidays=["12:00-16:00"],
        special_days=[
            {"date": "2026-11-01", "hours": ["18:00-19:00"], "why": "gone by"},
            {"date": "2026-12-31", "hours": [], "why": "New Year's Eve"},
        ],
        closures=[{"from": "2026-11-20T20:00:00Z", "until": "2026-11-20T21:00:00Z", "why": "busy"}],
    )
    assert typed_into(hours).hours == hours


def test_every_mistake_is_told_at_its_field_with_its_mend() -> None:
    hours = hours_of(EVENINGS)
    found = typed_into(
        hours,
        web__mon="evenings",
        web__tue="",
        web__wed="18-25",
        web__holidays="hours",
        web__holiday_hours="sometimes",
        region="Cornwall",
        rows="4",
        special__0__date="2026-12-31",
        special__0__hours="18-2",
        special__2__date="2026-11-01",
        special__2__hours="closed",
        special__2__why="too late",
        special__3__date="2026-12-31",
        special__3__hours="closed",
        special__3__why="again",
    )
    assert found.hours is None
    assert set(found.mistakes) == {
        "web.mon",
        "web.tue",
        "web.wed",
        "web.holiday_hours",
        "region",
        "special.0.why",
    }
    assert found.mistakes["web.mon"].startswith("“evenings” cannot be read; write hours such as 18:00-22:30")
    assert found.mistakes["web.tue"].startswith("Nothing is written here; write hours")
    assert found.mistakes["special.0.why"].startswith("This is not filled in; say in a few words why")
    twice = typed_into(
        hours,
        rows="2",
        **{f"special__{row}__date": "2026-12-31" for row in (0, 1)},
        **{f"special__{row}__hours": "closed" for row in (0, 1)},
        **{f"special__{row}__why": "again" for row in (0, 1)},
    )
    assert "more than once" in twice.mistakes["special.1.date"]
    past = typed_into(
        hours, rows="1", special__0__date="2026-11-22", special__0__hours="closed", special__0__why="over"
    )
    assert past.mistakes == {"special.0.date": "This day is over; choose a date from today on."}


def test_bank_holidays_without_a_country_are_told_at_the_policy() -> None:
    hours = hours_of(EVENINGS, on_holidays="closed")
    found = typed_into(hours, country="", region="")
    assert found.mistakes == {"web.holidays": "No country is chosen; choose whose bank holidays these are."}


def test_a_special_day_is_put_in_and_taken_out() -> None:
    hours = hours_of(EVENINGS, special_days=[{"date": "2026-12-24", "hours": [], "why": "Christmas Eve"}])
    found = typed_into(
        hours,
        rows="2",
        special__0__gone="yes",
        special__1__date="2026-12-31",
        special__1__hours="18-2",
        special__1__why="New Year's Eve",
    ).hours
    assert [(day.date, day.why) for day in found.special_days] == [(date(2026, 12, 31), "New Year's Eve")]


def test_a_time_of_day_is_the_next_of_its_kind() -> None:
    zone = ZoneInfo("Europe/London")
    assert next_time("22:30", MONDAY, zone) == MONDAY.replace(hour=22, minute=30)
    assert next_time("11.15", MONDAY, zone) == MONDAY.replace(day=24, hour=11, minute=15)
    assert next_time("25:00", MONDAY, zone) is None


# -- what saving would change ----------------------------------------------------------------------------------------


def lines_of(before: Hours, after: Hours, *shifts: Shift, now: datetime = MONDAY) -> list[str]:
    was, now_ = OpeningHours(before), OpeningHours(after)
    return preview_lines(hours_moved(was, now_, Rota(shifts), now), now_, now.date())


def evening(until: int, **changes: Any) -> Shift:
    """Somebody's shift every evening from 18:00 until so many hours later."""
    starts = datetime.fromisoformat("2026-11-01T18:00")
    return Shift(
        id="evenings",
        zone="Europe/London",
        starts=starts,
        ends=starts + timedelta(hours=until),
        rrule="FREQ=DAILY",
        role="supporter",
        person="dev",
        channels=("web",),
        languages=("en",),
        **changes,
    )


def test_the_preview_says_what_changes_in_words() -> None:
    before = hours_of(EVENINGS)
    after = hours_of(
        FRIDAYS_LATE,
        on_holidays="closed",
        special_days=[{"date": "2026-12-31", "hours": ["18:00-02:00"], "why": "New Year's Eve"}],
    )
    assert lines_of(before, after, evening(4)) == [
        "Fridays: 18:00–22:30 becomes 18:00–02:00.",
        "Bank holidays: open as usual becomes closed.",
        "Thursday 31 December: 18:00–22:30 becomes 18:00–02:00.",
        "This changes 11 days in the next 8 weeks.",
        (
            "On 7 of them nobody is on the rota for the new hours: Friday 27 November, Friday 4 December, "
            "Friday 11 December, Friday 18 December and 3 more."
        ),
        "4 shifts would lie outside the hours, and stay on the rota.",
    ]


def test_hours_somebody_is_on_for_already_are_not_said_to_be_bare() -> None:
    said = lines_of(hours_of(EVENINGS), hours_of(FRIDAYS_LATE), evening(8))
    assert said == ["Fridays: 18:00–22:30 becomes 18:00–02:00.", "This changes 8 days in the next 8 weeks."]


def test_a_night_of_a_clock_change_is_told_by_what_it_loses_or_gains() -> None:
    after = hours_of({**EVENINGS, "sat": ["18:00-04:00"]})
    said = lines_of(hours_of(EVENINGS), after)
    assert "Saturday 27 March 2027 loses an hour: the clocks go forward." in said
    assert "Saturday 30 October 2027 gains an hour: the clocks go back." in said


def test_another_region_is_told_with_its_name() -> None:
    before = hours_of(EVENINGS, on_holidays="closed")
    scotland = msgspec.structs.replace(before, region="SCT")
    said = lines_of(before, scotland)
    assert said[0] == "Bank holidays are those of Scotland, United Kingdom."
    # St Andrew's Day, 2 January, and the Monday in its place.
    assert "This changes 3 days in the next 8 weeks." in said


def test_the_same_hours_change_nothing() -> None:
    assert lines_of(hours_of(EVENINGS), hours_of(EVENINGS), evening(4)) == []


# -- closures kept and dropped ---------------------------------------------------------------------------------------


def test_closures_are_dropped_after_sixty_days_when_something_is_saved() -> None:
    def ended(days: int) -> Closure:
        until = MONDAY - timedelta(days=days)
        return Closure(from_=until - timedelta(hours=1), until=until, why=f"{days} days ago")

    hours = msgspec.structs.replace(hours_of(EVENINGS), closures=(ended(61), ended(59), ended(1)))
    assert tidied(hours, MONDAY).closures == (ended(59), ended(1))
    new = Closure(from_=MONDAY, until=None, why="now")
    assert closed_now(hours, new, MONDAY).closures == (ended(59), ended(1), new)
    many = msgspec.structs.replace(hours, closures=(ended(1),) * 2_000)
    assert len(tidied(many, MONDAY).closures) == 500


def test_a_closure_that_is_opened_again_stays_on_record_with_its_end() -> None:
    began = Closure(from_=MONDAY, until=None, why="busy")
    later = MONDAY + timedelta(minutes=20)
    hours = closed_now(hours_of(EVENINGS), began, MONDAY)
    assert opened_again(hours, began, later).closures == (msgspec.structs.replace(began, until=later),)
    assert opened_again(hours, began, MONDAY).closures == ()


@pytest.mark.parametrize(
    ("week", "now", "ends"),
    [
        (EVENINGS, MONDAY.replace(hour=20), MONDAY.replace(hour=22, minute=30)),
        (EVENINGS, MONDAY.replace(hour=10), MONDAY.replace(hour=22, minute=30)),
        ("always", MONDAY.replace(hour=20), MONDAY.replace(day=24, hour=6)),
        ("always", MONDAY.replace(hour=3), MONDAY.replace(hour=6)),
    ],
)
def test_tonight_ends_with_the_opening_or_at_six(week: object, now: datetime, ends: datetime) -> None:
    hours = OpeningHours(hours_of(week))
    assert tonight_ends(hours, None, now, ZoneInfo("Europe/London")) == ends


# -- the pages -------------------------------------------------------------------------------------------------------


class Reader:
    """Somebody signed in, reading and posting as a browser without scripts does."""

    def __init__(self, house: House, session: dict[str, str]) -> None:
        self.house, self.session = house, session
        self.status = 0
        self.page = ""
        self.at = ""

    async def opens(self, path: str) -> str:
        async with self.house.client.get(path, cookies=self.session, allow_redirects=False) as response:
            return await self._read(response)

    async def posts(self, path: str, **fields: str) -> str:
        """With the page's own hidden fields; then on to where it leads."""
        sent = {
            "csrf": form_token(self.session["staff"]),
            "client_id": new_id(),
            "back": "/hours",
            **{name.replace("__", "."): value for name, value in fields.items()},
        }
        async with self.house.client.post(
            path, data=sent, cookies=self.session, allow_redirects=False
        ) as response:
            await self._read(response)
            if response.status == 303:
                return await self.opens(response.headers["Location"])
        return self.page

    async def _read(self, response: Any) -> str:
        self.status, self.at = response.status, str(response.url.path_qs)
        self.page = unescape(await response.text())
        return self.page

    def fields(self) -> dict[str, str]:
        """What the form that is drawn would send, hidden fields and all."""
        form = self.page.partition('action="/hours/edit"')[2]
        found = {}
        for tag in re.findall(r"<input [^>]*>", form):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name and 'type="checkbox"' not in tag:
                found[name[1]] = value[1] if value else ""
        for name, options in re.findall(r'<select [^>]*name="([^"]*)".*?>(.*?)</select>', form, re.DOTALL):
            chosen = re.search(r'value="([^"]*)" selected', options)
            found[name] = chosen[1] if chosen else ""
        return found

    async def edits(self, act: str, **fields: str) -> str:
        given = {name.replace("__", "."): value for name, value in fields.items()}
        return await self.posts("/hours/edit", **{**self.fields(), **given, "act": act})


@asynccontextmanager
async def evenings(
    folder: Path, definition: Definition, now: datetime = MONDAY
) -> AsyncIterator[tuple[House, Reader, SetClock]]:
    clock = SetClock(now)
    async with house_at(folder, definition, clock, hours_of(EVENINGS)) as house:
        yield house, Reader(house, await house.session("jo")), clock


def hours_now(house: House) -> Hours:
    hours: Hours = house.helpline.hours.hours
    return hours


async def test_the_hours_are_for_lead_supervisor_and_manager(house: House) -> None:
    for role in get_args(Role):
        await house.helpline.people.add(Account(id=f"only-{role}", name=role, shown_name=role, roles=(role,)))
        reader = Reader(house, await house.session(f"only-{role}"))
        expected = 200 if role in ("lead", "supervisor", "manager") else 403
        assert (expected == 200) is may((role,), "page", "hours")
        for path in ("/hours", "/hours/edit"):
            await reader.opens(path)
            assert reader.status == expected, (role, path)
        before = hours_now(house)
        for path in ("/hours/close", "/hours/open", "/hours/edit"):
            await reader.posts(path, act="close", until="60", why="busy")
            assert expected == 200 or (reader.status == 403 and hours_now(house) == before), (role, path)


async def test_without_signing_in_nobody_gets_in(house: House) -> None:
    async with house.client.get("/hours/edit", allow_redirects=False) as response:
        assert response.headers["Location"] == "/sign-in?then=/hours/edit"


async def test_a_form_that_is_not_ours_changes_nothing(tmp_path: Path, definition: Definition) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        before = hours_now(house)
        for path in ("/hours/close", "/hours/open", "/hours/edit"):
            await jo.posts(path, csrf="0" * 64, act="close", until="60", why="busy")
            assert jo.status == 403
        assert hours_now(house) == before


async def test_closing_says_what_will_happen_then_closes_and_opens_again_with_one_press(
    tmp_path: Path, definition: Definition
) -> None:
    async with evenings(tmp_path, definition, MONDAY.replace(hour=19)) as (house, jo, clock):
        await house.together()
        await house.started("en")
        page = await jo.posts("/hours/close", act="look", until="tonight", why="Too many people are waiting")
        assert "1 waiting and 1 talking now: they stay with us." in page
        assert "New people see: “We are closed now. We open again Tuesday 18:00.”" in page
        assert hours_now(house).closures == ()
        exact = re.search(r'name="until" value="([^"]*)"', page)
        assert exact is not None
        page = await jo.posts("/hours/close", act="close", until=exact[1], why="other", other="A long night")
        assert "Closed to new people." in page
        assert "A long night" in page
        assert not house.helpline.door("web").open
        step = await house.helpline.rota.step(house.helpline.rota.seq)
        assert (step.what, step.by.id, step.why) == ("closed_now", "jo", "A long night")
        clock.advance(minutes=5)
        began = re.search(r'name="from" value="([^"]*)"', page)
        assert began is not None
        page = await jo.posts("/hours/open", **{"from": began[1], "channel": ""})
        assert "Open until 22:30." in page
        assert (await house.helpline.rota.step(house.helpline.rota.seq)).what == "opened_again"
        assert "Everything was closed from Monday 23 November 19:00 until 19:05: A long night." in page
        assert [one.phase for one in house.helpline.contacts()].count("live") == 1
        page = await jo.posts("/hours/open", **{"from": began[1], "channel": ""})
        assert jo.status == 409
        assert "That was opened again already." in page


@pytest.mark.parametrize(
    ("until", "at", "minutes"), [("30", "", 30), ("60", "", 60), ("120", "", 120), ("at", "20:15", 75)]
)
async def test_the_door_opens_by_itself_when_the_closing_was_for_so_long(
    tmp_path: Path, definition: Definition, until: str, at: str, minutes: int
) -> None:
    async with evenings(tmp_path, definition, MONDAY.replace(hour=19)) as (house, jo, clock):
        await jo.posts("/hours/close", act="close", until=until, at=at, why="Something technical")
        clock.advance(minutes=minutes, seconds=-1)
        assert not house.helpline.hours.is_open("web", clock.now())
        clock.advance(seconds=1)
        assert house.helpline.hours.is_open("web", clock.now())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"until": "60", "why": "other", "other": "  "}, "Say why in a few words."),
        ({"until": "at", "at": "soon", "why": "busy"}, "Choose until when."),
        ({"until": "2026-11-23T11:59:00+00:00", "why": "busy"}, "Choose until when."),
        ({"until": "2027-11-23T11:59:00+00:00", "why": "busy"}, "Choose until when."),
        ({"until": "60", "why": "busy", "channel": "pigeon"}, ""),
    ],
)
async def test_a_closing_that_lacks_something_is_asked_for_it(
    tmp_path: Path, definition: Definition, fields: Mapping[str, str], said: str
) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        page = await jo.posts("/hours/close", **{**fields, "act": "close"})
        assert jo.status == 422
        assert said in page
        assert hours_now(house).closures == ()


async def test_pressing_close_twice_closes_once(tmp_path: Path, definition: Definition) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        once = {"act": "close", "until": "2026-11-23T14:00:00+00:00", "why": "busy", "client_id": new_id()}
        await jo.posts("/hours/close", **once)
        await jo.posts("/hours/close", **once)
        assert len(hours_now(house).closures) == 1


async def test_nothing_is_saved_before_it_was_looked_at_and_then_it_is(
    tmp_path: Path, definition: Definition
) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        before = hours_now(house)
        await jo.opens("/hours/edit")
        page = await jo.edits("save", web__fri="18-2")
        assert "Fridays: 18:00–22:30 becomes 18:00–02:00." in page
        assert hours_now(house) == before
        assert jo.fields()["web.fri"] == "18-2"
        page = await jo.edits("save", web__sat="closed")
        assert "Saturdays: 18:00–22:30 becomes closed." in page, "what was changed since is looked at too"
        assert hours_now(house) == before
        page = await jo.edits("save")
        assert jo.at.startswith("/hours?done=")
        assert "The new hours are saved." in page
        assert "Last changed by Jo today at 12:00." in page
        assert hours_now(house) == hours_of({**FRIDAYS_LATE, "sat": []})


async def test_a_mistake_is_told_in_place_and_what_was_typed_is_kept(
    tmp_path: Path, definition: Definition
) -> None:
    async with evenings(tmp_path, definition) as (_, jo, _):
        await jo.opens("/hours/edit")
        page = await jo.edits("look", web__fri="late", web__sat="10-4")
        assert jo.status == 422
        assert '<a href="#web.fri">Friday</a>' in page
        assert 'id="web.fri-wrong">“late” cannot be read; write hours such as' in page
        assert (jo.fields()["web.fri"], jo.fields()["web.sat"]) == ("late", "10-4")
        assert "Save</button>" not in page


async def test_saving_is_refused_when_the_rota_moved_on_and_shown_anew(
    tmp_path: Path, definition: Definition
) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        await jo.opens("/hours/edit")
        await jo.edits("look", web__fri="18-2")
        await set_hours(house, hours_of({**EVENINGS, "mon": ["18:00-23:00"]}))
        page = await jo.edits("save")
        assert jo.status == 409
        assert "The rota was changed in the meantime." in page
        assert "Mondays: 18:00–23:00 becomes 18:00–22:30." in page, (
            "what somebody else saved is not lost unseen"
        )
        await jo.edits("save")
        assert hours_now(house) == hours_of(FRIDAYS_LATE)


async def test_saved_hours_are_undone_with_one_press(tmp_path: Path, definition: Definition) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        before = hours_now(house)
        await jo.opens("/hours/edit")
        await jo.edits("look", web__fri="18-2")
        await jo.edits("save")
        seq = re.search(r'name="seq" value="(\d+)"', jo.page)
        assert seq is not None
        page = await jo.posts("/rota/undo", seq=seq[1])
        assert hours_now(house) == before
        assert "Undone." in page


async def test_another_day_and_another_countrys_regions_come_without_scripts(
    tmp_path: Path, definition: Definition
) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        await jo.opens("/hours/edit")
        await jo.edits("add", special__0__date="2026-12-31", special__0__why="New Year's Eve")
        assert jo.fields()["special.0.why"] == "New Year's Eve"
        assert "special.1.date" in jo.fields()
        page = await jo.edits("place", country="DE", region="")
        assert "Bayern" in page or "Bavaria" in page
        await jo.edits("look", special__0__gone="yes", web__holidays="closed", region="BY")
        assert "Bank holidays are those of" in jo.page
        assert hours_now(house).country == "GB"


async def test_what_is_over_is_shown_for_thirty_days(tmp_path: Path, definition: Definition) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):

        def over(days: int) -> Closure:
            until = MONDAY - timedelta(days=days)
            return Closure(from_=until - timedelta(hours=1), until=until, why=f"ended {days} days ago")

        past = SpecialDay(date=TODAY - timedelta(days=29), why="29 days ago")
        older = SpecialDay(date=TODAY - timedelta(days=31), why="31 days ago")
        hours = hours_now(house)
        changed = {"closures": (over(31), over(29)), "special_days": (older, past)}
        await set_hours(house, msgspec.structs.replace(hours, **changed))
        page = await jo.opens("/hours")
        assert "ended 29 days ago" in page
        assert "ended 31 days ago" not in page
        assert ", 29 days ago." in page
        assert ", 31 days ago." not in page
        await jo.opens("/hours/edit")
        await jo.edits("look", web__fri="18-2")
        await jo.edits("save")
        assert hours_now(house).special_days == (older, past)


async def test_bank_holidays_are_listed_with_what_happens_on_each(
    tmp_path: Path, definition: Definition
) -> None:
    async with evenings(tmp_path, definition) as (house, jo, _):
        await set_hours(house, hours_of(EVENINGS, on_holidays="closed"))
        page = await jo.opens("/hours")
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
        assert "Bank holidays in the next twelve months: England, United Kingdom" in text
        assert "Friday 25 December closed Christmas Day" in text
        assert "Friday 26 March 2027 closed Good Friday" in text


async def test_each_channel_has_its_own_week_and_its_own_closing(
    tmp_path: Path, definition: Definition
) -> None:
    raw = {
        "zone": "Europe/London",
        "channels": {"web": {"week": EVENINGS}, "sms": {"week": {"every_day": ["10:00-20:00"]}}},
    }
    hours = read_hours(raw, channels=("web", "sms"))
    assert isinstance(hours, OpeningHours)
    both = msgspec.structs.replace(definition, channels=("web", "sms"))
    clock = SetClock(MONDAY.replace(hour=19))
    async with house_at(tmp_path, both, clock, hours.hours) as house:
        jo = Reader(house, await house.session("jo"))
        page = await jo.posts("/hours/close", act="look", until="tonight", why="busy", channel="sms")
        assert "Text closes to new people now, until 20:00." in page
        assert "New people see" not in page, "what the page says is of the chat alone"
        await jo.posts("/hours/close", act="close", until="tonight", why="busy", channel="sms")
        assert (house.helpline.door("web").open, house.helpline.door("sms").open) == (True, False)
        assert "Text is closed since 19:00, until 20:00." in jo.page
        await jo.opens("/hours/edit")
        page = await jo.edits(
            "look",
            sms__sun="closed",
            special__0__date="2026-12-25",
            special__0__channel="sms",
            special__0__hours="closed",
            special__0__why="Christmas Day",
        )
        assert "Text, Sundays: 10:00–20:00 becomes closed." in page
        assert "Text, Friday 25 December: 10:00–20:00 becomes closed." in page
        await jo.edits("save")
        assert [day.channel for day in hours_now(house).special_days] == ["sms"]
