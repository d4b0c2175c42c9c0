"""`helpline rota gaps`: what is short of the minimum in the weeks ahead."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console

from helpline.commands.control import done
from helpline.errors import BadRequest
from helpline.service import Helpline
from helpline.settings import Settings
from rota.gaps import gaps

MOST_WEEKS = 52


async def gaps_ahead(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, Any]:
    """`{since, until, zone, gaps: [{starts_at, ends_at, supporters, lead, on_call, company, languages, free}]}`.

    From now, so many `asked["weeks"]`, or as far as the service looks ahead. `free` are the slots of free
    shifts that could fill it; a gap in which nothing is missing is a free shift that nobody needs to take.
    """
    plan = helpline.rota.plan()
    until = plan.now + timedelta(weeks=_weeks(asked.get("weeks"), plan.agreement.look_ahead_weeks))
    peers = {account.id for account in helpline.people if account.kind == "peer"}
    found = gaps(plan.rota, helpline.hours, helpline.definition.staffing, plan.now, until, peers=peers)
    return {
        "since": plan.now,
        "until": until,
        "zone": helpline.definition.zone,
        "gaps": [
            {
                "starts_at": gap.starts_at,
                "ends_at": gap.ends_at,
                "supporters": gap.missing.supporters,
                "lead": gap.missing.lead,
                "on_call": gap.missing.on_call,
                "company": gap.missing.company,
                "languages": gap.missing.languages,
                "free": [str(duty.slot) for duty in gap.free],
            }
            for gap in found
        ],
    }


def _weeks(asked: Any, otherwise: int) -> int:
    """How many weeks were asked for. `BadRequest` for what is no number of them from 1 to `MOST_WEEKS`."""
    if asked is None:
        return otherwise
    if not isinstance(asked, int) or not 1 <= asked <= MOST_WEEKS:
        raise BadRequest(f"weeks {asked}: write a number from 1 to {MOST_WEEKS}")
    return asked


def rota_gaps(settings: Settings, weeks: int | None, say: Console, *, as_json: bool) -> int:
    """Print the gaps, through the running server if there is one. Exit status 0, also when there are some."""
    answer = asyncio.run(done(settings, "rota gaps", gaps_ahead, {"weeks": weeks}))
    if as_json:
        say.print(msgspec.json.encode(answer).decode(), markup=False)
        return 0
    zone = ZoneInfo(answer["zone"])
    since, until = (_wall(answer[name], zone) for name in ("since", "until"))
    say.print(f"Short from {since:%a %d %b %Y} to {until:%a %d %b %Y} ({answer['zone']}):", markup=False)
    short = [gap for gap in answer["gaps"] if _missing(gap)]
    for gap in short:
        starts, ends = (_wall(gap[name], zone) for name in ("starts_at", "ends_at"))
        free = f"  ({len(gap['free'])} free)" if gap["free"] else ""
        until_then = f"{ends:%H:%M}" if ends - starts < timedelta(days=1) else f"{ends:%a %d %b %H:%M}"
        say.print(f"  {starts:%a %d %b %H:%M}–{until_then}  {_missing(gap)}{free}", markup=False)
    if not short:
        say.print("  nothing: every open hour is covered")
    return 0


def _wall(instant: Any, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(str(instant)).astimezone(zone)


def _missing(gap: Mapping[str, Any]) -> str:
    """ "missing: 1 supporter, lead; nobody speaks pl"; empty where nothing is missing."""
    count = gap["supporters"]
    lacked = [f"{count} {'supporter' if count == 1 else 'supporters'}"] if count else []
    lacked += [words for words, name in (("lead", "lead"), ("on-call", "on_call")) if gap[name]]
    parts = [f"missing: {', '.join(lacked)}"] if lacked else []
    if gap["languages"]:
        parts.append(f"nobody speaks {' or '.join(gap['languages'])}")
    if gap["company"]:
        parts.append("a peer is alone")
    return "; ".join(parts)
