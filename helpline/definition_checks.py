"""What a definition must hold together, beyond the type of each value; and when a service may not open at all."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from itertools import pairwise

from helpline.definition_tables import Found, Mistake
from helpline.directory import NATIONAL, CrisisContact, is_stale
from helpline.ladder_checks import LADDER_CHECKS
from helpline.messages import has_words
from helpline.numbers import EVERYBODYS, dialled, is_blank, is_fictitious, numbers_in
from helpline.shape import Definition
from helpline.urgency import PhraseBook


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
    refused: list[Found] = []
    if not definition.demo:
        ladder = definition.ladder
        mend = "have the clinical or safeguarding lead approve the ladder, then write who and when"
        if not ladder.approved_by.strip():
            refused.append(Found("ladder.approved_by", "nobody has approved the risk ladder", mend))
        if ladder.approved_on is None:
            refused.append(Found("ladder.approved_on", "has no date on which the ladder was approved", mend))
    numbers += [(key, number) for key, text in _texts(definition) for number in numbers_in(text)]
    for key, number in numbers:
        fictitious = is_fictitious(number, definition.country)
        mend = "write the real number, and ring it once to make sure"
        if not definition.demo and fictitious:
            refused.append(Found(key, f"“{number}” is a fictitious number: it reaches nobody", mend))
        elif not definition.demo and is_blank(number):
            refused.append(Found(key, f"“{number}” stands where a number belongs", mend))
        elif definition.demo and number and not fictitious and dialled(number) not in EVERYBODYS:
            mend = "write a fictitious one, such as 01632 960114, or take demo = true out"
            refused.append(Found(key, f"“{number}” may be somebody's real number, in a demonstration", mend))
    return [Mistake(file, *found[:3]) for found in refused]


def _texts(definition: Definition) -> Iterator[tuple[str, str]]:
    """Every text somebody may be shown, by its key: a number inside one is dialled like any other."""
    for key, texts in definition.messages.items():
        yield from ((f"messages.{key}.{tag}", text) for tag, text in texts.items())
    for tag, lines in definition.grounding.items():
        yield from ((f"messages.grounding.{tag}", line) for line in lines)
    for tag, text in definition.confidentiality.wording.items():
        yield f"confidentiality.wording.{tag}", text
    for place, ready in enumerate(definition.ready_words):
        yield from ((f"ready_words[{place}].text.{tag}", text) for tag, text in ready.text.items())
    for rung in definition.ladder.rungs:
        key = f"ladder.rungs[{rung.number}]"
        yield from ((f"{key}.prompts.{tag}", line) for tag, lines in rung.prompts.items() for line in lines)
        yield from ((f"{key}.do", rung.do), (f"{key}.vanished", rung.vanished))


def _words_in_every_language(definition: Definition) -> Iterator[Found]:
    default = definition.languages.default
    texts: dict[str, Iterable[str]] = {f"messages.{key}": each for key, each in definition.messages.items()}
    texts["messages.grounding"] = definition.grounding
    texts["confidentiality.wording"] = definition.confidentiality.wording
    for key, available in texts.items():
        for tag in definition.languages.promised:
            if not has_words(available, tag):
                what = f"no words in {tag}, a promised language; people are shown those in {default}"
                yield Found(key, what, f"add {tag}, written by somebody who grew up with it", tag != default)


def _contacts_refer_to_what_is_there(definition: Definition) -> Iterator[Found]:
    localities = {locality.id for locality in definition.localities}
    contacts = {contact.id for contact in definition.crisis_contacts}
    for place, contact in enumerate(definition.crisis_contacts):
        key = f"crisis_contacts[{place}]"
        for name in contact.localities:
            if name not in localities:
                yield Found(f"{key}.localities", f"there is no locality “{name}”", "add it, or mend its id")
        for field, name in (
            ("fallback", contact.fallback),
            *(("alternatives", each) for each in contact.alternatives),
        ):
            if name and name == contact.id:
                yield Found(f"{key}.{field}", "names itself", "name another crisis contact, or leave it out")
            elif name and name not in contacts:
                yield Found(
                    f"{key}.{field}", f"there is no crisis contact “{name}”", "add it, or mend its id"
                )
        if contact.verify_by is None and contact.role not in NATIONAL:
            mend = "ring it, then write until when that may count as checked, such as verify_by = 2027-01-31"
            yield Found(f"{key}.verify_by", "was never verified: it is shown as stale", mend, True)


def _numbers_can_be_dialled(definition: Definition) -> Iterator[Found]:
    mend = "write it as it is dialled, such as 01632 960114"
    numbers = [("lead_number", definition.lead_number)]
    for place, contact in enumerate(definition.crisis_contacts):
        numbers.append((f"crisis_contacts[{place}].number", contact.number))
        numbers.append((f"crisis_contacts[{place}].text_relay", contact.text_relay))
    for key, number in numbers:
        if number.strip() and dialled(number, definition.country) is None:
            yield Found(key, f"“{number[:40]}” is not a telephone number", mend)
    if not definition.lead_number.strip():
        what = "is empty: a supporter whose line fails has no number to ring the lead"
        yield Found("lead_number", what, mend, True)


def _figures_agree(definition: Definition) -> Iterator[Found]:
    capacity, lines = definition.capacity, definition.lines
    if not capacity.new <= capacity.experienced <= capacity.cap:
        what = f"new {capacity.new}, experienced {capacity.experienced} and cap {capacity.cap} do not rise"
        yield Found("capacity", what, "let new be at most experienced, and experienced at most cap")
    if capacity.at_rung_3 > capacity.cap:
        yield Found("capacity.at_rung_3", "is above cap", "let it be 1, or at most cap")
    if not lines.tell_person_seconds <= lines.alert_lead_seconds <= lines.take_over_seconds:
        mend = "let tell_person_seconds come first, then alert_lead_seconds, then take_over_seconds"
        yield Found("lines", "the clocks of a lost line are not in their order", mend)
    chain = definition.ask_lead.chain_seconds
    if any(later <= sooner for sooner, later in pairwise(chain)):
        yield Found("ask_lead.chain_seconds", "do not rise", "write them rising, such as [60, 120]")


def _note_has_one_outcome(definition: Definition) -> Iterator[Found]:
    outcomes = sum(field.outcome for field in definition.note_form.fields)
    if outcomes != 1:
        what = f"{outcomes} fields are the outcome; there is exactly one, asked for at close"
        yield Found("note_form.fields", what, "write outcome = true in exactly one field")


def _people_can_open(definition: Definition) -> Iterator[Found]:
    roles = {role for person in definition.people for role in person.roles}
    for role in ("supporter", "lead", "manager"):
        if role not in roles:
            mend = f'add a [[people]] with roles = ["{role}"], or add them later with `helpline people add`'
            yield Found("people", f"nobody is a {role}", mend, True)
    spoken = {tag for person in definition.people if "supporter" in person.roles for tag in person.languages}
    for tag in definition.languages.promised:
        if tag not in spoken:
            mend = f'add "{tag}" to the languages of a supporter, or do not promise it'
            yield Found("languages.promised", f"no supporter among the people speaks {tag}", mend, True)


def _shifts_fit_their_people(definition: Definition) -> Iterator[Found]:
    by_id = {person.id: person for person in definition.people}
    for place, shift in enumerate(definition.shifts):
        person = by_id.get(shift.person)
        if person is None:
            continue
        if shift.role not in person.roles:
            mend = f"add {shift.role} to the roles of {person.id}, or put somebody else on"
            yield Found(f"shifts[{place}].role", f"{person.id} is no {shift.role}", mend)
        for tag in shift.languages:
            if tag not in person.languages:
                mend = f"add it to the languages of {person.id}, or take it out here"
                yield Found(f"shifts[{place}].languages", f"{person.id} does not speak {tag}", mend)


def _demonstration_is_one(definition: Definition) -> Iterator[Found]:
    shape = definition.demonstration
    if shape.shift_began_hours_ago >= shape.shift_lasts_hours:
        what = "the shifts of the demonstration would be over before it starts"
        yield Found("demonstration", what, "let shift_lasts_hours be more than shift_began_hours_ago")


def _phrases_in_every_language(definition: Definition) -> Iterator[Found]:
    """No error: what the file begins with may be filled in on the page."""
    book = PhraseBook(definition.seed_phrases)
    for tag in definition.languages.promised:
        if not book.has_list(tag):
            what = "begins without a phrase list: words in it move nobody up and ask for nothing"
            mend = "write one with somebody who grew up with it, here or on /phrases"
            yield Found(f"urgency.phrases.{tag}", what, mend, warning=True)


def _stale(definition: Definition, today: date) -> Iterator[Found]:
    for place, contact in enumerate(definition.crisis_contacts):
        if contact.verify_by is not None and is_stale(contact, today):
            what = f"{contact.name} was to be verified by {contact.verify_by}"
            yield Found(f"crisis_contacts[{place}].verify_by", what, "ring it and write the next date", True)


_CHECKS: tuple[tuple[set[str], Callable[[Definition], Iterator[Found]]], ...] = (
    *LADDER_CHECKS,
    ({"languages", "messages", "confidentiality"}, _words_in_every_language),
    ({"languages", "urgency"}, _phrases_in_every_language),
    ({"crisis_contacts", "localities"}, _contacts_refer_to_what_is_there),
    (set(), _numbers_can_be_dialled),
    ({"capacity", "lines", "ask_lead"}, _figures_agree),
    ({"note_form"}, _note_has_one_outcome),
    ({"people", "languages"}, _people_can_open),
    ({"people", "shifts"}, _shifts_fit_their_people),
    ({"demonstration"}, _demonstration_is_one),
)
