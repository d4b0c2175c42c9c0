"""Where a server's own time goes: its stack, looked at after every few milliseconds of processor time."""

import signal
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

EVERY_SECONDS = 0.002
DEEPEST = 60
SHOWN = 40


class Sampler:
    """Counts, per function, the samples it was on top of the stack (`own`) and anywhere on it (`all`).

    A timer of processor time interrupts the main thread between two steps of Python, so time inside a C function is
    counted to the Python function that called it, and time of other threads to whatever the main thread did then.
    """

    def __init__(self) -> None:
        self._own: Counter[str] = Counter()
        self._all: Counter[str] = Counter()
        self._samples = 0

    def start(self) -> bool:
        signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)
        return True

    def stop(self) -> dict[str, Any]:
        """`{"samples", "own": [[function, share]…], "all": […]}`, the largest first."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        return {
            "samples": self._samples,
            "own": self._shares(self._own),
            "all": self._shares(self._all),
        }

    def _shares(self, counted: Counter[str]) -> list[tuple[str, float]]:
        return [(name, count / max(1, self._samples)) for name, count in counted.most_common(SHOWN)]

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        self._samples += 1
        seen: set[str] = set()
        while frame is not None and len(seen) < DEEPEST:
            name = _name(frame)
            if not seen:
                self._own[name] += 1
            seen.add(name)
            frame = frame.f_back
        self._all.update(seen)


def _name(frame: FrameType) -> str:
    code = frame.f_code
    path = Path(code.co_filename)
    return f"{path.parent.name}/{path.name}: {code.co_qualname}"
