"""A summary as FHIR R4 (4.0.1): one Bundle of type `document`, for a crisis team's own system to take in.

It is made of the same chosen parts as the sheet, and holds nothing that was not ticked. There is no RiskAssessment, no
priority and no number at all: a rung is told in words, as what we are doing now. Codes are given only where FHIR asks
for them; all else is text, as we have no terminologist to say that a code means what somebody said.
`docs/fhir.md` lists what goes where, and what FHIR cannot hold.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from html import escape
from typing import Any
from uuid import UUID, uuid5

from helpline.directory import INSIDE
from helpline.events import (
    Accepted,
    Attempted,
    AttemptNamed,
    ConsentAsked,
    Event,
    FollowUpSet,
    Joined,
    Shared,
    Started,
)
from helpline.record_summary import NOT_CLINICAL, Item, Material, Part, Summary, summary_of
from helpline.record_words import OUTCOMES, plain, policy

Json = dict[str, Any]

# Of our own making, so that the same contact always has the same names and they tell nothing of it.
_SPACE = UUID("5f0b1f0e-6f0e-4a52-9b5c-6f2f2f9f6c11")
_XHTML = "http://www.w3.org/1999/xhtml"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def bundle_of(material: Material, chosen: Collection[str], made_by: str, now: datetime) -> Json:
    """The Bundle as JSON-able values. `made_by` is a shown name, `now` the moment of the summary."""
    return _Made(material, summary_of(material, chosen, made_by, now), frozenset(chosen)).bundle()


def instant(at: datetime) -> str:
    """FHIR's `instant`, in UTC to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def said(text: str) -> str:
    """Words as a FHIR `string` may hold them; `-` where nothing would be left, as an empty one is not allowed."""
    return plain(text).strip() or "-"


def narrative(*paragraphs: str) -> Json:
    """The human-readable part; every text is escaped."""
    written = "".join(f"<p>{escape(said(one), quote=False)}</p>" for one in paragraphs) or "<p>-</p>"
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{written}</div>'}


def concept(text: str) -> Json:
    return {"text": said(text)}


