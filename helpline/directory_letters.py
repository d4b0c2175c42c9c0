"""The letter that says what in the directory is to be checked: to each lead, on the days on which something has changed.

All of this is pure. Entries are counted and not named, because a letter may be read over a shoulder; the page it leads to
names them.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from helpline.directory_lookup import SOON
from helpline.directory_services import Entry
from helpline.letters import Letter
from helpline.reminders import last_list
from rota.members import Member

_DAY = timedelta(days=1)
_MONDAY = 0


def checks(
    entries: Iterable[Entry], members: Sequence[Member], zone: str, since: datetime, now: datetime
) -> list[Letter]:
    """A letter to each lead whom one reaches, at the settled hour of the day's list.

    It goes on the day on which an entry comes within two weeks of its verify-by date, on the day after that date, and
    on every Monday while one is past it. `since` is up to when letters were written before. An entry that never had a
    date is on the page and in no letter.
    """
    listed_at = last_list(zone, now)
    if since >= listed_at:
        return []
    day, before = listed_at.astimezone(ZoneInfo(zone)).date(), _day_of_list(zone, since)
    dates = [entry.verify_by for entry in entries if entry.verify_by is not None]
    due = [one for one in dates if one <= day + SOON]
    moved = any(before < turns <= day for one in due for turns in (one - SOON, one + _DAY))
    if not moved and not (day.weekday() == _MONDAY and any(one < day for one in due)):
        return []
    return [
        Letter(
            mark=f"check|{day}|{member.id}",
            what="check",
            to=member.id,
            about=(),
            at=now,
            until=listed_at + _DAY,
            count=len(due),
        )
        for member in members
        if "lead" in member.roles
    ]


def _day_of_list(zone: str, instant: datetime) -> date:
    return last_list(zone, instant).astimezone(ZoneInfo(zone)).date()
