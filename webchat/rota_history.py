"""What happened to one shift, as whoever looks may know it: who, when, and why only for planners and who wrote it.

That somebody was ill is theirs and the lead's: for everybody else they gave the shift back.
"""

import msgspec

from helpline.rota_keeping import RotaKeeping, Step
from rota.book import AskChanged, Confirmed, NightChanged, ShiftChanged
from rota.shifts import Slot
from webchat import rota_words
from webchat.rota_view import Looking

# How far back one page reads. Each step is unsealed, so a page does not read them all.
STEPS_READ = 400
_AT_ONCE = 100

_WORDS = {
    "began": "Put on the rota",
    "seeded": "Put on the rota",
    "demonstration": "Put on the rota",
    "imported": "Put on the rota from a calendar",
    "took": "{by} took it",
    "gave_back": "{by} gave it back",
    "sick": "{by} called in sick",
    "confirmed": "{by} will be there",
    "asked_cover": "{by} asked for cover",
    "offered_swap": "{by} offered a swap",
    "approved_swap": "{by} approved the swap",
    "said_no": "{by} said no",
    "withdrew": "{by} took the question back",
    "asked_to_fill": "{by} asked {to}",
    "put_on": "{by} put {holder} on",
    "took_off": "{by} made it free",
    "undid": "{by} undid a change",
}
# What was asked of whom is between those two and the leads.
_PLANNERS_ONLY = frozenset({"offered_swap", "said_no", "withdrew", "asked_to_fill"})
_NOBODY_NEEDS = frozenset({"passed"})


class Past(msgspec.Struct, frozen=True):
    """One line of a shift's history. `why` is empty when there is none or it is not for whoever looks."""

    when: str
    text: str
    why: str


async def steps_about(rota: RotaKeeping, slot: Slot) -> list[Step]:
    """The newest steps that touched an occurrence, newest first."""
    found: list[Step] = []
    before: int | None = None
    for _ in range(STEPS_READ // _AT_ONCE):
        steps = await rota.history(before, _AT_ONCE)
        for step in steps:
            if _touches(step, slot):
                found.append(step)
                if _made(step, slot):
                    return found
        if not steps or steps[-1].seq <= 1:
            break
        before = steps[-1].seq
    return found


def _made(step: Step, slot: Slot) -> bool:
    """Whether the shift was put on the rota with this step: nothing before can be about it."""
    return any(
        isinstance(change, ShiftChanged) and change.id == slot.shift and change.before is None
        for change in step.changes
    )


def _touches(step: Step, slot: Slot) -> bool:
    for change in step.changes:
        if isinstance(change, NightChanged | Confirmed) and change.id == str(slot):
            return True
        if isinstance(change, ShiftChanged) and change.id == slot.shift:
            return True
        if isinstance(change, AskChanged):
            ask = change.after or change.before
            if ask is not None and ask.about(slot):
                return True
    return False


def past(looking: Looking, steps: list[Step], slot: Slot) -> tuple[Past, ...]:
    """The lines of a history, newest first."""
    return tuple(
        Past(
            when=f"{(at := step.at.astimezone(looking.zone)).day} {at:%b %H:%M}",
            text=_text(looking, step, slot),
            why=(step.why or "") if looking.plans or step.by.id == looking.me.id else "",
        )
        for step in steps
        if step.what not in _NOBODY_NEEDS
        and (looking.plans or step.by.id == looking.me.id or step.what not in _PLANNERS_ONLY)
    )


def _text(looking: Looking, step: Step, slot: Slot) -> str:
    what = step.what
    if what == "sick" and not looking.plans and step.by.id != looking.me.id:
        what = "gave_back"
    night = next((one for one in step.changes if isinstance(one, NightChanged) and one.id == str(slot)), None)
    after = night.after if night is not None else None
    holder = looking.name(after.person) if after is not None and after.person else "nobody"
    if what == "agreed_swap":
        return f"Swapped: {holder} has it" if night is not None else f"{step.by.name} agreed to swap"
    if what == "edited":
        return f"{step.by.name} {_edited(night)}"
    asked = next((one.after for one in step.changes if isinstance(one, AskChanged) and one.after), None)
    to = rota_words.names([looking.name(one) for one in asked.to]) if asked is not None else ""
    return _WORDS.get(what, "{by} changed it").format(by=step.by.name or "The service", to=to, holder=holder)


def _edited(night: NightChanged | None) -> str:
    if night is None or night.after is None:
        return "changed the shift"
    return "cancelled this night" if night.after.cancelled else "moved this night"
