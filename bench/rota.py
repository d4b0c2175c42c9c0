"""`bench rota`: who is on, what is missing, one edit, and the answer over HTTP.

A year of 10,000 weekly shifts of 5,000 people, and of 100 shifts of 50. `on_duty_at` is asked at random instants of
the year once it has been expanded; expanding with recurring-ical-events is asked the same of the same shifts, its
calendar parsed and its query made once. Then the product answers GET /api/v1/rota/on beside a bare handler that
answers the same bytes.
"""

import gc
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import mean, median

import msgspec
import psutil
import recurring_ical_events
from icalendar import Calendar

from bench.bare_http import PATH
from bench.figures import Result, Rounds, Say
from bench.http_load import Load, body_of, get, load
from bench.report import machine
from bench.rig import BenchFailed, running_server
from rota.gaps import gaps
from rota.hours import ALL_DAY, ChannelHours, Hours, OpeningHours
from rota.shifts import Rota, Shift
from rota.staffing import Minimum

ZONE = "Europe/London"
SMALL, LARGE = 100, 10_000
SHIFTS_EACH = 2
YEAR_BEGINS = datetime(2026, 1, 12, tzinfo=UTC)
YEAR = timedelta(days=360)
# Expanding gives every occurrence the same exact length (RFC 5545 3.8.5.3), so clock changes are left out of what is
# compared answer by answer.
SUMMER_BEGINS, SUMMER = datetime(2026, 4, 13, tzinfo=UTC), timedelta(days=150)
EIGHT_WEEKS = timedelta(weeks=8)
ON_NOW = 10
CONNECTIONS = 16
WARM_SECONDS = 0.5
CHUNK = 500


class Plan(msgspec.Struct, frozen=True):
    """`asked`: calls of `on_duty_at` in a round; `expanded`: calls of the expander, which take seconds each."""

    rounds: int
    asked: int
    expanded: int
    http_seconds: float


FULL = Plan(rounds=5, asked=50_000, expanded=3, http_seconds=5.0)
QUICK = Plan(rounds=3, asked=20_000, expanded=2, http_seconds=2.0)


def weekly_shifts(count: int) -> list[Shift]:
    """So many weekly shifts of 2 to 4 hours, two for each person, begun at every quarter of an hour of the week."""
    chance = random.Random(count)
    monday = datetime.fromisoformat("2026-01-05T00:00")
    shifts = []
    for number in range(count):
        starts = monday + timedelta(days=chance.randrange(7), minutes=15 * chance.randrange(96))
        shifts.append(
            Shift(
                id=f"s{number}",
                zone=ZONE,
                starts=starts,
                ends=starts + timedelta(hours=chance.choice((2, 3, 4))),
                role=chance.choice(("supporter",) * 8 + ("lead", "on_call")),
                person=f"p{number // SHIFTS_EACH}",
                channels=("web",),
                languages=("en",),
                rrule="FREQ=WEEKLY",
            )
        )
    return shifts


def as_calendar(shifts: Iterable[Shift]) -> Calendar:
    """The same shifts as an iCalendar file, parsed."""
    wall = "%Y%m%dT%H%M%S"
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//bench//rota//EN"]
    for shift in shifts:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{shift.id}",
            f"DTSTART;TZID={shift.zone}:{shift.starts:{wall}}",
            f"DTEND;TZID={shift.zone}:{shift.ends:{wall}}",
            f"RRULE:{shift.rrule}",
            "END:VEVENT",
        ]
    return Calendar.from_ical("\r\n".join([*lines, "END:VCALENDAR", ""]))


def instants(count: int, begins: datetime, lasts: timedelta, seed: int) -> list[datetime]:
    """Random instants, to the second."""
    chance = random.Random(seed)
    return [begins + timedelta(seconds=chance.randrange(int(lasts.total_seconds()))) for _ in range(count)]


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def per_call(rotas: Sequence[Rota], asked: Sequence[datetime]) -> list[float]:
    """Seconds for one `on_duty_at` of each of these expanded rotas.

    Each in turn is asked a few hundred, over and over, so that all meet the machine in the same mood; the median of
    those turns leaves out the moments in which the machine did something else.
    """
    took: list[list[float]] = [[] for _ in rotas]
    for first in range(0, len(asked), CHUNK):
        chunk = asked[first : first + CHUNK]
        for turns, rota in zip(took, rotas, strict=True):
            turns.append(seconds(partial(_ask_all, rota, chunk)) / len(chunk))
    return [median(turns) for turns in took]


def _ask_all(rota: Rota, asked: Sequence[datetime]) -> None:
    ask = rota.on_duty_at
    for instant in asked:
        ask(instant)


def _first_asked(shifts: Sequence[Shift], instant: datetime) -> None:
    Rota(shifts).on_duty_at(instant)


