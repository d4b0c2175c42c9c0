"""`bench directory`: who is near a postcode and open now, with 100 services and with 20,000; and what an import costs.

Twenty services serve each postcode district. A lookup is what the page and the desk do: the district somebody typed
becomes a locality, and those who serve it are answered open now first. The evening goes on by a twentieth of a
second with each lookup, so doors open and close in between. Both directories are asked in turn.
"""

import gc
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import msgspec

from bench.figures import Result, Rounds, Say
from bench.report import machine
from bench.rig import BenchFailed
from helpline.clock import SystemClock
from helpline.commands.garbage import THRESHOLDS
from helpline.definition import Definition, read_definition
from helpline.directory import RING, Locality, Places
from helpline.directory_csv import write_csv
from helpline.directory_exchange import form_of
from helpline.directory_lookup import Lookup
from helpline.directory_services import Entry, Service
from helpline.people import Principal
from helpline.service import Helpline
from rota.hours import ChannelHours, Hours, Span

SMALL, LARGE = 100, 20_000
EACH_DISTRICT = 20
WEEKS = 200
EVENING = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)
TODAY = EVENING.date()
FILE = Path(__file__).with_name("service.toml")
KEEPER = Principal("bench", "Bench", ("supervisor",))
CHUNK = 200
APART = timedelta(milliseconds=50)


class Plan(msgspec.Struct, frozen=True):
    """`asked`: lookups in a round."""

    rounds: int
    asked: int


FULL = Plan(rounds=5, asked=40_000)
QUICK = Plan(rounds=3, asked=15_000)


