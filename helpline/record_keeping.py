"""Who may read a contact's record, reading it, and putting a line of it right.

Least access: a lead reads any. Somebody else reads those they are in, and those they took part in during the shift
they are on; with the shift that ends. Each reading is an entry in the audit.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from helpline.contact import Contact
from helpline.core import Core
from helpline.definition import Definition
from helpline.directory import CrisisContact
from helpline.directory_book import ContactChanged
from helpline.directory_keeping import LOG as DIRECTORY
from helpline.errors import BadRequest, NotFound, NotNow, TooLong
from helpline.events import Accepted, Attempted, By, DirectoryChanged, Event, Joined, RecordCorrected
from helpline.logbook import Decide, Draft
from helpline.on_shift import as_lead, as_supporter, is_lead
from helpline.people import Principal
from helpline.plan import PARTS, Plan, writings
from helpline.record import Record, record_of
from helpline.record_summary import Material
from helpline.record_words import Clocked, Names
from helpline.staff_side import StaffSide
from helpline.talking import digest

PLAN_LABELS = {
    "signs": "Signs that it is getting hard",
    "myself": "What they can do themselves",
    "distraction": "People and places that take their mind off it",
    "people": "People they can ask for help",
    "services": "Services they can ask for help",
    "safer": "Making where they are safer",
    "matters": "What matters most to them",
    "helps": "What helps in a crisis",
    "worse": "What makes it worse",
    "ring": "Whom to ring",
    "wishes": "What they want, and do not want",
}
LONGEST_CORRECTION = 4_000
LISTED_FROM = timedelta(hours=36)
MOST_LISTED = 200


async def may_read_record(line: StaffSide, who: Principal, contact: str) -> Contact:
    """The contact, when its record is theirs to read; `NotFound` otherwise."""
    if is_lead(who):
        return await line.contact(contact)
    try:
        return await line.may_read(who, contact)
    except NotFound:
        shift = line.roster.attendance(who.id)
        if shift is None:
            raise
    fold = await line.contact(contact)
    if fold.at < shift.opened_at or not _took_part(await line.logbook.read(contact), who, shift.opened_at):
        raise NotFound("There is no such contact.")
    return fold


def _took_part(events: Iterable[Event], who: Principal, since: datetime) -> bool:
    return any(
        event.by.id == who.id and event.at >= since and isinstance(event.body, Accepted | Joined)
        for event in events
    )


async def read_record(
    line: StaffSide, who: Principal, contact: str, did: str = "record"
) -> tuple[Contact, Record]:
    """The record as it stands; `did` is what the audit calls this reading of it."""
    fold, record, _ = await _read(line, who, contact, did)
    return fold, record


async def read_material(line: StaffSide, who: Principal, contact: str, did: str) -> Material:
    """What a summary is made of, as it stands; an entry `did` in the audit.

    Their plan is among it only when they agreed that we tell others. The number to ring back is today's.
    """
    fold, record, events = await _read(line, who, contact, did)
    consent = fold.ladder.consent
    agreed = consent is not None and consent.answer == "given"
    plan = await _plan_lines(line, fold.plans) if agreed else None
    return Material(fold, record, tuple(events), line.definition.lead_number, plan)


async def _read(
    line: StaffSide, who: Principal, contact: str, did: str
) -> tuple[Contact, Record, list[Event]]:
    fold = await may_read_record(line, who, contact)
    await line.audit(who, did, contact)
    events = await line.logbook.read(contact)
    held = frozenset(await line.keys.get(contact))
    names = await names_for(line, fold, events)
    # Pure, and long where a contact is: beside the conversations of the evening, not before them.
    return fold, await asyncio.to_thread(record_of, contact, events, names, held), events


async def _plan_lines(line: Core, plans: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Every line of their plans that is still held, with the name of its part."""
    found: list[tuple[str, str]] = []
    for log in plans:
        plan: Plan = await line.logbook.load(log)
        words = writings(plan, await line.logbook.read(log))
        for part in PARTS.get(plan.sort, ()):
            for one in plan.lines:
                if one.part == part:
                    said = [" ".join(filter(None, (it.text, it.number))) for it in words.get(one.line, ())]
                    found += [(PLAN_LABELS.get(part, part), text) for text in said if text]
    return tuple(found)


async def names_for(line: Core, fold: Contact, events: Sequence[Event]) -> Names:
    """The names a contact's events are read with; crisis contacts as they were in the version that was dialled."""
    definition = line.pinned(fold)
    first, last = (events[0].at, events[-1].at) if events else (fold.at, fold.at)
    accounts = {account.id: account.shown_name for account in line.people}
    return Names(
        definition, Clocked.between(definition.zone, first, last), accounts, await _dialled(line, events)
    )


async def _dialled(line: Core, events: Iterable[Event]) -> dict[tuple[str, int], CrisisContact]:
    found = {(one.id, one.version): one for one in line.directory.contacts}
    wanted = {
        (event.body.crisis_contact, event.body.version)
        for event in events
        if isinstance(event.body, Attempted)
    }
    missing = {id for id, version in wanted if (id, version) not in found}
    if not missing:
        return found
    for event in await line.logbook.read(DIRECTORY):
        if isinstance(event.body, DirectoryChanged):
            for change in event.body.changes:
                if isinstance(change, ContactChanged) and change.id in missing:
                    found |= {
                        (entry.id, entry.version): entry for entry in (change.before, change.after) if entry
                    }
    return found


async def readable(line: StaffSide, who: Principal) -> list[Contact]:
    """The contacts whose records they may open: a lead those of the last day and a half, newest first."""
    now = line.clock.now()
    shift = line.roster.attendance(who.id)
    if is_lead(who):
        since = now - LISTED_FROM
    elif shift is not None:
        since = shift.opened_at - LISTED_FROM
    else:
        return []
    # A head without a key is of a contact whose creation never got as far as its first event.
    heads = await line.store.logs("c-", since, now + timedelta(seconds=1), MOST_LISTED)
    found = []
    for head in heads:
        try:
            found.append(await may_read_record(line, who, head.log))
        except NotFound:
            continue
    return found


async def correct(
    line: StaffSide, who: Principal, contact: str, *, of: int, words: str, client_id: str
) -> int:
    """Put the record's line at seq `of` right, by somebody who took part or a lead; the seq of that.

    What stood there stays.
    `NotFound` where there is no such line, `NotNow` where it is not ours to put right.
    """
    words = words.strip()
    if not client_id:
        raise BadRequest("This page is out of date. Please open it again.")
    if not words:
        raise BadRequest("Please write what it should say.")
    if len(words) > LONGEST_CORRECTION:
        raise TooLong("That is longer than 4,000 characters. Please shorten it.")
    fold = await may_read_record(line, who, contact)
    by = as_lead(who) if is_lead(who) else as_supporter(who)
    entry = record_of(contact, [await line.event_at(contact, of)], _bare(line, fold)).entry(of)
    if entry is None:
        raise NotFound("There is no such line.")
    if not entry.correctable:
        raise NotNow("What somebody said is theirs to put right, not the record's.")
    mark = digest("record_correct", of, words)
    body = RecordCorrected(of, words, client_id, mark)
    wrote = await line.logbook.change(contact, _written(by, body))
    return wrote.events[0].seq


def _bare(line: Core, fold: Contact) -> Names:
    definition: Definition = line.pinned(fold)
    return Names(definition, Clocked(definition.zone))


def _written(by: By, body: RecordCorrected) -> Decide:
    def decide(c: Contact, now: datetime) -> list[Draft]:
        return [(by, body)]

    return decide
