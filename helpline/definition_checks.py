"""What a definition must hold together, beyond the type of each value; and when a service may not open at all."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from helpline.definition_tables import Mistake
from helpline.directory import EMERGENCY, NATIONAL, CrisisContact, is_stale
from helpline.ladder import ACTING
from helpline.messages import lookup
from helpline.numbers import EVERYBODYS, dialled, is_fictitious
from helpline.shape import Definition
from rota.hours import ALL_DAY, Hours

_FOLLOW_UPS = frozenset({"follow_up", "follow_up_from"})
_LAST_BELOW = "ask_up"


class _Found(NamedTuple):
    key: str
    what: str
    mend: str
    warning: bool = False


def check(
    definition: Definition,
    *,
    file: str = "definition",
    today: date | None = None,
    unsound: Collection[str] = (),
) -> list[Mistake]:
    """Every error and warning in a definition that was read.

    With `today` (the service's local date) numbers past their verify-by date are warned of. `unsound` names tables
    that were not read whole; what depends on them is not checked, so that one slip is not told twice.
    """
    return [
        Mistake(file, found.key, found.what, found.mend, "warning" if found.warning else "error")
        for tables, look in _CHECKS
        if not tables & set(unsound)
        for found in look(definition)
    ] + [
        Mistake(file, found.key, found.what, found.mend, "warning")
        for found in (_stale(definition, today) if today is not None else ())
    ]


def refusals_to_serve(
    definition: Definition,
    *,
    file: str = "definition",
    crisis_contacts: Iterable[CrisisContact] | None = None,
) -> list[Mistake]:
    """Why `serve` must not open this service: an unapproved ladder or fictitious numbers, outside a demonstration;
    anybody's real number inside one.

    `crisis_contacts` are those of the store, once the seeds were imported; without them the seeds are looked at.
    """
    numbers = [("lead_number", definition.lead_number)]
    for place, contact in enumerate(
        definition.crisis_contacts if crisis_contacts is None else crisis_contacts
    ):
        key = f"crisis_contacts[{place}]" if crisis_contacts is None else f"crisis contact {contact.id}"
        numbers += [(f"{key}.number", contact.number), (f"{key}.text_relay", contact.text_relay)]
    refused: list[_Found] = []
    if not definition.demo:
        ladder = definition.ladder
        mend = "have the clinical or safeguarding lead approve the ladder, then write who and when"
        if not ladder.approved_by.strip():
            refused.append(_Found("ladder.approved_by", "nobody has approved the risk ladder", mend))
        if ladder.approved_on is None:
            refused.append(_Found("ladder.approved_on", "has no date on which the ladder was approved", mend))
    for key, number in numbers:
        fictitious = is_fictitious(number, definition.country)
        if not definition.demo and fictitious:
            mend = "write the real number, and ring it once to make sure"
            refused.append(_Found(key, f"“{number}” is a fictitious number: it reaches nobody", mend))
        elif definition.demo and number and not fictitious and dialled(number) not in EVERYBODYS:
            mend = "write a fictitious one, such as 01632 960114, or take demo = true out"
            refused.append(_Found(key, f"“{number}” may be somebody's real number, in a demonstration", mend))
    return [Mistake(file, *found[:3]) for found in refused]


def _lists_end_where_they_must(definition: Definition) -> Iterator[_Found]:
    for rung in definition.ladder.rungs:
        key = f"ladder.rungs[{rung.number}].contacts"
        last = rung.contacts[-1] if rung.contacts else None
        if rung.number >= ACTING and last != EMERGENCY:
            yield _Found(key, "the last step must be an emergency number", f'end the list with "{EMERGENCY}"')
        elif rung.number < ACTING and last != _LAST_BELOW:
            yield _Found(key, "the last step must be to go up and ask", f'end the list with "{_LAST_BELOW}"')


def _emergency_never_closes(definition: Definition) -> Iterator[_Found]:
    for place, contact in enumerate(definition.crisis_contacts):
        if contact.role == EMERGENCY and contact.hours is not None:
            mend = 'write hours = "always", or give it another role'
            yield _Found(f"crisis_contacts[{place}].hours", "an emergency number never closes", mend)
        if contact.role == EMERGENCY and contact.localities:
            mend = "leave localities out, or give it another role"
            yield _Found(
                f"crisis_contacts[{place}].localities", "an emergency number serves everywhere", mend
            )


def _clocks_fit_a_shift(definition: Definition) -> Iterator[_Found]:
    lengths = [int((shift.ends - shift.starts).total_seconds()) for shift in definition.shifts]
    if definition.demo:
        lengths.append(definition.demonstration.shift_lasts_hours * 3_600)
    if not lengths:
        return
    shortest = min(lengths)
    for rung in definition.ladder.rungs:
        for kind, seconds in rung.clocks.items():
            # A follow-up is promised for a later shift, so it may lie beyond this one.
            if kind not in _FOLLOW_UPS and seconds > shortest:
                what = f"{seconds} s is longer than the shortest shift, {shortest} s: nobody would be there to see it"
                yield _Found(f"ladder.rungs[{rung.number}].clocks.{kind}", what, f"write at most {shortest}")


def _prompts_in_every_language(definition: Definition) -> Iterator[_Found]:
    default = definition.languages.default
    for rung in definition.ladder.rungs[1:]:
        for tag in definition.languages.promised:
            if not _has(rung.prompts, tag):
                what = (
                    f"no words in {tag}, a promised language; the desk shows those in {default} and says so"
                )
                yield _Found(f"ladder.rungs[{rung.number}].prompts", what, f"add {tag} = [ … ]", True)


def _words_in_every_language(definition: Definition) -> Iterator[_Found]:
    default = definition.languages.default
    texts: dict[str, Iterable[str]] = {f"messages.{key}": each for key, each in definition.messages.items()}
    texts["messages.grounding"] = definition.grounding
    texts["confidentiality.wording"] = definition.confidentiality.wording
    for key, available in texts.items():
        for tag in definition.languages.promised:
            if not _has(available, tag):
                what = f"no words in {tag}, a promised language; people are shown those in {default}"
                yield _Found(key, what, f"add {tag}, written by somebody who grew up with it", tag != default)


def _has(available: Iterable[str], tag: str) -> bool:
    available = tuple(available)
    if not available:
        return False
    found = lookup(available, tag, tag)
    return f"{tag}-".lower().startswith(f"{found}-".lower())


def _out_of_hours_owner(definition: Definition) -> Iterator[_Found]:
    if not any(_closes(definition.hours, channel) for channel in definition.channels):
        return
    on_call = [contact for contact in definition.crisis_contacts if contact.role == "on_call"]
    if not any(contact.hours is None or not _closes(contact.hours) for contact in on_call):
        what = "this service closes, and nobody owns what is still open out of hours"
        mend = 'add a [[crisis_contacts]] with role = "on_call" and hours = "always"'
        yield _Found("crisis_contacts", what, mend)


def _closes(hours: Hours, channel: str | None = None) -> bool:
    return any(
        any(spans != ALL_DAY for spans in each.week) or each.on_holidays not in ("open", ALL_DAY)
        for each in hours.channels
        if channel in (None, each.channel)
    ) or any(day.hours != ALL_DAY for day in hours.special_days if day.channel in (None, channel))


def _localities_have_a_team(definition: Definition) -> Iterator[_Found]:
    teams = [contact for contact in definition.crisis_contacts if contact.role == "crisis_team"]
    for place, locality in enumerate(definition.localities):
        if not any(not team.localities or locality.id in team.localities for team in teams):
            mend = f'add a [[crisis_contacts]] with role = "crisis_team" and localities = ["{locality.id}"]'
            yield _Found(f"localities[{place}]", f"{locality.name} has no crisis team", mend)


def _contacts_refer_to_what_is_there(definition: Definition) -> Iterator[_Found]:
    localities = {locality.id for locality in definition.localities}
    contacts = {contact.id for contact in definition.crisis_contacts}
    for place, contact in enumerate(definition.crisis_contacts):
        key = f"crisis_contacts[{place}]"
        for name in contact.localities:
            if name not in localities:
                yield _Found(f"{key}.localities", f"there is no locality “{name}”", "add it, or mend its id")
        for field, name in (
            ("fallback", contact.fallback),
            *(("alternatives", each) for each in contact.alternatives),
        ):
            if name and name == contact.id:
                yield _Found(f"{key}.{field}", "names itself", "name another crisis contact, or leave it out")
            elif name and name not in contacts:
                yield _Found(
                    f"{key}.{field}", f"there is no crisis contact “{name}”", "add it, or mend its id"
                )
        if contact.verify_by is None and contact.role not in NATIONAL:
            mend = "ring it, then write until when that may count as checked, such as verify_by = 2027-01-31"
            yield _Found(f"{key}.verify_by", "was never verified: it is shown as stale", mend, True)


def _numbers_can_be_dialled(definition: Definition) -> Iterator[_Found]:
    mend = "write it as it is dialled, such as 01632 960114"
    numbers = [("lead_number", definition.lead_number)]
    for place, contact in enumerate(definition.crisis_contacts):
        numbers.append((f"crisis_contacts[{place}].number", contact.number))
        numbers.append((f"crisis_contacts[{place}].text_relay", contact.text_relay))
    for key, number in numbers:
        if number and dialled(number, definition.country) is None:
            yield _Found(key, f"“{number[:40]}” is not a telephone number", mend)
    if not definition.lead_number:
        what = "is empty: a supporter whose line fails has no number to ring the lead"
        yield _Found("lead_number", what, mend, True)


def _figures_agree(definition: Definition) -> Iterator[_Found]:
    capacity, lines = definition.capacity, definition.lines
    if not capacity.new <= capacity.experienced <= capacity.cap:
        what = f"new {capacity.new}, experienced {capacity.experienced} and cap {capacity.cap} do not rise"
        yield _Found("capacity", what, "let new be at most experienced, and experienced at most cap")
    if capacity.at_rung_3 > capacity.cap:
        yield _Found("capacity.at_rung_3", "is above cap", "let it be 1, or at most cap")
    if not lines.tell_person_seconds <= lines.alert_lead_seconds <= lines.take_over_seconds:
        mend = "let tell_person_seconds come first, then alert_lead_seconds, then take_over_seconds"
        yield _Found("lines", "the clocks of a lost line are not in their order", mend)
    chain = definition.ask_lead.chain_seconds
    if any(later <= sooner for sooner, later in pairwise(chain)):
        yield _Found("ask_lead.chain_seconds", "do not rise", "write them rising, such as [60, 120]")


def _note_has_one_outcome(definition: Definition) -> Iterator[_Found]:
    outcomes = sum(field.outcome for field in definition.note_form.fields)
    if outcomes != 1:
        what = f"{outcomes} fields are the outcome; there is exactly one, asked for at close"
        yield _Found("note_form.fields", what, "write outcome = true in exactly one field")


def _people_can_open(definition: Definition) -> Iterator[_Found]:
    roles = {role for person in definition.people for role in person.roles}
    for role in ("supporter", "lead", "manager"):
        if role not in roles:
            mend = f'add a [[people]] with roles = ["{role}"], or add them later with `helpline people add`'
            yield _Found("people", f"nobody is a {role}", mend, True)
    spoken = {tag for person in definition.people if "supporter" in person.roles for tag in person.languages}
    for tag in definition.languages.promised:
        if tag not in spoken:
            mend = f'add "{tag}" to the languages of a supporter, or do not promise it'
            yield _Found("languages.promised", f"no supporter among the people speaks {tag}", mend, True)


def _shifts_fit_their_people(definition: Definition) -> Iterator[_Found]:
    by_id = {person.id: person for person in definition.people}
    for place, shift in enumerate(definition.shifts):
        person = by_id.get(shift.person)
        if person is None:
            continue
        if shift.role not in person.roles:
            mend = f"add {shift.role} to the roles of {person.id}, or put somebody else on"
            yield _Found(f"shifts[{place}].role", f"{person.id} is no {shift.role}", mend)
        for tag in shift.languages:
            if tag not in person.languages:
                mend = f"add it to the languages of {person.id}, or take it out here"
                yield _Found(f"shifts[{place}].languages", f"{person.id} does not speak {tag}", mend)


def _demonstration_is_one(definition: Definition) -> Iterator[_Found]:
    shape = definition.demonstration
    if shape.shift_began_hours_ago >= shape.shift_lasts_hours:
        what = "the shifts of the demonstration would be over before it starts"
        yield _Found("demonstration", what, "let shift_lasts_hours be more than shift_began_hours_ago")


def _stale(definition: Definition, today: date) -> Iterator[_Found]:
    for place, contact in enumerate(definition.crisis_contacts):
        if contact.verify_by is not None and is_stale(contact, today):
            what = f"{contact.name} was to be verified by {contact.verify_by}"
            yield _Found(f"crisis_contacts[{place}].verify_by", what, "ring it and write the next date", True)


_CHECKS: tuple[tuple[set[str], Callable[[Definition], Iterator[_Found]]], ...] = (
    (set(), _lists_end_where_they_must),
    ({"crisis_contacts"}, _emergency_never_closes),
    ({"shifts", "demonstration"}, _clocks_fit_a_shift),
    ({"languages"}, _prompts_in_every_language),
    ({"languages", "messages", "confidentiality"}, _words_in_every_language),
    ({"hours", "crisis_contacts"}, _out_of_hours_owner),
    ({"crisis_contacts", "localities"}, _localities_have_a_team),
    ({"crisis_contacts", "localities"}, _contacts_refer_to_what_is_there),
    (set(), _numbers_can_be_dialled),
    ({"capacity", "lines", "ask_lead"}, _figures_agree),
    ({"note_form"}, _note_has_one_outcome),
    ({"people", "languages"}, _people_can_open),
    ({"people", "shifts"}, _shifts_fit_their_people),
    ({"demonstration"}, _demonstration_is_one),
)
