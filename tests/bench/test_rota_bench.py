"""What `bench rota` measures, and the client it measures a page with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bench.http_load import body_of, get, load
from bench.rig import BenchFailed
from bench.rota import FULL, LARGE, QUICK, SMALL, ZONE, as_calendar, instants, weekly_shifts
from rota.shift_entry import shift_mistakes


def test_both_forms_take_medians_of_three_rounds_and_more() -> None:
    assert min(QUICK.rounds, FULL.rounds) >= 3
    assert (SMALL, LARGE) == (100, 10_000)


def test_the_shifts_are_sound_and_two_for_each_person() -> None:
    shifts = weekly_shifts(SMALL)
    assert [mistake for shift in shifts for mistake in shift_mistakes(shift, channels=("web",))] == []
    assert len({shift.id for shift in shifts}) == SMALL
    assert len({shift.person for shift in shifts}) == SMALL // 2
    assert weekly_shifts(SMALL) == shifts


def test_the_calendar_holds_the_same_shifts() -> None:
    shifts = weekly_shifts(SMALL)
    events: list[Any] = as_calendar(shifts).walk("VEVENT")
    starts = {str(event["UID"]): event["DTSTART"].dt for event in events}
    assert {name: start.replace(tzinfo=None) for name, start in starts.items()} == {
        shift.id: shift.starts for shift in shifts
    }
    assert {str(start.tzinfo) for start in starts.values()} == {ZONE}


def test_instants_are_the_same_in_every_run_and_within_the_span() -> None:
    begins, lasts = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=1)
    asked = instants(50, begins, lasts, seed=3)
    assert asked == instants(50, begins, lasts, seed=3)
    assert all(begins <= instant < begins + lasts for instant in asked)


@asynccontextmanager
async def answering(status: int = 200) -> AsyncIterator[tuple[int, list[str]]]:
    """A server that answers everything alike: its port, and the keys it was shown."""
    shown: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        shown.append(request.headers["Authorization"])
        return web.Response(text="amina is on", status=status)

    app = web.Application()
    app.router.add_get("/on", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1], shown
    finally:
        await runner.cleanup()


ASKED = get("/on", {"Authorization": "Bearer open-sesame"})


async def test_every_answer_is_counted_and_every_request_shows_the_key() -> None:
    async with answering() as (port, shown):
        assert await body_of(port, ASKED) == b"amina is on"
        found = await load(port, ASKED, connections=4, warm=0.0, seconds=0.2)
    assert 0 < found.per_second * 0.2 <= len(shown)
    assert set(shown) == {"Bearer open-sesame"}


async def test_what_is_refused_is_no_answer() -> None:
    async with answering(status=401) as (port, _):
        with pytest.raises(BenchFailed, match="401"):
            await body_of(port, ASKED)
        with pytest.raises(BenchFailed, match="401"):
            await load(port, ASKED, connections=1, warm=0.1, seconds=0.1)