def localities(count: int) -> tuple[Locality, ...]:
    """A locality for each twenty services, with a postcode district of its own."""
    letters = "ABCDEFGHIJKLMNOPRSTUWY"
    places = []
    for number in range(max(1, count // EACH_DISTRICT)):
        first, rest = divmod(number, 90)
        district = f"{letters[first % len(letters)]}{letters[first // len(letters)]}{10 + rest}"
        places.append(Locality(id=f"area-{number}", name=f"Area {number}", districts=(district,)))
    return tuple(places)


def services(count: int, places: Sequence[Locality]) -> list[Service]:
    """So many services with hours of two hundred different weeks; one in ten of unknown hours."""
    chance = random.Random(count)
    weeks = [_week(chance) for _ in range(WEEKS)]
    return [
        Service(
            id=f"s{number}",
            name=f"Service {number}",
            description="Somewhere warm to be for the evening, with tea and somebody to talk to.",
            localities=(places[number % len(places)].id,) if places else (),
            number=f"020 7946 0{number % 1000:03}",
            hours=chance.choice(weeks) if chance.random() < 0.9 else None,
            languages=("en",),
            verify_by=date(2027, 1, 31),
        )
        for number in range(count)
    ]


def _week(chance: random.Random) -> Hours:
    opens = 15 * chance.randrange(88)
    day = (Span(opens, opens + 15 * chance.randrange(4, 32)),)
    week = tuple(day if chance.random() < 0.8 else () for _ in range(7))
    ring = ChannelHours(channel=RING, week=week, on_holidays="closed")  # type: ignore[arg-type]
    return Hours(zone="Europe/London", country="GB", region="ENG", channels=(ring,))


class Near:
    """One directory, asked about one district after another."""

    def __init__(self, count: int) -> None:
        places = localities(count)
        self.entries: list[Entry] = list(services(count, places))
        began = time.perf_counter()
        self.lookup = Lookup(self.entries, TODAY, Places(places))
        self.made_ms = 1e3 * (time.perf_counter() - began)
        chance = random.Random(count + 1)
        self.districts = [f"{chance.choice(places).districts[0].lower()} 1ab" for _ in range(4_096)]
        self.asked = 0

    def ask(self, count: int) -> float:
        """Seconds a lookup takes, over so many."""
        lookup, districts, first = self.lookup, self.districts, self.asked
        began = time.perf_counter()
        for number in range(first, first + count):
            place = lookup.places.of(districts[number % 4_096])
            assert place is not None
            lookup.near(place.id, EVENING + number * APART)[:EACH_DISTRICT]
        self.asked = first + count
        return (time.perf_counter() - began) / count

    def ask_an_hour_later(self) -> float:
        """Seconds the first lookup of a place takes after an hour in which its doors moved."""
        later = EVENING - timedelta(hours=1)
        places = dict.fromkeys(self.lookup.places.of(one) for one in self.districts)
        began = time.perf_counter()
        for place in places:
            self.lookup.near(place.id if place else None, later)
        return (time.perf_counter() - began) / len(places)


def check(near: Near) -> None:
    """`BenchFailed` unless every district has its twenty, and whoever is open comes first."""
    for locality in {near.lookup.places.of(one) for one in near.districts[:50]}:
        shown = near.lookup.near(locality.id if locality else None, EVENING)
        opens = [one.opening.open is True for one in shown]
        if len(shown) != EACH_DISTRICT or opens != sorted(opens, reverse=True):
            raise BenchFailed(f"{locality} has {len(shown)} services, open first: {opens}")


def looked_up(plan: Plan, say: Say) -> tuple[Rounds, dict[str, float], dict[str, float], dict[str, float]]:
    rounds, made, whole, moved = Rounds(), dict[str, float](), dict[str, float](), dict[str, float]()
    both = {count: Near(count) for count in (SMALL, LARGE)}
    for count, near in both.items():
        check(near)
        made[str(count)] = near.made_ms
        near.ask(4_096)
        began = time.perf_counter()
        near.lookup.near(None, EVENING)
        whole[str(count)] = 1e3 * (time.perf_counter() - began)
        moved[str(count)] = 1e6 * near.ask_an_hour_later()
    gc.collect()
    gc.freeze()
    for number in range(plan.rounds):
        say(f"lookups, round {number + 1} of {plan.rounds}")
        took: dict[int, list[float]] = {count: [] for count in both}
        for _ in range(0, plan.asked, CHUNK):
            for count, near in both.items():
                took[count].append(near.ask(CHUNK))
        for count, turns in took.items():
            rounds.add(str(count), median(turns))
    gc.unfreeze()
    return rounds, made, whole, moved


async def imported(definition: Definition, say: Say) -> dict[str, float]:
    """The import with the collector as `serve` keeps it."""
    was = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        return await _imported(definition, say)
    finally:
        gc.set_threshold(*was)


async def _imported(definition: Definition, say: Say) -> dict[str, float]:
    """Seconds to read, keep, take back and start again with a table of 20,000 services."""
    took: dict[str, float] = {}
    data = write_csv(services(LARGE, ())).encode()
    with tempfile.TemporaryDirectory(prefix="helpline-bench-") as folder:
        data_folder, keys = Path(folder) / "data", Path(folder) / "keys"
        helpline = await Helpline.open(definition, data=data_folder, keys=keys, clock=SystemClock())
        try:
            say(f"{LARGE:,} services are read")
            began = time.perf_counter()
            intake = await helpline.directory.look_into(data, form_of(data), lambda done, of: None)
            took["read"] = time.perf_counter() - began
            if len(intake.adds) != LARGE:
                raise BenchFailed(f"{len(intake.refused)} rows were refused: {intake.refused[0].reasons}")
            began = time.perf_counter()
            seq = await helpline.directory.take_in(KEEPER, intake.put, "bench-1", seen=intake.seen)
            took["kept"] = time.perf_counter() - began
            began = time.perf_counter()
            await helpline.directory.undo(KEEPER, seq, "bench-2")
            took["taken back"] = time.perf_counter() - began
            await helpline.directory.undo(KEEPER, seq + 1, "bench-3")
        finally:
            await helpline.close()
        say("the service starts again with them")
        began = time.perf_counter()
        helpline = await Helpline.open(definition, data=data_folder, keys=keys, clock=SystemClock())
        took["started"] = time.perf_counter() - began
        try:
            if len(helpline.directory.services) != LARGE:
                raise BenchFailed(f"{len(helpline.directory.services):,} services are there after the start")
        finally:
            await helpline.close()
        took["MB on the disk"] = sum(one.stat().st_size for one in data_folder.glob("helpline.db*")) / 2**20
    return took


async def run(*, quick: bool, say: Say) -> Result:
    plan = QUICK if quick else FULL
    definition = msgspec.structs.replace(read_definition(FILE), demo=True)
    intake = await imported(definition, say)
    rounds, made, whole, moved = looked_up(plan, say)
    return Result(
        "directory",
        {
            "lookup, us a call": {name: 1e6 * one for name, one in rounds.medians().items()},
            "the first of a place after an hour, us a call": moved,
            "made ready, ms": made,
            "all of them, first asked, ms": whole,
            f"an import of {LARGE:,}, s": {name: one for name, one in intake.items() if "MB" not in name},
            "three such steps on the disk, MB": intake["MB on the disk"],
            "machine": machine(),
        },
        {"growth_100_to_20000": rounds.ratio(str(LARGE), str(SMALL))},
        [
            f"medians of {plan.rounds} rounds, turn about; {plan.asked:,} lookups a round, 50 ms apart on the clock that is passed in",
            f"{EACH_DISTRICT} services serve each district; hours of {WEEKS} different weeks",
            "a lookup: the district typed becomes a locality; those who serve it, open now first",
            "an import: a table read beside everything else, kept in one step, undone, brought back; then a start",
        ],
    )
