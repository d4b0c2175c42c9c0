"""What supporters and leads press beside the rung itself: has help reached them, what may be told, what comes after.

Each is one call of one person who signed in, kept once however often it is sent.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from helpline import aftercare, confidentiality, help_loop, prompting
from helpline.contact import Contact
from helpline.core import Answer
from helpline.definition import Definition
from helpline.directory import EMERGENCY
from helpline.errors import BadRequest, NotFound
from helpline.events import (
    AttemptNamed,
    By,
    ConsentAsked,
    CouldNotBeConfirmed,
    Countersigned,
    Decided,
    FollowUpSet,
    HelpChecked,
    PromptFalse,
    Seconded,
    Shared,
    TaskDone,
    TrackSet,
)
from helpline.logbook import Decide, Draft
from helpline.on_shift import is_lead
from helpline.people import Principal
from helpline.staff_side import StaffSide
from helpline.talking import digest


async def name_attempt(
    line: StaffSide, who: Principal, contact: str, *, of: int, reference: str, client_id: str
) -> Answer:
    """Who answered the attempt at seq `of`, or a reference. The press of the attempt waited for neither."""
    mark = digest("name_attempt", of, reference)
    body = AttemptNamed(of, reference, client_id, mark)

    def written(by: By, _: Definition) -> Decide:
        def decide(c: Contact, now: datetime) -> Sequence[Draft]:
            if of not in [one.seq for one in c.attempts]:
                raise NotFound("There is no such attempt.")
            return [(by, body)]

        return decide

    return await line.press(who, contact, client_id, mark, written)


async def confirm_help(
    line: StaffSide, who: Principal, contact: str, *, reached: bool, words: str | None, client_id: str
) -> Answer:
    """Help has reached them, or not yet. `NotNow` when there is nothing to confirm any more."""
    mark = digest("confirm_help", reached, words)
    body = HelpChecked(reached, words, client_id, mark)
    return await line.press(who, contact, client_id, mark, partial(help_loop.check, body=body))


async def cannot_confirm(
    line: StaffSide, who: Principal, contact: str, *, tried: str, reference: str | None, client_id: str
) -> Answer:
    """The first signature; the answer's seq is what the second person signs."""
    mark = digest("cannot_confirm", tried, reference)
    body = CouldNotBeConfirmed(tried, reference, client_id, mark)
    return await line.press(who, contact, client_id, mark, partial(help_loop.cannot_confirm, body=body))


async def countersign(line: StaffSide, who: Principal, contact: str, *, of: int, client_id: str) -> Answer:
    """The second signature, by somebody else."""
    mark = digest("countersign", of)
    body = Countersigned(of, client_id, mark)
    return await line.press(who, contact, client_id, mark, partial(help_loop.countersign, body=body))


async def decide(
    line: StaffSide,
    who: Principal,
    contact: str,
    *,
    what: str,
    reason: str | None,
    of: int | None,
    client_id: str,
) -> Answer:
    """Decide about a confidence; with `of`, the seq of a colleague's decision, say as the second what one would do."""
    if what not in confidentiality.DECISIONS:
        raise BadRequest("Decide to share, or to respect what they said.")
    mark = digest("decide", what, reason, of)
    if of is None:
        body = Decided(what, "", reason, client_id, mark)
        return await line.press(
            who, contact, client_id, mark, partial(confidentiality.decide_about, body=body)
        )
    fold = await line.may_read(who, contact, client_id)
    standing = fold.ladder.decision
    agrees = standing is not None and standing.what == what
    view = Seconded(of, agrees, reason, client_id, mark)
    return await line.press(who, contact, client_id, mark, partial(confidentiality.second, body=view))


async def consent(
    line: StaffSide, who: Principal, contact: str, *, answer: str, why: str | None, client_id: str
) -> Answer:
    """What they said to sharing."""
    if answer not in confidentiality.CONSENT:
        raise BadRequest("That is not one of the answers.")
    mark = digest("consent", answer, why)
    body = ConsentAsked(answer, why, client_id, mark)

    def written(by: By, _: Definition) -> Decide:
        return confidentiality.consent(by, body)

    return await line.press(who, contact, client_id, mark, written)


async def share(
    line: StaffSide,
    who: Principal,
    contact: str,
    *,
    crisis_contact: str,
    whom: str | None,
    what: str,
    why: str | None,
    client_id: str,
) -> Answer:
    """What was told to whom outside, and why."""
    known = crisis_contact in ("", EMERGENCY) or line.directory.contact(crisis_contact) is not None
    if not known:
        raise NotFound("There is no such crisis contact.")
    mark = digest("share", crisis_contact, whom, what, why)
    body = Shared(crisis_contact, whom, what, why, client_id, mark)

    def written(by: By, _: Definition) -> Decide:
        return confidentiality.share(by, body)

    return await line.press(who, contact, client_id, mark, written)


async def track(
    line: StaffSide,
    who: Principal,
    contact: str,
    *,
    track: str,
    on: bool,
    words: str | None,
    client_id: str,
) -> Answer:
    """A track goes on or off."""
    mark = digest("track", track, on, words)
    body = TrackSet(track, on, words, client_id, mark)

    def written(by: By, definition: Definition) -> Decide:
        if track not in ("S", "H", "T", "X"):
            raise BadRequest("That is not one of the tracks.")
        return aftercare.set_track(by, body)

    return await line.press(who, contact, client_id, mark, written)


async def follow_up(
    line: StaffSide,
    who: Principal,
    contact: str,
    *,
    earliest: datetime,
    latest: datetime,
    channel: str,
    safe: bool,
    words: str | None,
    client_id: str,
) -> Answer:
    """When we are in touch again. `BadRequest` outside its window, or when nobody is on the rota then."""
    if earliest.tzinfo is None or latest.tzinfo is None:
        raise BadRequest("Give both times with their zone.")
    mark = digest("follow_up", earliest, latest, channel, safe, words)
    body = FollowUpSet(earliest, latest, channel, safe, words, client_id, mark)
    on = line.roster.rota.occurrences(earliest, latest) if earliest < latest else ()
    return await line.press(who, contact, client_id, mark, partial(aftercare.follow_up, body=body, on=on))


async def task_done(
    line: StaffSide,
    who: Principal,
    contact: str,
    *,
    task: str,
    how: str,
    words: str | None,
    client_id: str,
) -> Answer:
    """A task of theirs, or as a lead anybody's, is done, not wanted, or left for later.

    Who went out of the contact since may still close their own. Another's is closed with an entry in the audit.
    """
    if how not in aftercare.HOW:
        raise BadRequest("That is not one of the answers.")
    mark = digest("task_done", task, how, words)
    body = TaskDone(task, how, words, client_id, mark)
    closed = (await line.contact(contact)).ladder.task(task)
    answer = await line.close_task(who, contact, body, lead=is_lead(who))
    if closed is not None and not closed.how and closed.who != who.id:
        await line.audit(who, "task_done", contact, why=f"{task}: {how}")
    return answer


async def prompt_false(line: StaffSide, who: Principal, contact: str, *, of: int, client_id: str) -> Answer:
    """What the person wrote was not that. `of` is the prompt's seq; `NotNow` when it is gone."""
    mark = digest("prompt_false", of)
    body = PromptFalse(of, client_id, mark)
    return await line.press(who, contact, client_id, mark, partial(prompting.call_false, body=body))
