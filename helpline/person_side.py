"""What a person may ask of the service. `token` is the cookie's value; only its hash is kept."""

from collections.abc import Iterable, Mapping
from typing import Any

from helpline import talking
from helpline.contact import Contact, new_id
from helpline.core import Answer, Core, token_hash
from helpline.directory import locality_of
from helpline.errors import BadRequest, ClaimTaken, HelplineError, NotAllowed, NotFound, NotSaved
from helpline.events import PERSON, By, CallMe, Event, Feedback, ReachFields, Started
from helpline.logbook import Decide, Written
from helpline.showing import for_person, person_state, talk_numbers
from helpline.talking import Message, digest

MOST_READ = 200


class PersonSide(Core):
    """Start, say, not safe, choose, call me, leave, feedback; and what the person sees."""

    async def contact_of(self, token: str) -> str | None:
        """The contact a token holds."""
        held = await self.store.find(self.token_claim(token))
        return held[0] if held else None

    def token_claim(self, token: str) -> bytes:
        """By which the contact of a token is found."""
        return self.keys.claim("token", token_hash(token))

    async def start(
        self,
        token: str,
        *,
        client_id: str,
        language: str,
        first_message: str | None = None,
        answers: Mapping[str, str] | None = None,
        channel: str = "web",
    ) -> Answer:
        """Begin, once per token. A repeat gives the contact that is there."""
        there = await self.contact_of(token)
        if there is not None:
            return self._standing(await self.contact(there))
        if channel not in self.definition.channels:
            # Nobody would ever come. Their page says so, and which way leads to somebody.
            raise NotAllowed("This helpline does not talk on this page. Its start page says how to reach us.")
        contact = new_id("c-")
        given = {key: value for key, value in (answers or {}).items() if value}
        locality = locality_of(given.get("area", ""), self.definition.localities) if "area" in given else None
        body = Started(
            channel=channel,
            language=language,
            definition=self.definition.hash,
            policy=f"{self.definition.confidentiality.policy}/{self.definition.confidentiality.version}",
            locality=locality.id if locality else "",
            client_id=client_id,
            digest=digest("start", language),
            answers=given or None,
        )
        first = Message(f"{client_id}/first", first_message) if first_message else None
        full = len(self.dispatcher.queue) >= self.definition.waiting.most_waiting
        decide = talking.start(
            self.definition, body, first, self.door(channel), full=full, book=self.phrases.book
        )
        await self.logbook.create(contact)
        try:
            written = await self.logbook.change(
                contact, decide, via=channel, claims=(self.token_claim(token),)
            )
        except ClaimTaken as taken:
            self.logbook.forget_unwritten(contact)
            return self._standing(await self.contact(taken.log))
        except NotSaved:
            # It may still land: whoever asks again finds it then, and the dispatcher is told of it.
            raise
        except HelplineError:
            self.logbook.forget_unwritten(contact)
            raise
        return self._standing(written.fold)

    def _standing(self, contact: Contact) -> Answer:
        return Answer(contact.log, contact.seq, contact.talk, contact.at)

    async def say(self, contact: str, by: By, messages: list[Message], lang: str = "") -> Answer:
        """Keep words. Durable on return. In a batch, what was kept before is not kept twice."""
        lang = lang or (await self.contact(contact)).language
        if len(messages) > 1:
            return await self._say_batch(contact, by, messages, lang)
        return await self._answer(contact, await self._say(contact, by, messages, lang))

    async def _say(self, contact: str, by: By, messages: list[Message], lang: str) -> Written:
        if by.role != "person":
            decide = talking.say_as_staff(by, messages, lang)
        else:
            fold = await self.contact(contact)
            door = (
                self.door(fold.channel)
                if fold.phase in ("stored", "wrap_up", "ended")
                else talking.Door(True)
            )
            decide = talking.say_as_person(self.definition, messages, lang, door, self.phrases.book)
        single = messages[0]
        return await self._once(contact, by, single.client_id, digest(single.text, lang), decide)

    async def _say_batch(self, contact: str, by: By, messages: list[Message], lang: str) -> Answer:
        kept = await self._kept_before(contact, by, messages, lang)
        while len(kept) < len({message.client_id for message in messages}):
            fresh = {one.client_id: one for one in messages if one.client_id not in kept}
            written = await self._say(contact, by, list(fresh.values()), lang)
            if written.repeat:
                # One of them was kept by another call in the same moment, and this record was not: look again.
                kept = await self._kept_before(contact, by, messages, lang)
                continue
            for event in written.events:
                if client_id := getattr(event.body, "client_id", ""):
                    kept[client_id] = event
        in_order = [kept[message.client_id] for message in messages]
        talks = await self._talks(contact, in_order)
        last = in_order[-1]
        return Answer(contact, last.seq, talks[-1], last.at, tuple(event.seq for event in in_order), talks)

    async def _kept_before(
        self, contact: str, by: By, messages: list[Message], lang: str
    ) -> dict[str, Event]:
        """Those of these messages that are in the log already, by `client_id`."""
        kept = {}
        for message in messages:
            before = await self.logbook.repeat_of(contact, by, message.client_id, digest(message.text, lang))
            if before is not None:
                kept[message.client_id] = before.events[0]
        return kept

    async def correct(self, contact: str, by: By, of: int, text: str, client_id: str) -> Answer:
        """Other words in place of one's own earlier ones. `of` is the log's seq."""
        event, talk = await self._own(contact, of)
        author, book = event.by.id or event.by.role, self.phrases.book
        decide = talking.correct(by, of, talk, text, client_id, author=author, book=book)
        wrote = await self._once(contact, by, client_id, digest("correct", of, text), decide)
        return await self._answer(contact, wrote)

    async def withdraw(self, contact: str, by: By, of: int, client_id: str) -> Answer:
        """Take one's own words back from view. `of` is the log's seq."""
        event, talk = await self._own(contact, of)
        decide = talking.withdraw(by, of, talk, client_id, author=event.by.id or event.by.role)
        wrote = await self._once(contact, by, client_id, digest("withdraw", of), decide)
        return await self._answer(contact, wrote)

    async def _own(self, contact: str, of: int) -> tuple[Event, int]:
        numbered = talk_numbers(await self.logbook.read(contact, 0, of), 0)
        for talk, event in numbered:
            if event.seq == of and event.kind == "said":
                return event, talk
        raise NotFound("There is no such message.")

    async def seq_of_talk(self, contact: str, talk: int) -> int:
        """The log's seq of the person's number `talk`."""
        for number, event in talk_numbers(await self.logbook.read(contact), 0):
            if number == talk:
                return event.seq
        raise NotFound("There is no such message.")

    async def not_safe(self, contact: str, client_id: str) -> Answer:
        """First in the queue, the lead alerted at once, a clock of its own. Never refused."""
        decide = talking.not_safe(self.definition, client_id)
        wrote = await self._once(contact, PERSON, client_id, digest("not_safe"), decide)
        return await self._answer(contact, wrote)

    async def choose(self, contact: str, choice: str, client_id: str) -> Answer:
        decide = talking.choose(choice, client_id)
        wrote = await self._once(contact, PERSON, client_id, digest("choose", choice), decide)
        return await self._answer(contact, wrote)

    async def call_me(
        self,
        contact: str,
        *,
        client_id: str,
        number: str,
        details: ReachFields = None,
        when: str = "",
        safe_name: bool = False,
        safe_message: bool = False,
        safe_text: bool = False,
    ) -> Answer:
        """Keep a call-back request. `number` is E.164; everything else is as the person left it."""
        if not number.startswith("+"):
            raise BadRequest("Please give the number with its area code.")
        mark = digest("call_me", number, details, when, safe_name, safe_message, safe_text)
        body = CallMe(
            number=number,
            details=details,
            when=when,
            safe_name=safe_name,
            safe_message=safe_message,
            safe_text=safe_text,
            client_id=client_id,
            digest=mark,
        )
        wrote = await self._once(contact, PERSON, client_id, mark, talking.call_me(body))
        return await self._answer(contact, wrote)

    async def feedback(self, contact: str, *, client_id: str, **answers: Any) -> Answer:
        """One-tap answers: `listened`, `feel_before`, `feel_after`, `again`, `words`."""
        mark = digest("feedback", sorted(answers.items()))
        body = Feedback(client_id=client_id, digest=mark, **answers)
        wrote = await self._once(contact, PERSON, client_id, mark, talking.give_feedback(body))
        return await self._answer(contact, wrote)

    async def leave(self, contact: str, why: str, client_id: str = "") -> None:
        """The person goes. `quick`: the token is worth nothing from here."""
        pinned = self.pinned(await self.contact(contact))
        await self.logbook.change(contact, talking.leave(pinned, why, client_id))

    async def forget_token(self, token: str) -> None:
        """After a quick exit: nothing that is left in a browser leads back to the contact."""
        contact = await self.contact_of(token)
        if contact is not None:
            await self.store.release(contact, [self.token_claim(token)])

    async def seen_by_person(self, contact: str, talk: int) -> None:
        await self.logbook.change(contact, talking.seen(person=talk))

    async def person_events(
        self, contact: str, after: int = 0, before: int | None = None, limit: int = MOST_READ
    ) -> tuple[list[dict[str, Any]], bool]:
        """Talk events after a number, or the last ones before one; and whether there are more that way."""
        limit = max(1, min(limit, MOST_READ))
        numbered = talk_numbers(await self.logbook.read(contact), 0)
        if before is not None:
            fitting = [pair for pair in numbered if pair[0] < before]
            shown, more = fitting[-limit:], len(fitting) > limit
        else:
            fitting = [pair for pair in numbered if pair[0] > after]
            shown, more = fitting[:limit], len(fitting) > limit
        return [for_person(event, contact, talk) for talk, event in shown], more

    def person_state(self, contact: str) -> dict[str, Any]:
        """`state` of docs/protocol.md, from memory: load the contact first."""
        fold: Contact | None = self.logbook.held(contact)
        if fold is None:
            raise NotFound("There is no such contact.")
        owner = fold.part(fold.owner)
        role = "supporter"
        if owner is not None:
            account = self.people.get(owner.id)
            role = account.kind if account and owner.role == "supporter" else owner.role
        with_ = {"role": role, "name": owner.name} if owner else None
        has_door = fold.phase in ("stored", "ended") and fold.channel in self.definition.channels
        opens_at = self.door(fold.channel).opens_at if has_door else None
        return person_state(fold, self.queue_place(fold), opens_at, with_=with_)

    async def _once(
        self,
        contact: str,
        by: By,
        client_id: str,
        mark: str,
        decide: Decide,
        *,
        claims: Iterable[bytes] = (),
    ) -> Written:
        """Change, or the first answer when this very call was answered before and no longer fits the state."""
        try:
            return await self.logbook.change(contact, decide, claims=claims)
        except HelplineError:
            if client_id:
                before = await self.logbook.repeat_of(contact, by, client_id, mark)
                if before is not None:
                    return before
            raise

    async def _answer(self, contact: str, written: Written) -> Answer:
        fold: Contact = written.fold
        if not written.events:
            return Answer(contact, fold.seq, fold.talk, fold.at)
        own = next(
            (e for e in reversed(written.events) if getattr(e.body, "client_id", "")), written.events[-1]
        )
        if written.repeat:
            own = written.events[0]
            return Answer(contact, own.seq, (await self._talks(contact, [own]))[0], own.at)
        talk = fold.talk - sum(1 for event in written.events if event.body.talk and event.seq > own.seq)
        return Answer(contact, own.seq, talk, own.at)

    async def _talks(self, contact: str, events: list[Event]) -> tuple[int, ...]:
        last = max(event.seq for event in events)
        numbers = {
            event.seq: talk for talk, event in talk_numbers(await self.logbook.read(contact, 0, last), 0)
        }
        return tuple(numbers.get(event.seq, 0) for event in events)
