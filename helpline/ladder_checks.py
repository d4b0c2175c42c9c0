"""When a risk ladder could leave somebody with nowhere to go: what `helpline check` refuses, and why.

Each rule is told with its key, what is wrong and how to mend it. A warning is for what a service may have reason for.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import get_args

from helpline.definition_tables import Found
from helpline.directory import EMERGENCY, CrisisContact, is_open
from helpline.ladder import ACTING, Track
from helpline.messages import has_words
from helpline.shape import Definition
from rota.hours import ALL_DAY, Hours
from rota.shifts import Rota

ASK_UP = "ask_up"
ON_CALL = ("on_call", "second_on_call")
# A follow-up is promised for a later shift, so it may lie beyond this one.
FOLLOW_UPS = frozenset({"follow_up", "follow_up_from"})
# Whom only the person can name, and whom nobody rings.
NAMED_BY_THE_PERSON = frozenset({"own_contact", "chosen_person", "gp"})
WITHOUT_A_NUMBER = frozenset({ASK_UP, "everyone"})
# A Monday in winter. On-call is looked at once an hour from there for a year, both clock changes included.
_LOOK_FROM = datetime(2026, 1, 5, 0, 30, tzinfo=UTC)
_LOOK_HOURS = 366 * 24


def lists_end_where_they_must(definition: Definition) -> Iterator[Found]:
    """At 3 and 4 with an emergency number; below with "go up and ask"."""
    for rung in definition.ladder.rungs:
        key = f"ladder.rungs[{rung.number}].contacts"
        last = rung.contacts[-1] if rung.contacts else None
        if rung.number >= ACTING and last != EMERGENCY:
            yield Found(key, "the last step must be an emergency number", f'end the list with "{EMERGENCY}"')
        elif rung.number < ACTING and last != ASK_UP:
            yield Found(key, "the last step must be to go up and ask", f'end the list with "{ASK_UP}"')


def asking_up_comes_last(definition: Definition) -> Iterator[Found]:
    """It is open for ever and no number: wherever it stands, what comes after it is never suggested."""
    lists = {f"ladder.rungs[{rung.number}].contacts": rung.contacts for rung in definition.ladder.rungs}
    for number, (key, roles) in enumerate(lists.items()):
        before_the_end = roles[:-1] if number < ACTING else roles
        if ASK_UP in before_the_end:
            what = f"“{ASK_UP}” is always open, so nothing after it is ever suggested"
            if number >= ACTING:
                what = f"“{ASK_UP}” is no step here: there is nowhere left to go up to"
            yield Found(f"{key}[{roles.index(ASK_UP)}]", what, "take it out here")
    if ASK_UP in definition.ladder.last_resorts:
        place = definition.ladder.last_resorts.index(ASK_UP)
        what = f"“{ASK_UP}” is no step at 3 or 4: there is nowhere left to go up to"
        yield Found(f"ladder.last_resorts[{place}]", what, "take it out here")


def steps_have_somebody(definition: Definition) -> Iterator[Found]:
    named = {contact.role for contact in definition.crisis_contacts}
    free = NAMED_BY_THE_PERSON | WITHOUT_A_NUMBER | {EMERGENCY}
    for rung in definition.ladder.rungs[ACTING:]:
        for place, role in enumerate(rung.contacts):
            if role not in named | free:
                mend = f'add a [[crisis_contacts]] with role = "{role}", or take the step out'
                key = f"ladder.rungs[{rung.number}].contacts[{place}]"
                yield Found(key, f"nobody is named for “{role}”: the step is passed over", mend, True)


def fallbacks_lead_somewhere(definition: Definition) -> Iterator[Found]:
    """Whom to use instead: not round in a ring, and not somebody who does not serve the same people."""
    by_id = {contact.id: contact for contact in definition.crisis_contacts}
    for place, contact in enumerate(definition.crisis_contacts):
        key = f"crisis_contacts[{place}].fallback"
        instead = by_id.get(contact.fallback)
        if instead is None or instead is contact:
            continue
        if _comes_back(contact, by_id):
            what = f"{contact.name} falls back on {instead.name}, and from there back to itself"
            yield Found(key, what, "let the last of them have no fallback, or one outside the ring")
        if instead.localities and not set(contact.localities or ("",)) <= set(instead.localities):
            what = f"{instead.name} does not serve everybody whom {contact.name} serves"
            yield Found(key, what, "name one who does, or widen its localities")


def _comes_back(contact: CrisisContact, by_id: dict[str, CrisisContact]) -> bool:
    seen = {contact.id}
    following = by_id.get(contact.fallback)
    while following is not None and following.id not in seen:
        seen.add(following.id)
        following = by_id.get(following.fallback)
    return following is contact


def contacts_can_be_rung(definition: Definition) -> Iterator[Found]:
    """A step nobody can ring is none; an on-call who is only written to may not see it before the morning."""
    numbered = {contact.role for contact in definition.crisis_contacts if contact.number.strip()}
    for place, contact in enumerate(definition.crisis_contacts):
        if contact.role in WITHOUT_A_NUMBER or contact.number.strip():
            continue
        what = f"{contact.name} has no number to ring"
        if contact.role in ON_CALL:
            what = f"{contact.name} is on call and has no number: e-mail alone reaches nobody at night"
        yield Found(f"crisis_contacts[{place}].number", what, "write the number to ring")
    steps = {role for rung in definition.ladder.rungs[ACTING:] for role in rung.contacts}
    for place, person in enumerate(definition.people):
        for role in ON_CALL:
            if role in person.roles and role in steps and person.email and role not in numbered:
                mend = f'add a [[crisis_contacts]] with role = "{role}" and the number to ring'
                what = f"{person.name} is on call and reached only by e-mail, which nobody sees at night"
                yield Found(f"people[{place}].email", what, mend)


def emergency_never_closes(definition: Definition) -> Iterator[Found]:
    for place, contact in enumerate(definition.crisis_contacts):
        if contact.role == EMERGENCY and contact.hours is not None:
            mend = 'write hours = "always", or give it another role'
            yield Found(f"crisis_contacts[{place}].hours", "an emergency number never closes", mend)
        if contact.role == EMERGENCY and contact.localities:
            mend = "leave localities out, or give it another role"
            yield Found(f"crisis_contacts[{place}].localities", "an emergency number serves everywhere", mend)


def clocks_fit_a_shift(definition: Definition) -> Iterator[Found]:
    """A clock that runs past the end of the shift runs out with nobody there."""
    found = shortest_shift(definition)
    if found is None:
        return
    shortest, which = found
    clocks = {
        f"ladder.rungs[{rung.number}].clocks.{kind}": seconds
        for rung in definition.ladder.rungs
        for kind, seconds in rung.clocks.items()
        if kind not in FOLLOW_UPS
    }
    chain = definition.ask_lead.chain_seconds
    clocks[f"ask_lead.chain_seconds[{len(chain) - 1}]"] = chain[-1]
    clocks["waiting.not_safe_seconds"] = definition.waiting.not_safe_seconds
    for key, seconds in clocks.items():
        if seconds > shortest:
            what = f"{seconds} s is longer than {which}, {shortest} s: nobody would be there to see it"
            yield Found(key, what, f"write at most {shortest}")


def shortest_shift(definition: Definition) -> tuple[int, str] | None:
    """The shortest shift in seconds, and which that is; the shortest evening where no shift is written yet."""
    lengths = [int((shift.ends - shift.starts).total_seconds()) for shift in definition.shifts]
    if definition.demo:
        lengths.append(definition.demonstration.shift_lasts_hours * 3_600)
    if lengths:
        return min(lengths), "the shortest shift"
    opened = [
        (span.closes - span.opens) * 60
        for each in definition.hours.channels
        for spans in each.week
        for span in spans
    ]
    return (min(opened), "the shortest time you are open") if opened else None


def prompts_in_every_language(definition: Definition) -> Iterator[Found]:
    for rung in definition.ladder.rungs[1:]:
        for tag in definition.languages.promised:
            if not has_words(rung.prompts, tag):
                what = f"no words in {tag}, a promised language: nobody there could ask in it"
                mend = f"add {tag} = [ … ], written by somebody who grew up with it, or do not promise {tag}"
                yield Found(f"ladder.rungs[{rung.number}].prompts", what, mend)


def tracks_have_their_lines(definition: Definition) -> Iterator[Found]:
    for track in get_args(Track):
        if not definition.ladder.tracks.get(track, "").strip():
            mend = f'write {track} = "…", or leave [ladder.tracks] out to keep the default lines'
            yield Found(f"ladder.tracks.{track}", "this track has no line that says what it is for", mend)


def out_of_hours_owner(definition: Definition) -> Iterator[Found]:
    """Whoever is still on the ladder when the door closes needs somebody who can be rung until it opens."""
    if not any(closes(definition.hours, channel) for channel in definition.channels):
        return
    on_call = [one for one in definition.crisis_contacts if one.role == "on_call" and one.number.strip()]
    if not on_call:
        what = "this service closes, and nobody owns what is still open out of hours"
        mend = 'add a [[crisis_contacts]] with role = "on_call" and hours = "always"'
        yield Found("crisis_contacts", what, mend)
    elif not any(one.hours is None or not closes(one.hours) for one in on_call):
        unowned = _nobody_to_ring(definition, on_call)
        if unowned is not None:
            what = f"this service is closed and its on-call cannot be rung, for one at {unowned:%a %d %b %H:%M} UTC"
            mend = 'write hours = "always" for the on-call, or put on_call shifts on the rota for those hours'
            yield Found("crisis_contacts", what, mend)


def _nobody_to_ring(definition: Definition, on_call: Iterable[CrisisContact]) -> datetime | None:
    """The first hour at which every channel is closed and no on-call is open or on the rota."""
    on_call = tuple(on_call)
    shifts = [shift for shift in definition.shifts if shift.role == "on_call"]
    rota = Rota(shifts)
    # A shift that begins next month covers nothing before; looking starts where the last of them does.
    began = [shift.starts.replace(tzinfo=UTC) for shift in shifts]
    since = max((_LOOK_FROM, *began)).replace(minute=30) + timedelta(days=1 if began else 0)
    for hours in range(_LOOK_HOURS):
        instant = since + timedelta(hours=hours)
        if any(definition.opening_hours.is_open(channel, instant) for channel in definition.channels):
            continue
        if not any(is_open(one, instant) for one in on_call) and not rota.on_duty_at(instant):
            return instant
    return None


def closes(hours: Hours, channel: str | None = None) -> bool:
    """Whether there is any hour of a year at which this is shut."""
    return any(
        any(spans != ALL_DAY for spans in each.week) or each.on_holidays not in ("open", ALL_DAY)
        for each in hours.channels
        if channel in (None, each.channel)
    ) or any(day.hours != ALL_DAY for day in hours.special_days if day.channel in (None, channel))


def localities_have_a_team(definition: Definition) -> Iterator[Found]:
    teams = [contact for contact in definition.crisis_contacts if contact.role == "crisis_team"]
    for place, locality in enumerate(definition.localities):
        if not any(not team.localities or locality.id in team.localities for team in teams):
            mend = f'add a [[crisis_contacts]] with role = "crisis_team" and localities = ["{locality.id}"]'
            yield Found(f"localities[{place}]", f"{locality.name} has no crisis team", mend)


LADDER_CHECKS: tuple[tuple[set[str], Callable[[Definition], Iterator[Found]]], ...] = (
    (set(), lists_end_where_they_must),
    ({"ladder"}, asking_up_comes_last),
    ({"ladder", "crisis_contacts"}, steps_have_somebody),
    ({"crisis_contacts"}, fallbacks_lead_somewhere),
    ({"crisis_contacts", "people"}, contacts_can_be_rung),
    ({"crisis_contacts"}, emergency_never_closes),
    ({"shifts", "demonstration", "hours", "ask_lead", "waiting"}, clocks_fit_a_shift),
    ({"languages"}, prompts_in_every_language),
    ({"ladder"}, tracks_have_their_lines),
    ({"hours", "crisis_contacts", "shifts"}, out_of_hours_owner),
    ({"crisis_contacts", "localities"}, localities_have_a_team),
)
"""Each with the tables it reads: what was not read whole is not judged."""
