"""The directory's book: crisis contacts, services and test calls as small documents, and the changes that make it so.

A change replaces one document and carries what was there before and what is there now, so that every step can be
read later and turned round. The book is the fold of all steps from the first; nothing else is kept.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import msgspec

from helpline.directory import CrisisContact
from helpline.directory_services import Entry, Service
from rota.documents import Change, Moved, put

Sort = Literal["contact", "service"]
CallOutcome = Literal["right", "no_answer", "wrong_number", "changed"]
CALL_OUTCOMES: dict[str, str] = {
    "right": "answered, and all of it is right",
    "no_answer": "nobody answered",
    "wrong_number": "wrong number",
    "changed": "answered, but something has changed",
}
_Thing = TypeVar("_Thing")


class CheckCall(msgspec.Struct, frozen=True, kw_only=True):
    """A test call: somebody rang to see whether what is written is right. `version` is the entry's at that time."""

    sort: Sort
    entry: str
    version: int
    at: datetime
    by: str
    outcome: CallOutcome


class ContactChanged(Change[CrisisContact], frozen=True, kw_only=True, tag="contact"):
    """A crisis contact as it is from now on."""


class ContactPlanned(Change[CrisisContact], frozen=True, kw_only=True, tag="contact_planned"):
    """A crisis contact as it is from a local day on. `id` is its id and the day: `team@2026-12-01`."""


class ServiceChanged(Change[Service], frozen=True, kw_only=True, tag="service"):
    """A service as it is from now on."""


class ServicePlanned(Change[Service], frozen=True, kw_only=True, tag="service_planned"):
    """A service as it is from a local day on. `id` is its id and the day."""


class CallLogged(Change[CheckCall], frozen=True, kw_only=True, tag="call"):
    """A test call. `id` is the call's own."""


AnyChange = ContactChanged | ContactPlanned | ServiceChanged | ServicePlanned | CallLogged
Planned = ContactPlanned | ServicePlanned


