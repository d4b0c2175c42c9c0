"""From what was timed to what is reported. Times are milliseconds, sizes bytes, unless the name says otherwise."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median

import msgspec

PERCENTILES = (50, 95, 99)

Timed = Sequence[float | None]
"""[intended, sent, done] of one message by the driver's clock; `done` is None when it never came."""


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that `share` per cent of all are at or below (nearest rank). `ValueError` without any."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)]


def waits(times: Iterable[Timed]) -> list[float]:
    """How long each message took, from when it was *meant* to be sent.

    A load that holds back while the server stalls would leave out just what the stall did to everybody meanwhile
    (coordinated omission); counting from the intended instant puts it back. What never came took for ever.
    """
    return [math.inf if done is None else done - _known(intended) for intended, _, done in times]


def lateness(times: Iterable[Timed]) -> list[float]:
    """How long after the intended instant each message left the driver: its own share of the wait."""
    return [_known(sent) - _known(intended) for intended, sent, _ in times]


def _known(instant: float | None) -> float:
    if instant is None:
        raise ValueError("a message that was never sent has no time")
    return instant


def percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": percentile(values, share) for share in PERCENTILES}


def per_round(upper: Sequence[float], lower: Sequence[float]) -> float:
    """The median over rounds of upper ÷ lower: both sides of each quotient met the machine in the same mood."""
    if len(upper) != len(lower) or not upper:
        raise ValueError("both need the same rounds, and at least one")
    return median(one / other for one, other in zip(upper, lower, strict=True))


class Rounds:
    """One kind of measurement, of several servers, round by round."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}

    def add(self, name: str, value: float) -> None:
        self.values.setdefault(name, []).append(value)

    def medians(self) -> dict[str, float]:
        return {name: median(values) for name, values in self.values.items()}

    def ratio(self, upper: str, lower: str) -> float:
        return per_round(self.values[upper], self.values[lower])


class Result(msgspec.Struct, frozen=True):
    """What a benchmark found; `--json` prints it as one object."""

    bench: str
    figures: dict[str, object]
    ratios: dict[str, float]
    notes: list[str]


def rounded(value: object, digits: int = 4) -> object:
    """Floats to four significant digits, all the way down; one that is not finite becomes None, as JSON has none."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): rounded(one, digits) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one, digits) for one in value]
    return value


Say = Callable[[str], None]