class _Made:
    """One bundle while it is put together: resources by name, in the order they were first wanted."""

    def __init__(self, material: Material, summary: Summary, chosen: frozenset[str]) -> None:
        self.material, self.summary, self.chosen = material, summary, chosen
        self.names, self.contact = material.names, material.contact
        self.resources: dict[str, Json] = {}

    def bundle(self) -> Json:
        composition = self._composition()
        entries = [("composition", composition), *self.resources.items()]
        return {
            "resourceType": "Bundle",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{self._uuid('bundle')}"},
            "type": "document",
            "timestamp": instant(self.summary.made_at),
            "entry": [
                {"fullUrl": f"urn:uuid:{self._uuid(name)}", "resource": one} for name, one in entries if one
            ],
        }

    # -- who and where ---------------------------------------------------------------------------------------------

    def _uuid(self, name: str) -> UUID:
        stamp = instant(self.summary.made_at) if name in ("bundle", "composition") else ""
        return uuid5(_SPACE, f"{self.contact.log}/{name}/{stamp}")

    def _link(self, name: str, shown: str = "") -> Json:
        link: Json = {"reference": f"urn:uuid:{self._uuid(name)}"}
        return link | {"display": said(shown)} if shown else link

    def _put(self, name: str, resource: Json, shown: str = "") -> Json:
        """Keep a resource under a name, once; the reference to it."""
        self.resources.setdefault(name, resource)
        return self._link(name, shown)

    def _us(self) -> Json:
        name = self.names.definition.name
        ours: Json = {"resourceType": "Organization", "name": said(name)}
        if self.material.number and "back" in self.chosen:
            ours["telecom"] = [{"system": "phone", "value": said(self.material.number)}]
        return self._put("us", ours, name)

    def _colleague(self, id: str, shown: str) -> Json:
        """One of ours, by shown name and nothing else."""
        worker = {"resourceType": "Practitioner", "name": [{"text": said(shown)}]}
        return self._put(f"colleague/{id}", worker, shown)

    def _person(self) -> Json:
        """Who reached out, by what they gave themselves. FHIR calls everybody a Patient; we do not."""
        person: Json = {"resourceType": "Patient", "text": narrative("Somebody who reached a helpline.")}
        answers = self._given()
        if "who" in self.chosen:
            if answers.get("name", "").strip():
                person["name"] = [{"text": said(answers["name"])}]
            spoken = [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": tag}], "text": tag}}
                      for tag in self.contact.speaks if tag]  # fmt: skip
            if spoken:
                person["communication"] = spoken
        if "where" in self.chosen and answers.get("area", "").strip():
            person["address"] = [{"text": said(answers["area"])}]
        return self._put("person", person)

    def _given(self) -> dict[str, str]:
        answers: dict[str, str] = {}
        for event in self.material.events:
            if isinstance(event.body, Started):
                answers = dict(event.body.answers or {})
        return answers

    def _outside(self, id: str, version: int, whom: str | None = None) -> Json:
        """Somebody outside, by the directory's name and the number that was dialled."""
        entry = self.names.crisis_contact(id, version) if id else None
        name = self.names.crisis_name(id, version) if id else (whom or "Somebody outside")
        outside: Json = {"resourceType": "Organization", "name": said(name)}
        if entry is not None and entry.number:
            outside["telecom"] = [{"system": "phone", "value": said(entry.number)}]
        return self._put(f"outside/{id}/{version}/{'' if id else name}", outside, name)

    # -- what happened ---------------------------------------------------------------------------------------------

    def _encounter(self) -> Json:
        """The contact. `class` is FHIR's own code for an encounter that is not in one room."""
        contact = self.contact
        begun = contact.phase in ("live", "wrap_up")
        over = contact.phase == "ended"
        period = {"start": instant(contact.opened_at)}
        if contact.ended_at is not None:
            period["end"] = instant(contact.ended_at)
        encounter: Json = {
            "resourceType": "Encounter",
            "status": "finished" if over else "in-progress" if begun else "arrived",
            "class": {"system": f"{_TERMINOLOGY}v3-ActCode", "code": "VR", "display": "virtual"},
            "subject": self._person(),
            "period": period,
            "serviceProvider": self._us(),
        }
        workers = {e.by.id: e.by.name for e in self.material.events if isinstance(e.body, Accepted | Joined)}
        if workers:
            encounter["participant"] = [
                {"individual": self._colleague(id, name)} for id, name in workers.items() if id
            ]
        if contact.locality and "where" in self.chosen:
            name = self.names.place(contact.locality)
            place = self._put("place", {"resourceType": "Location", "name": said(name)}, name)
            encounter["location"] = [{"location": place}]
        return self._put("encounter", encounter)

    def _of(self, kind: type[Any]) -> Iterator[tuple[Event, Any]]:
        return ((event, event.body) for event in self.material.events if isinstance(event.body, kind))

    def _request(self) -> Json | None:
        """The referral: we asked somebody outside for help. Active once somebody answered or was told."""
        tried = [body for _, body in self._of(Attempted) if body.role not in INSIDE]
        told = [body for _, body in self._of(Shared)]
        if not ("tried" in self.chosen and tried) and not ("told" in self.chosen and told):
            return None
        reached = [body for body in tried if body.outcome == "answered"]
        request: Json = {
            "resourceType": "ServiceRequest",
            "status": "active" if reached or told else "draft",
            "intent": "order",
            "code": concept("Help from a crisis team or another service outside"),
            "subject": self._person(),
            "encounter": self._encounter(),
            "authoredOn": instant(self.summary.made_at),
            "requester": self._us(),
        }
        if "now" in self.chosen:
            request["reasonCode"] = [concept(self.names.rung(self.contact.rung))]
        if "tried" in self.chosen:
            asked = {
                (body.crisis_contact, body.version): self._outside(body.crisis_contact, body.version)
                for body in reached
            }
            if asked:
                request["performer"] = list(asked.values())
        return self._put("request", request)

    def _tasks(self) -> list[Json]:
        made = []
        request = self._request()
        if "tried" in self.chosen:
            for event, body in self._of(Attempted):
                made.append(self._attempt(event, body, request))
        if "follow_up" in self.chosen:
            made += [self._follow_up(event, body) for event, body in list(self._of(FollowUpSet))[-1:]]
        return made

    def _attempt(self, event: Event, body: Attempted, request: Json | None) -> Json:
        """One try at reaching somebody. `completed` when they answered, else `failed`."""
        whom = self.names.crisis_name(body.crisis_contact, body.version)
        task: Json = {
            "resourceType": "Task",
            "status": "completed" if body.outcome == "answered" else "failed",
            "statusReason": concept(OUTCOMES.get(body.outcome, body.outcome)),
            "intent": "order",
            "code": concept(f"Ring {whom}"),
            "for": self._person(),
            "encounter": self._encounter(),
            "authoredOn": instant(event.at),
            "executionPeriod": {"start": instant(event.at)},
            "requester": self._us(),
            "owner": self._colleague(event.by.id or "us", event.by.name or "One of ours"),
        }
        if request is not None and body.role not in INSIDE:
            task["focus"] = request
            task["basedOn"] = [request]
        notes = [{"text": said(body.reference)}] if body.reference else []
        named = [one.reference for _, one in self._of(AttemptNamed) if one.of == event.seq and one.reference]
        notes += [{"text": said(words)} for words in (*named, *self._put_right(event.seq))]
        if notes:
            task["note"] = notes
        return self._put(f"attempt/{event.seq}", task)

    def _put_right(self, seq: int) -> tuple[str, ...]:
        found = [item for part in self.summary.parts for item in part.items if item.seq == seq]
        return tuple(words for item in found[:1] for words in item.put_right)

    def _follow_up(self, event: Event, body: FollowUpSet) -> Json:
        safe = "It is safe to." if body.safe else "Whether it is safe is not known."
        task: Json = {
            "resourceType": "Task",
            "status": "requested",
            "intent": "plan",
            "code": concept(f"Be in touch again, by {body.channel}. {safe}"),
            "for": self._person(),
            "authoredOn": instant(event.at),
            "requester": self._us(),
            "owner": self._us(),
            "restriction": {"period": {"start": instant(body.earliest), "end": instant(body.latest)}},
        }
        if body.words:
            task["note"] = [{"text": said(body.words)}]
        return self._put("follow-up", task)

    def _communications(self) -> list[Json]:
        """What was told to whom, and why."""
        if "told" not in self.chosen:
            return []
        made = []
        for event, body in self._of(Shared):
            communication: Json = {
                "resourceType": "Communication",
                "status": "completed",
                "subject": self._person(),
                "encounter": self._encounter(),
                "sent": instant(event.at),
                "sender": self._colleague(event.by.id or "us", event.by.name or "One of ours"),
                "recipient": [self._outside(body.crisis_contact, 0, body.whom)],
                "payload": [{"contentString": said(body.what or "No longer held")}],
            }
            if body.why:
                communication["reasonCode"] = [concept(body.why)]
            notes = [{"text": said(words)} for words in self._put_right(event.seq)]
            if notes:
                communication["note"] = notes
            made.append(self._put(f"told/{event.seq}", communication))
        return made

    def _consents(self) -> list[Json]:
        """Only where the person answered yes or no. Not asked, or unable to say, is told in words alone."""
        if "consent" not in self.chosen:
            return []
        asked = [pair for pair in self._of(ConsentAsked) if pair[1].answer in ("given", "refused")][-1:]
        made = []
        for event, body in asked:
            given = body.answer == "given"
            consent = {
                "resourceType": "Consent",
                "status": "active" if given else "rejected",
                "scope": {
                    "coding": [{"system": f"{_TERMINOLOGY}consentscope", "code": "patient-privacy"}],
                    "text": "Telling others what they told us",
                },
                "category": [concept("What may be told to whom, as they said it in the conversation")],
                "patient": self._person(),
                "dateTime": instant(event.at),
                "organization": [self._us()],
                "policyRule": concept(
                    f"Confidentiality as shown to them: {policy(self.contact.policy) or 'none'}"
                ),
                "provision": {"type": "permit" if given else "deny"},
            }
            made.append(self._put("consent", consent))
        return made

    def _plan(self) -> list[Json]:
        part = self._part("plan")
        if part is None:
            return []
        lines = [(quote.label, quote.shown) for item in part.items for quote in item.quotes]
        plan = {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "title": "Their own plan",
            "description": said("\n".join(f"{label}: {text}" if label else text for label, text in lines)),
            "subject": self._person(),
            "encounter": self._encounter(),
            "author": self._us(),
        }
        return [self._put("plan", plan)]

    # -- the document ----------------------------------------------------------------------------------------------

    def _part(self, key: str) -> Part | None:
        return next((part for part in self.summary.parts if part.key == key), None)

    def _composition(self) -> Json:
        entries: dict[str, list[Json]] = {
            "consent": self._consents(),
            "tried": [],
            "told": self._communications(),
            "plan": self._plan(),
        }
        tasks = self._tasks()
        entries["tried"] = [one for one in tasks if one != self._link("follow-up")]
        entries["follow_up"] = [one for one in tasks if one == self._link("follow-up")]
        if (request := self._request()) is not None:
            entries["tried" if "tried" in self.chosen else "told"].insert(0, request)
        sections = [self._section(part, entries.get(part.key, [])) for part in self.summary.parts]
        return {
            "resourceType": "Composition",
            "text": narrative(NOT_CLINICAL, f"As it stood at {self.summary.made}."),
            "status": "final" if self.contact.phase == "ended" else "preliminary",
            "type": concept("Summary of a contact with a helpline, for a crisis team"),
            "subject": self._person(),
            "encounter": self._encounter(),
            "date": instant(self.summary.made_at),
            "author": [self._colleague("made-by", self.summary.made_by), self._us()],
            "title": "Summary for a crisis team",
            "custodian": self._us(),
            **({"section": sections} if sections else {}),
        }

    def _section(self, part: Part, entries: list[Json]) -> Json:
        lines = [line for item in part.items for line in _lines(item)]
        section: Json = {"title": part.title, "text": narrative(*lines)}
        return section | {"entry": entries} if entries else section


def _lines(item: Item) -> list[str]:
    quotes = [f"{one.label}: {one.shown}" if one.label else one.shown for one in item.quotes]
    return [line for line in (item.text, *quotes, *item.put_right) if line.strip()]
