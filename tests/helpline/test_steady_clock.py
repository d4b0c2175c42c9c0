"""The clock of one node among others does not follow a leap of the machine's before somebody has vouched for it."""

from datetime import UTC, datetime, timedelta

from helpline.clock import LEAP, SteadyClock
from tests.clock import SetClock

EVENING = datetime(2026, 3, 6, 22, 40, tzinfo=UTC)
AHEAD = timedelta(seconds=90)


class Machine:
    """A machine whose clock and whose count of seconds go on together, until the clock is set."""

    def __init__(self) -> None:
        self.clock, self.counted = SetClock(EVENING), 0.0
        self.steady = SteadyClock(self.clock, lambda: self.counted)

    def goes_on(self, seconds: float) -> None:
        self.counted += seconds
        self.clock.advance(seconds=seconds)

    def leaps(self, by: timedelta) -> None:
        self.clock.set(self.clock.now() + by)


def test_it_is_the_machines_clock_and_follows_what_is_set_little_by_little() -> None:
    machine = Machine()
    for _ in range(100):
        machine.goes_on(1.0)
        machine.leaps(LEAP / 2)
        assert machine.steady.now() == machine.clock.now()


def test_a_leap_is_not_followed_in_either_direction_and_time_goes_on() -> None:
    for by in (AHEAD, -AHEAD, LEAP + timedelta(milliseconds=1)):
        machine = Machine()
        machine.goes_on(10.0)
        assert machine.steady.now() == EVENING + timedelta(seconds=10)
        machine.leaps(by)
        machine.goes_on(5.0)
        assert machine.steady.now() == EVENING + timedelta(seconds=15)


def test_a_leap_that_is_taken_back_leaves_no_trace() -> None:
    machine = Machine()
    machine.leaps(AHEAD)
    assert machine.steady.now() == EVENING
    machine.leaps(-AHEAD)
    machine.goes_on(1.0)
    assert machine.steady.now() == machine.clock.now()


def test_once_the_machines_clock_is_vouched_for_it_is_followed_wherever_it_leapt() -> None:
    machine = Machine()
    machine.leaps(AHEAD)
    machine.steady.right()
    assert machine.steady.now() == EVENING + AHEAD


def test_while_the_machines_clock_is_wrong_the_time_that_was_told_goes_on() -> None:
    machine = Machine()
    machine.steady.wrong(EVENING - AHEAD)
    machine.goes_on(3.0)
    assert machine.steady.now() == EVENING - AHEAD + timedelta(seconds=3)
    machine.steady.wrong(EVENING - AHEAD + timedelta(seconds=3.4))
    assert machine.steady.now() == EVENING - AHEAD + timedelta(seconds=3)  # no jitter
    machine.steady.wrong(EVENING)
    assert machine.steady.now() == EVENING
    machine.leaps(-timedelta(seconds=3))
    machine.steady.right()
    assert machine.steady.now() == machine.clock.now() == EVENING