class DirectoryBook(msgspec.Struct, frozen=True):
    """All that the directory holds. `planned_…` hold, by entry, what counts from a local day on.

    `versions` has the highest version each entry ever had, by `contact/team`: a version is never given twice, and one
    that was taken out does not come back by itself.
    """

    contacts: Mapping[str, CrisisContact] = {}
    services: Mapping[str, Service] = {}
    planned_contacts: Mapping[str, Mapping[date, CrisisContact]] = {}
    planned_services: Mapping[str, Mapping[date, Service]] = {}
    calls: Mapping[str, CheckCall] = {}
    versions: Mapping[str, int] = {}

    def apply(self, changes: Iterable[AnyChange]) -> "DirectoryBook":
        """The book after these changes, whatever it held before: what happened has happened."""
        shelves: dict[str, Any] = {}
        versions: dict[str, int] | None = None
        for change in changes:
            name = _SHELVES[type(change)]
            if name not in shelves:
                shelves[name] = dict(getattr(self, name))
            shelf = shelves[name]
            if isinstance(change, Planned):
                id, day = entry_and_day(change.id)
                days = shelf[id] = dict(shelf.get(id, {}))
                put(days, day, change.after)
                if not days:
                    del shelf[id]
            else:
                put(shelf, change.id, change.after)
            if not isinstance(change, CallLogged) and change.after is not None:
                if versions is None:
                    versions = shelves["versions"] = dict(self.versions)
                key = f"{sort_of(change.after)}/{change.after.id}"
                versions[key] = max(versions.get(key, 0), change.after.version)
        return msgspec.structs.replace(self, **shelves) if shelves else self

    def holds(self, change: AnyChange) -> Any:
        """What is there now where `change` would put its `after`."""
        shelf = getattr(self, _SHELVES[type(change)])
        if isinstance(change, Planned):
            id, day = entry_and_day(change.id)
            return shelf.get(id, {}).get(day)
        return shelf.get(change.id)

    def turned(self, changes: Iterable[AnyChange]) -> tuple[AnyChange, ...]:
        """These changes backwards, each document with a version of its own.

        `Moved` when one of them has been changed again since.
        """
        held: dict[tuple[type[Any], str], Any] = {}
        versions: dict[str, int] = {}
        backwards: list[AnyChange] = []
        # The book is not made anew for each: an import is taken back thousands of changes at a time.
        for change in reversed(tuple(changes)):
            place = type(change), change.id
            if (held[place] if place in held else self.holds(change)) != change.after:
                raise Moved(change)
            back: AnyChange = change.turned
            if not isinstance(back, CallLogged) and back.after is not None:
                key = f"{sort_of(back.after)}/{back.after.id}"
                versions[key] = versions.get(key, self.versions.get(key, 0)) + 1
                back = msgspec.structs.replace(back, after=_as_version(back.after, versions[key]))
            held[place] = back.after
            backwards.append(back)
        return tuple(backwards)

    # -- what counts on a day --------------------------------------------------------------------------------------

    def version(self, sort: Sort, id: str) -> int:
        """The highest version an entry ever had; 0 for one there never was."""
        return self.versions.get(f"{sort}/{id}", 0)

    def contacts_on(self, day: date) -> tuple[CrisisContact, ...]:
        """The crisis contacts as they count on a local day."""
        ids = dict.fromkeys((*self.contacts, *self.planned_contacts))
        found = (_on(self.contacts.get(id), self.planned_contacts.get(id), day) for id in ids)
        return tuple(one for one in found if one is not None)

    def services_on(self, day: date) -> tuple[Service, ...]:
        """The services as they count on a local day."""
        ids = dict.fromkeys((*self.services, *self.planned_services))
        found = (_on(self.services.get(id), self.planned_services.get(id), day) for id in ids)
        return tuple(one for one in found if one is not None)

    def entry_on(self, sort: Sort, id: str, day: date) -> Entry | None:
        """One entry as it counts on a local day."""
        if sort == "contact":
            return _on(self.contacts.get(id), self.planned_contacts.get(id), day)
        return _on(self.services.get(id), self.planned_services.get(id), day)

    def coming(self, sort: Sort, id: str, today: date) -> tuple[tuple[date, Entry], ...]:
        """What is planned for an entry after today, soonest first."""
        planned: Mapping[date, Entry] = (
            self.planned_contacts if sort == "contact" else self.planned_services
        ).get(id, {})
        return tuple((day, planned[day]) for day in sorted(planned) if day > today)

    def days_ahead(self, today: date) -> tuple[date, ...]:
        """Today, and every later day on which a planned change of a crisis contact begins to count."""
        days = {day for planned in self.planned_contacts.values() for day in planned if day > today}
        return (today, *sorted(days))

    def calls_about(self, sort: Sort, id: str) -> tuple[CheckCall, ...]:
        """The test calls of an entry, newest first."""
        found = (
            call for call in reversed(tuple(self.calls.values())) if (call.sort, call.entry) == (sort, id)
        )
        return tuple(sorted(found, key=lambda call: call.at, reverse=True))

    # -- the changes that make it so -------------------------------------------------------------------------------

    def numbered(self, entry: Entry) -> Any:
        """The entry with the next version of its own."""
        version = self.version(sort_of(entry), entry.id) + 1
        return msgspec.structs.replace(entry, version=version)

    def putting(self, entry: Entry, today: date, begins: date | None = None) -> tuple[AnyChange, ...]:
        """The changes that put `entry` in place, at once or from a later local day on; none when it is so already.

        Put at once, it also takes the place of what was planned and counts by now.
        """
        sort = sort_of(entry)
        counts = self.entry_on(sort, entry.id, begins or today)
        if counts is not None and msgspec.structs.replace(entry, version=counts.version) == counts:
            return ()
        new = self.numbered(entry)
        if begins is not None and begins > today:
            return (self._planning(entry, begins, new),)
        passed = (self._planning(entry, day, None) for day in self._planned(entry) if day <= today)
        if isinstance(entry, CrisisContact):
            return (
                ContactChanged(id=entry.id, before=self.contacts.get(entry.id), after=new),
                *passed,
            )
        return (ServiceChanged(id=entry.id, before=self.services.get(entry.id), after=new), *passed)

    def taking_out(self, entry: Entry) -> tuple[AnyChange, ...]:
        """The changes that take an entry out, with everything that was planned for it."""
        planned = [self._planning(entry, day, None) for day in self._planned(entry)]
        change: AnyChange
        if isinstance(entry, CrisisContact):
            change = ContactChanged(id=entry.id, before=self.contacts.get(entry.id))
        else:
            change = ServiceChanged(id=entry.id, before=self.services.get(entry.id))
        return tuple(one for one in (change, *planned) if one.before is not None)

    def _planned(self, entry: Entry) -> tuple[date, ...]:
        shelf: Mapping[str, Mapping[date, Entry]] = (
            self.planned_contacts if isinstance(entry, CrisisContact) else self.planned_services
        )
        return tuple(sorted(shelf.get(entry.id, {})))

    def _planning(self, entry: Entry, day: date, after: Any) -> AnyChange:
        id = f"{entry.id}@{day.isoformat()}"
        if isinstance(entry, CrisisContact):
            before = self.planned_contacts.get(entry.id, {}).get(day)
            return ContactPlanned(id=id, before=before, after=after)
        return ServicePlanned(id=id, before=self.planned_services.get(entry.id, {}).get(day), after=after)


_SHELVES: dict[type[Any], str] = {
    ContactChanged: "contacts",
    ContactPlanned: "planned_contacts",
    ServiceChanged: "services",
    ServicePlanned: "planned_services",
    CallLogged: "calls",
}


def _as_version(entry: Any, version: int) -> Any:
    return msgspec.structs.replace(entry, version=version)


def sort_of(entry: Entry) -> Sort:
    return "contact" if isinstance(entry, CrisisContact) else "service"


def entry_and_day(id: str) -> tuple[str, date]:
    """The two halves of a planned change's id."""
    entry, _, day = id.rpartition("@")
    return entry, date.fromisoformat(day)


def touches(change: AnyChange, sort: Sort, id: str) -> bool:
    """Whether a change is about this entry."""
    if isinstance(change, CallLogged):
        call = change.after or change.before
        return call is not None and (call.sort, call.entry) == (sort, id)
    whose = entry_and_day(change.id)[0] if isinstance(change, Planned) else change.id
    return whose == id and (sort == "contact") == isinstance(change, ContactChanged | ContactPlanned)


def _on(entry: _Thing | None, planned: Mapping[date, _Thing] | None, day: date) -> _Thing | None:
    counting = [begins for begins in planned or () if begins <= day]
    return planned[max(counting)] if planned and counting else entry