class Pure:
    """What is measured without a server, over all rounds. Times are seconds."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self.plan, self.say = plan, say
        self.asked = instants(plan.asked, YEAR_BEGINS, YEAR, seed=1)
        self.shifts = {count: weekly_shifts(count) for count in (SMALL, LARGE)}
        self.rotas = {count: Rota(shifts) for count, shifts in self.shifts.items()}
        self.on, self.first, self.gaps, self.edit, self.edit_ask = (Rounds() for _ in range(5))
        self.expanding: list[float] = []
        self.vs_expanding: list[float] = []
        always = ChannelHours(channel="web", week=(ALL_DAY,) * 7)
        self.hours = OpeningHours(Hours(zone=ZONE, channels=(always,)))

    def run(self) -> None:
        before = psutil.Process().memory_info().rss
        for count, rota in self.rotas.items():
            self.say(f"a year of {count:,} weekly shifts is expanded")
            per_call([rota], self.asked)
        self.year_mb = (psutil.Process().memory_info().rss - before) / 2**20
        self.say(f"recurring-ical-events reads {LARGE:,} shifts")
        self.query = recurring_ical_events.of(as_calendar(self.shifts[LARGE]))
        gc.collect()
        gc.freeze()
        for number in range(self.plan.rounds):
            self.say(f"who is on, round {number + 1} of {self.plan.rounds}")
            self._round(number)
        gc.unfreeze()

    def _round(self, number: int) -> None:
        large = self.rotas[LARGE]
        for count, one in zip(self.rotas, per_call(list(self.rotas.values()), self.asked), strict=True):
            self.on.add(str(count), one)
        compared = instants(self.plan.expanded, SUMMER_BEGINS, SUMMER, seed=100 + number)
        expanding = mean(self._expanded(large, instant) for instant in compared)
        self.expanding.append(expanding)
        self.vs_expanding.append(expanding / self.on.values[str(LARGE)][-1])
        since = SUMMER_BEGINS + timedelta(days=number)
        for count, rota in self.rotas.items():
            name, shifts = str(count), self.shifts[count]
            self.first.add(name, seconds(lambda: Rota(shifts).on_duty_at(since)))  # noqa: B023
            self.gaps.add(
                name, seconds(partial(gaps, rota, self.hours, Minimum(), since, since + EIGHT_WEEKS))
            )
            given_back = msgspec.structs.replace(shifts[number], person="")
            began = time.perf_counter()
            edited = rota.changed([given_back])
            self.edit.add(name, time.perf_counter() - began)
            self.edit_ask.add(name, seconds(partial(edited.on_duty_at, since)))

    def _expanded(self, rota: Rota, instant: datetime) -> float:
        """Seconds the expander takes; `BenchFailed` when it finds somebody else on."""
        began = time.perf_counter()
        found = self.query.at(instant)
        took = time.perf_counter() - began
        if {str(event["UID"]) for event in found} != {duty.shift for duty in rota.on_duty_at(instant)}:
            raise BenchFailed(f"the two do not agree on who is on at {instant.isoformat()}")
        return took

    def figures(self) -> dict[str, object]:
        on = {
            count: mean(len(rota.on_duty_at(one)) for one in self.asked) for count, rota in self.rotas.items()
        }
        return {
            "on_duty_at, us a call": {name: 1e6 * one for name, one in self.on.medians().items()},
            "people on at an instant": {str(count): one for count, one in on.items()},
            "rota made and first asked, ms": _ms(self.first),
            "expanding, ms a call": {str(LARGE): 1e3 * median(self.expanding)},
            "gaps of 8 weeks, ms": _ms(self.gaps),
            "one edit, ms": _ms(self.edit),
            "first question after it, ms": _ms(self.edit_ask),
            "two rotas of a year expanded, MB": self.year_mb,
        }


def _ms(rounds: Rounds) -> dict[str, float]:
    return {name: 1e3 * one for name, one in rounds.medians().items()}


async def over_http(plan: Plan, say: Say) -> tuple[Rounds, list[float], int]:
    """Requests a second of the bare handler and of the product, turn about; how busy the client was; bytes answered."""
    rounds, busy = Rounds(), list[float]()
    with tempfile.TemporaryDirectory(prefix="helpline-bench-") as folder:
        product = (sys.executable, "-m", "bench.product", "--folder", folder, "--supporters", str(ON_NOW))
        async with running_server(*product) as service:
            request = get(PATH, {"Authorization": f"Bearer {service.said['key']}"})
            body = await body_of(service.said["port"], request)
            if len(msgspec.json.decode(body)["on"]) != ON_NOW:
                raise BenchFailed(f"the product does not say that {ON_NOW} are on: {body[:200]!r}")
            yardstick = (sys.executable, "-m", "bench.bare_http", "--body", body.decode())
            async with running_server(*yardstick) as bare:
                for number in range(plan.rounds):
                    say(f"GET {PATH}, round {number + 1} of {plan.rounds}")
                    for name, server in (("bare", bare), ("product", service)):
                        found: Load = await load(
                            server.said["port"],
                            request,
                            connections=CONNECTIONS,
                            warm=WARM_SECONDS,
                            seconds=plan.http_seconds,
                        )
                        rounds.add(name, found.per_second)
                        busy.append(found.client_busy)
    return rounds, busy, len(body)


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    # The servers first: what the rotas keep would weigh on the client's collector.
    http, busy, answered = await over_http(plan, say)
    pure = Pure(plan, say)
    pure.run()
    return Result(
        "rota",
        {
            **pure.figures(),
            f"GET {PATH}, requests a second": http.medians(),
            "bytes answered": answered,
            "client busy, at most": max(busy),
            "machine": machine(),
        },
        {
            "on_duty_vs_expanding": median(pure.vs_expanding),
            "growth_100_to_10000": pure.on.ratio(str(LARGE), str(SMALL)),
            "http_vs_bare": http.ratio("product", "bare"),
        },
        [
            f"medians of {plan.rounds} rounds, turn about; {plan.asked:,} random instants of a year a round",
            "growth is per call; the larger rota has a hundred times as many on at an instant, in an answer made before",
            f"expanding: `recurring_ical_events.of(calendar)` made once, then `.at(instant)` on {LARGE:,} shifts",
            f"{plan.expanded} such calls a round, each answer checked against ours",
            f"over HTTP {ON_NOW} are on; {CONNECTIONS} connections kept open, one request in flight on each",
            "the bare handler answers the same body, on uvloop, and checks no key",
        ],
    )
