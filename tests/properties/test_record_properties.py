"""Whatever happened, in whatever order: the record has every event once, in its order, and never fails."""

import json
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant

from helpline.contact import Contact
from helpline.definition import read_definition
from helpline.events import KINDS, Event, Unknown
from helpline.fhir import bundle_of
from helpline.record import record_of
from helpline.record_keeping import names_for
from helpline.record_sentences import NO_LINE
from helpline.record_summary import TITLES, Material, first_choice, parts_of, summary_of
from helpline.record_words import Clocked, Names
from tests.conftest import PROVING
from tests.helpline.kinds import AT, event_of
from tests.helpline.test_record import DEMO
from tests.properties.test_contact_properties import AnyEvening

NAMES = Names(read_definition(DEMO), Clocked("Europe/London"))


def mentioned(contact: str, events: list[Event], names: Names, held: Any = ()) -> None:
    record = record_of(contact, events, names, held)
    shown = Counter(
        seq for entry in record.entries for seq in (entry.seq, *(change.seq for change in entry.changes))
    )
    hidden = {e.seq for e in events if e.kind in NO_LINE and not isinstance(e.body, Unknown)}
    assert shown == Counter(e.seq for e in events if e.seq not in hidden)
    assert [entry.seq for entry in record.entries] == sorted(entry.seq for entry in record.entries)
    assert all(entry.text.strip() for entry in record.entries)


def summed_up(contact: Contact, events: list[Event], names: Names) -> None:
    record = record_of(contact.log, events, names)
    material = Material(contact, record, tuple(events), "01632 960110")
    there = parts_of(material)
    assert set(there) <= set(TITLES)
    assert first_choice(contact, there) <= set(there)
    now = events[-1].at
    summary = summary_of(material, there, "Jo", now)
    assert [part.key for part in summary.parts] == [key for key in TITLES if key in there]
    made = json.loads(json.dumps(bundle_of(material, there, "Jo", now)))
    kinds = {entry["resource"]["resourceType"] for entry in made["entry"]}
    assert "RiskAssessment" not in kinds
    links = set(re.findall(r'"reference": "([^"]+)"', json.dumps(made)))
    assert links <= {entry["fullUrl"] for entry in made["entry"]}


class AnyRecord(AnyEvening):
    """The same evenings as in the contact machine, read as records after every step."""

    @invariant()
    def every_record_is_whole(self) -> None:
        if self.evening._open is not None:
            self.run(self.read_all())

    async def read_all(self) -> None:
        line = self.evening.line
        for contact in self.contacts:
            events = await line.logbook.read(contact)
            there = await line.contact(contact)
            names = await names_for(line, there, events)
            mentioned(contact, events, names)
            summed_up(there, events, names)


TestAnyRecord = AnyRecord.TestCase
TestAnyRecord.settings = settings(
    max_examples=200 if PROVING else 3, stateful_step_count=80 if PROVING else 40, deadline=None
)


@given(st.lists(st.sampled_from([*KINDS, "unheard_of"]), max_size=30), st.booleans())
def test_any_events_in_any_order_give_a_whole_record(kinds: list[str], keys: bool) -> None:
    events = []
    for seq, kind in enumerate(kinds, 1):
        one = (
            Event(seq=seq, at=AT, by=event_of("said").by, body=Unknown(kind))
            if kind == "unheard_of"
            else event_of(kind, seq)
        )
        events.append(one)
    mentioned("c-0ANY", events, NAMES, ("words", "note", "safety", "reach") if keys else ())
