"""Whatever people do, in whatever order, allowed or not: the log is whole, and everybody is somebody's."""

import asyncio
import tempfile
from collections.abc import Awaitable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from helpline import ladder_presses as presses
from helpline.contact import Contact
from helpline.errors import HelplineError
from helpline.events import PERSON, Offered, RungSet, RungWithdrawn
from helpline.logbook import Change
from helpline.people import Principal
from helpline.talking import Message
from tests.conftest import PROVING
from tests.helpline.evening import PEOPLE, Evening, new_id
from tests.owner_or_page import mistakes, staff_of

STAFF = tuple(id for id, (role, _, _) in PEOPLE.items() if role != "supervisor")
LEADS = ("jo", "kit", "noor")
SHOWN = frozenset(
    [
        "started",
        "said",
        "corrected",
        "withdrawn",
        "told",
        "not_safe",
        "choice_asked",
        "choice_made",
        "accepted",
        "joined",
        "stepped_out",
        "released",
        "closed",
        "reopened",
        "left",
        "call_me",
    ]
)
MOST_CONTACTS = 6

staff = st.sampled_from(STAFF)
leads = st.sampled_from(LEADS)
mostly = st.sampled_from([True, True, True, False])
which = st.integers(0, MOST_CONTACTS - 1)


class AnyEvening(RuleBasedStateMachine):
    """Commands of everybody, time, lines and restarts, on real files."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="evening-")
        self.evening = Evening(Path(self.folder.name))
        self.contacts: list[str] = []
        self.connected: set[str] = set()
        self.wrong: list[str] = []
        self.rungs_set = 0
        self.closed: dict[str, datetime] = {}
        self.last: Any = None

    @initialize()
    def opens(self) -> None:
        self.run(self.evening.open())
        self.evening.line.listen(self.check_offer)
        self.evening.line.listen(self.check_owner_or_page)
        # Some are there already: an evening that has to gather everybody first seldom gets anywhere.
        self.run(self.evening.on("ania", "dev", "lou"))
        self.run(self.evening.on("jo", ready=False))
        self.connected |= {"ania", "dev", "lou", "jo"}
        for language in ("pl", "en"):
            self.somebody_comes(language=language, first=True, connected=True, answered=True)

    def teardown(self) -> None:
        self.run(self.evening.close())
        self.runner.close()
        self.folder.cleanup()

    def run(self, work: Awaitable[Any]) -> Any:
        async def wait() -> Any:
            return await work

        return self.runner.run(wait())

    def call(self, command: Any) -> Any:
        """A command with an id of its own; refused is fine, and so is being asked again."""
        self.last = (command, new_id())
        return self.call_again()

    def me(self, who: str) -> Principal:
        """Their hand; whoever's account is closed signs in no more, and somebody else presses."""
        return self.evening.who(next(one for one in (who, *STAFF) if one not in self.closed))

    def call_again(self) -> Any:
        command, id = self.last

        async def try_it() -> Any:
            try:
                answer = await command(id)
            except HelplineError as refused:
                answer = refused
            await self.evening.settled()
            return answer

        return self.run(try_it())

    def contact(self, n: int) -> str:
        return self.contacts[n % len(self.contacts)] if self.contacts else "c-nobody"

    def lively(self, n: int, *phases: str) -> str:
        """One of those in these phases, when there are any; else any."""
        folds = [self.evening.line.logbook.held(c) for c in self.contacts]
        there = [fold.log for fold in folds if fold is not None and fold.phase in phases]
        return there[n % len(there)] if there else self.contact(n)

    def check_owner_or_page(self, change: Change) -> None:
        """From rung 2 on, after every record, somebody has them or a page runs that nobody has answered."""
        after = change.after
        if isinstance(after, Contact) and after.rung >= 2 and after.nobodys and not after.paged:
            self.wrong.append(f"nobody has {after.log} after {[event.kind for event in change.events]}")

    def check_offer(self, change: Change) -> None:
        """At the moment of an offer, whoever is asked may be asked."""
        for event in change.events:
            if isinstance(event.body, Offered) and not event.body.transfer:
                who, line, now = event.body.supporter, self.evening.line, event.at
                held = line.roster.attendance(who)
                duty = line.roster.on_duty(now).get(who)
                before: Contact = change.before
                lately = {one.supporter for one in before.passed if now - one.at < timedelta(minutes=5)}
                if (
                    held is None
                    or not held.ready
                    or not line.roster.here(who)
                    or (duty is None and not held.extra)
                    or (duty is not None and duty.ends_at - now < timedelta(minutes=20))
                    or not set(held.languages) & set(before.speaks)
                    or before.channel not in held.channels
                    or len(held.slots) > line.roster.at_once(who, held)
                    or who in lately
                    or before.with_lead
                ):
                    self.wrong.append(f"{who} was asked: {held} {duty} {before}")

    # -- the person ------------------------------------------------------------------------------------------------

    @rule(
        language=st.sampled_from(["en", "pl", "cy", "ta"]),
        first=st.booleans(),
        connected=mostly,
        answered=mostly,
    )
    def somebody_comes(self, language: str, first: bool, connected: bool, answered: bool) -> None:
        if len(self.contacts) < MOST_CONTACTS:
            words = "hello" if first else None
            self.contacts.append(self.run(self.evening.person(language, words, connected=connected)))
            if answered:
                self.whoever_is_asked_answers(len(self.contacts) - 1, True)

    @rule(n=which, count=st.integers(1, 3))
    def the_person_says(self, n: int, count: int) -> None:
        c, line = self.contact(n), self.evening.line
        self.call(lambda id: line.say(c, PERSON, [Message(f"{id}{k}", f"words {k}") for k in range(count)]))

    @rule(n=which)
    def the_person_is_not_safe(self, n: int) -> None:
        c, line = self.contact(n), self.evening.line
        self.call(lambda id: line.not_safe(c, id))

    @rule(n=which, choice=st.sampled_from(["wait", "language:en", "language:pl", "call_me"]))
    def the_person_chooses(self, n: int, choice: str) -> None:
        c, line = self.contact(n), self.evening.line
        self.call(lambda id: line.choose(c, choice, id))

    @rule(n=which, why=st.sampled_from(["ended", "quick"]))
    def the_person_leaves(self, n: int, why: str) -> None:
        c, line = self.contact(n), self.evening.line
        self.call(lambda id: line.leave(c, why, id))

    @rule(n=which, back=st.booleans())
    def the_persons_line(self, n: int, back: bool) -> None:
        c, line = self.contact(n), self.evening.line
        (line.person_connected if back else line.person_disconnected)(c)
        self.run(self.evening.settled())

    # -- supporters ------------------------------------------------------------------------------------------------

    @rule(who=staff, ready=mostly)
    def comes_on(self, who: str, ready: bool) -> None:
        line = self.evening.line
        if who in self.closed:
            return
        if who not in self.connected:
            self.connected.add(who)
            line.supporter_connected(who)
        self.call(lambda id: line.check_in(self.me(who), client_id=id))
        if ready:
            self.call(lambda id: line.ready(self.me(who)))

    @rule(who=staff, reason=st.sampled_from(["pause", "break"]))
    def goes_away(self, who: str, reason: str) -> None:
        self.call(lambda id: self.evening.line.away(self.me(who), reason))

    @rule(who=staff, at_once=st.booleans())
    def goes_home(self, who: str, at_once: bool) -> None:
        line, principal = self.evening.line, self.me(who)
        if at_once:
            self.call(lambda id: line.stop_now(principal, id))
        else:
            self.call(lambda id: line.check_out(principal, client_id=id))

    @rule(who=staff)
    def somebodys_account_is_closed(self, who: str) -> None:
        """Their pages hang up at once, as they do when a session ends."""
        if len(self.closed) < 2 and who not in self.closed:
            self.run(self.evening.line.people.deactivate(who))
            self.closed[who] = self.evening.clock.now()
            if who in self.connected:
                self.connected.discard(who)
                self.evening.line.supporter_disconnected(who)
            self.run(self.evening.settled())

    @rule(who=staff)
    def line_comes_or_goes(self, who: str) -> None:
        if who in self.connected:
            self.connected.discard(who)
            self.evening.line.supporter_disconnected(who)
        elif who not in self.closed:
            self.connected.add(who)
            self.evening.line.supporter_connected(who)
        self.run(self.evening.settled())

    @rule(n=which, accept=st.sampled_from([True, True, True, False]))
    def whoever_is_asked_answers(self, n: int, accept: bool) -> None:
        line = self.evening.line
        folds = [line.logbook.held(c) for c in self.contacts]
        asked = [fold for fold in folds if fold is not None and fold.offer is not None]
        if asked:
            fold = asked[n % len(asked)]
            who, offer = self.me(fold.offer.supporter), fold.offer.offer
            if accept:
                self.call(lambda id: line.accept(who, offer, id))
            else:
                self.call(lambda id: line.decline(who, offer, None, id))

    def with_them(self, c: str, who: str, owner: bool) -> Any:
        """Their owner, when there is one and that is wanted; else whoever was named."""
        fold = self.evening.line.logbook.held(c)
        return self.me(fold.owner if owner and fold is not None and fold.owner else who)

    @rule(n=which, who=staff, owner=mostly, what=st.sampled_from(["say", "note", "ask", "attempt"]))
    def works_with_them(self, n: int, who: str, owner: bool, what: str) -> None:
        line, c = self.evening.line, self.lively(n, "live", "wrap_up")
        me = self.with_them(c, who, owner)
        commands = {
            "say": lambda id: line.say_to(me, c, [Message(id, "words")]),
            "note": lambda id: line.note(me, c, version=10_000, fields={"summary": id}, client_id=id),
            "ask": lambda id: line.ask_lead(me, c, id),
            "attempt": lambda id: line.attempt(
                me, c, crisis_contact="team", outcome="no_answer", client_id=id
            ),
        }
        self.call(commands[what])

    @rule(n=which, who=staff, owner=mostly, to=st.integers(0, 4), basis=st.sampled_from(["", "why"]))
    def sets_the_rung(self, n: int, who: str, owner: bool, to: int, basis: str) -> None:
        line, c = self.evening.line, self.lively(n, "live", "wrap_up")
        me = self.with_them(c, who, owner)
        answer = self.call(lambda id: line.set_rung(me, c, RungSet(to, 0, basis=basis, client_id=id)))
        self.rungs_set += not isinstance(answer, HelplineError)

    @rule(
        n=which,
        who=staff,
        owner=mostly,
        what=st.sampled_from(
            [
                "999",
                "reached",
                "not yet",
                "cannot",
                "countersign",
                "decide",
                "second",
                "share",
                "track",
                "task",
            ]
        ),
    )
    def presses_beside_the_rung(self, n: int, who: str, owner: bool, what: str) -> None:
        line, c = self.evening.line, self.lively(n, "live", "wrap_up")
        me = self.with_them(c, who, owner)
        fold = line.logbook.held(c)
        loop = fold.ladder.loop if fold is not None else None
        signed = loop.signed.seq if loop is not None and loop.signed is not None else 1
        decision = fold.ladder.decision if fold is not None else None
        decided = decision.made.seq if decision is not None else 1
        commands = {
            "999": lambda id: line.attempt(
                me, c, crisis_contact="emergency_999", outcome="answered", client_id=id
            ),
            "reached": lambda id: presses.confirm_help(line, me, c, reached=True, words=None, client_id=id),
            "not yet": lambda id: presses.confirm_help(line, me, c, reached=False, words="no", client_id=id),
            "cannot": lambda id: presses.cannot_confirm(
                line, me, c, tried="all", reference="CAD 1", client_id=id
            ),
            "countersign": lambda id: presses.countersign(line, self.me(who), c, of=signed, client_id=id),
            "decide": lambda id: presses.decide(
                line, me, c, what="share", reason="why", of=None, client_id=id
            ),
            "second": lambda id: presses.decide(
                line, self.me(who), c, what="respect", reason=None, of=decided, client_id=id
            ),
            "share": lambda id: presses.share(
                line, me, c, crisis_contact="team", whom=None, what="where", why=None, client_id=id
            ),
            "track": lambda id: presses.track(line, me, c, track="S", on=True, words=None, client_id=id),
            "task": lambda id: presses.task_done(
                line, me, c, task=f"debrief-{me.id}", how="later", words=None, client_id=id
            ),
        }
        self.call(commands[what])

    @rule(n=which, who=leads, ends=st.sampled_from([("reached",), ("cannot", "countersign")]))
    def an_emergency_runs_its_course(self, n: int, who: str, ends: tuple[str, ...]) -> None:
        """Whole, as at random it seldom gets so far: up, 999, and one of its two ends."""
        line, c = self.evening.line, self.lively(n, "live")
        me = self.with_them(c, who, True)
        answer = self.call(lambda id: line.set_rung(me, c, RungSet(4, 0, basis="now", client_id=id)))
        self.rungs_set += not isinstance(answer, HelplineError)
        for what in ("999", *ends):
            self.presses_beside_the_rung(n, who, True, what)
        lead = self.me(who)
        answer = self.call(lambda id: line.set_rung(lead, c, RungSet(2, 0, basis="why", client_id=id)))
        self.rungs_set += not isinstance(answer, HelplineError)

    @rule(n=which, who=staff, owner=mostly)
    def takes_the_rung_back(self, n: int, who: str, owner: bool) -> None:
        line, c = self.evening.line, self.lively(n, "live", "wrap_up")
        me = self.with_them(c, who, owner)
        fold = line.logbook.held(c)
        of = fold.rung_seq if fold is not None else 1
        answer = self.call(lambda id: line.withdraw_rung(me, c, of, id))
        self.rungs_set += not isinstance(answer, HelplineError)

    @rule(
        n=which,
        who=staff,
        to=staff,
        owner=mostly,
        how=st.sampled_from(["transfer", "out", "release", "to the lead"]),
    )
    def hands_over(self, n: int, who: str, to: str, owner: bool, how: str) -> None:
        line, c = self.evening.line, self.lively(n, "live", "wrap_up")
        me = self.with_them(c, who, owner)
        commands = {
            "transfer": lambda id: line.transfer(me, c, to, id),
            "out": lambda id: line.step_out(me, c, id),
            "release": lambda id: line.release(me, c, "queue", id),
            "to the lead": lambda id: line.release(me, c, "lead", id),
        }
        self.call(commands[how])

    @rule(n=which, who=staff, owner=mostly, wrap_up=st.booleans())
    def ends(self, n: int, who: str, owner: bool, wrap_up: bool) -> None:
        line, c = self.evening.line, self.lively(n, "live", "wrap_up")
        me = self.with_them(c, who, owner)
        self.call(lambda id: line.close_contact(me, c, id))
        if wrap_up:
            self.call(lambda id: line.wrap_up(me, c, "talked", id))

    @rule(n=which, who=leads, how=st.sampled_from(["join", "take_over", "acknowledge", "queue"]))
    def leads(self, n: int, who: str, how: str) -> None:
        line, c, me = self.evening.line, self.contact(n), self.me(who)
        fold = line.logbook.held(c)
        open_ = fold.open_alerts if fold is not None else ()
        alert = open_[0].alert if open_ else "nothing"
        commands = {
            "join": lambda id: line.join(me, c, id),
            "take_over": lambda id: line.take_over(me, c, id),
            "acknowledge": lambda id: line.acknowledge(me, c, alert, id),
            "queue": lambda id: line.back_to_queue(me, c, id),
        }
        self.call(commands[how])

    # -- time and trouble ------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 10, 30, 45, 60, 90, 180, 300, 900, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.run(self.evening.later(seconds=seconds))

    @rule()
    def every_shift_of_the_rota_ends(self) -> None:
        """And those who are still there go on, until the next evening's shifts begin."""
        ends = datetime.fromisoformat("2026-01-15T02:10:00Z")
        if self.evening.clock.now() < ends:
            self.run(self.evening.until(ends))

    @rule()
    def the_service_is_restarted(self) -> None:
        self.connected.clear()
        self.last = None
        self.run(self.evening.restart())
        self.evening.line.listen(self.check_offer)
        self.evening.line.listen(self.check_owner_or_page)

    @rule(
        n=which,
        who=st.sampled_from(LEADS),
        what=st.sampled_from(["up", "down", "stop", "home", "take over", "has it", "ends"]),
        turns=st.integers(0, 40),
    )
    def the_service_dies_in_the_middle_of(self, n: int, who: str, what: str, turns: int) -> None:
        """A press, and after so many turns of the event loop the end: what it had not written is never written."""
        line, c = self.evening.line, self.lively(n, "live", "waiting")
        lead, owner = self.me(who), self.with_them(c, who, True)
        fold = line.logbook.held(c)
        alert = next((one.alert for one in fold.open_alerts), "none") if fold is not None else "none"
        presses: dict[str, Awaitable[Any]] = {
            "up": line.set_rung(owner, c, RungSet(3, 0, basis="now", client_id=new_id())),
            "down": line.set_rung(lead, c, RungSet(2, 0, basis="why", client_id=new_id())),
            "stop": line.stop_now(owner, new_id()),
            "home": line.check_out(lead, client_id=new_id(), on_ladder="my child is ill"),
            "take over": line.take_over(lead, c, new_id()),
            "has it": line.acknowledge(lead, c, alert, new_id()),
            "ends": line.close_contact(owner, c, new_id()),
        }
        pressed = presses.pop(what)
        for other in presses.values():
            other.close()  # type: ignore[attr-defined]
        self.rungs_set += what in ("up", "down")
        self.run(self.die_during(pressed, turns))
        self.connected.clear()
        self.last = None
        self.evening.line.listen(self.check_offer)
        self.evening.line.listen(self.check_owner_or_page)

    async def die_during(self, pressed: Awaitable[Any], turns: int) -> None:
        task = asyncio.ensure_future(pressed)
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        # With the dispatcher goes whatever it was about to do; the files are let go as by a process that died.
        await self.evening.line.dispatcher.close()
        await asyncio.gather(task, return_exceptions=True)
        await self.evening.restart()

    @rule()
    def the_last_call_is_repeated(self) -> None:
        if self.last is None:
            return
        before = [self.evening.line.logbook.held(c) for c in self.contacts]
        first = self.call_again()
        second = self.call_again()
        assert type(first) is type(second)
        if not isinstance(first, HelplineError):
            after = [self.evening.line.logbook.held(c) for c in self.contacts]
            assert [f.seq for f in before if f] <= [f.seq for f in after if f]
            assert first == second or hasattr(first, "slots")

    # -- what always holds -----------------------------------------------------------------------------------------

    @invariant()
    def every_log_is_whole(self) -> None:
        if self.evening._open is not None:
            self.run(self.check_logs())

    async def check_logs(self) -> None:
        line = self.evening.line
        staff = await staff_of(line, self.closed)
        rungs = 0
        for c in self.contacts:
            events = await line.logbook.read(c)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert [event.at for event in events] == sorted(event.at for event in events)
            fold = await line.contact(c)
            assert fold == await self.evening.replayed(c)
            shown, more = await line.person_events(c)
            assert more or [event["seq"] for event in shown] == list(range(1, fold.talk + 1))
            assert {event["kind"] for event in shown} <= SHOWN
            self.check_owner(fold)
            wrong = mistakes(events, staff)
            assert not wrong, "\n".join(wrong)
            for event in events:
                if isinstance(event.body, RungSet | RungWithdrawn):
                    rungs += 1
                    assert event.by.id in STAFF
        assert rungs <= self.rungs_set
        assert self.wrong == []
        self.check_slots()

    def check_owner(self, fold: Contact) -> None:
        if fold.phase == "live":
            assert fold.part(fold.owner) is not None
            assert len({who.id for who in fold.participants}) == len(fold.participants)
        elif fold.phase != "wrap_up":
            assert (fold.owner, fold.participants) == ("", ())
        if fold.offer is not None:
            assert fold.phase in ("waiting", "live")
            assert fold.clock("offer") is not None

    def check_slots(self) -> None:
        line = self.evening.line
        folds = [line.logbook.held(c) for c in self.contacts]
        for held in line.roster.checked_in():
            holds = {fold.log for fold in folds if fold is not None and held.supporter in fold.holders}
            assert set(held.slots) == holds, f"{held.supporter} holds {held.slots}"
        for fold in folds:
            if fold is not None and fold.phase == "live":
                assert line.roster.attendance(fold.owner) is not None, "the owner has gone home"


TestAnyEvening = AnyEvening.TestCase
TestAnyEvening.settings = settings(
    max_examples=400 if PROVING else 8, stateful_step_count=80 if PROVING else 40, deadline=None
)
