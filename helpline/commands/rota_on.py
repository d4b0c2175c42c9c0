"""`helpline rota on`: who is on at an instant."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console

from helpline.commands.control import done
from helpline.errors import BadRequest
from helpline.service import Helpline
from helpline.settings import Settings


async def on_duty(helpline: Helpline, asked: Mapping[str, Any]) -> dict[str, Any]:
    """`{at, zone, on: [{person, name, role, starts_at, ends_at, channels, languages}]}` at `asked["at"]`, or now."""
    at = helpline.clock.now()
    if asked.get("at"):
        at = instant_of(str(asked["at"]))
    on = []
    for duty in helpline.roster.rota.on_duty_at(at):
        account = helpline.people.get(duty.person)
        on.append(
            {
                "person": duty.person,
                "name": account.shown_name if account is not None else duty.person,
                "role": duty.role,
                "starts_at": duty.starts_at,
                "ends_at": duty.ends_at,
                "channels": duty.channels,
                "languages": duty.languages,
            }
        )
    return {"at": at, "zone": helpline.definition.zone, "on": on}


def instant_of(text: str) -> datetime:
    """An instant as it is typed, in UTC. `BadRequest` when it cannot be read or has no offset."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"at {text}: write an instant such as 2026-03-29T01:30:00Z") from None
    if instant.tzinfo is None:
        raise BadRequest(
            f"at {text}: say in which time: {text}Z for UTC, or with an offset such as {text}+01:00"
        )
    return instant.astimezone(UTC)


def rota_on(settings: Settings, at: str, say: Console, *, as_json: bool) -> int:
    """Print who is on, through the running server if there is one. Exit status 0, also when nobody is."""
    answer = asyncio.run(done(settings, "rota on", on_duty, {"at": at}))
    if as_json:
        say.print(msgspec.json.encode(answer).decode(), markup=False)
        return 0
    zone = ZoneInfo(answer["zone"])

    def wall(instant: Any) -> str:
        return datetime.fromisoformat(str(instant)).astimezone(zone).strftime("%a %d %b %H:%M")

    say.print(f"On at {wall(answer['at'])} ({answer['zone']}):", markup=False)
    for duty in answer["on"]:
        languages = ", ".join(duty["languages"]) or "no language"
        line = f"  {duty['role']:<15} {duty['name']:<20} until {wall(duty['ends_at'])}  {languages}"
        say.print(line, markup=False)
    if not answer["on"]:
        say.print("  nobody")
    return 0
