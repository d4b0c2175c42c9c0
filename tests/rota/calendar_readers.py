"""Two programs that read calendars, neither of them ours: what they make of a file, as instants."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import icalendar
import recurring_ical_events

Seen = set[tuple[str, datetime, datetime]]
_KHAL = """
[calendars]
[[rota]]
path = {folder}/rota
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = UTC
default_timezone = UTC
[default]
default_calendar = rota
[sqlite]
path = {folder}/khal.db
"""


def seen_by_icalendar(data: bytes, since: datetime, until: datetime) -> Seen:
    """What the icalendar library and recurring-ical-events show: what, start and end of all that starts between.

    What is the UID and the summary, with a | between.
    """
    calendar = icalendar.Calendar.from_ical(data)
    return {
        (f"{event['UID']}|{event['SUMMARY']}", event.start.astimezone(UTC), event.end.astimezone(UTC))
        for event in recurring_ical_events.of(calendar).between(since, until)
        if since <= event.start.astimezone(UTC) < until
    }


def seen_by_khal(data: bytes, folder: Path, *windows: tuple[datetime, datetime]) -> Seen:
    """The same as shown by khal for some spans of time, run as a program with a calendar folder of its own."""
    khal = shutil.which("khal")
    assert khal is not None, "khal is not installed: see deploy/setup/needs.sh"
    (folder / "rota").mkdir()
    config, file = folder / "khal.conf", folder / "rota.ics"
    config.write_text(_KHAL.format(folder=folder))
    file.write_bytes(data)
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def said(*words: str) -> str:
        run = [khal, "-c", str(config), *words]
        return subprocess.run(
            run, check=True, env=environment, capture_output=True, text=True, timeout=60
        ).stdout

    said("import", "--batch", "-a", "rota", str(file))
    seen: Seen = set()
    for since, until in windows:
        days = f"{(until - since).days + 1}d"
        shape = "{uid}|{title}|{start-long}|{end-long}"
        shown = said("list", "-df", "", "-f", shape, f"{since:%Y-%m-%d}", days)
        for what, *edges in re.findall(r"^(.*)\|([\d-]+ [\d:]+)\|([\d-]+ [\d:]+)$", shown, re.MULTILINE):
            starts_at, ends_at = (datetime.fromisoformat(f"{edge}Z") for edge in edges)
            if since <= starts_at < until:
                seen.add((what, starts_at, ends_at))
    return seen
