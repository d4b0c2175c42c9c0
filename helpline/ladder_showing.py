"""What desk and board show of the ladder beside the rung, in the shapes of `docs/protocol.md`. No words, no scores."""

from datetime import datetime, timedelta
from typing import Any

from helpline.aftercare import follow_up_window, staffed
from helpline.contact import Contact
from helpline.core import Core
from helpline.ladder_parts import Decision, FollowUp, Loop, Signed, Task
from helpline.messages import in_language

Json = dict[str, Any]


def on_ladder(contact: Contact) -> Json:
    """`ladder` of a summary and of a panel."""
    ladder = contact.ladder
    return {
        "loop": _loop(contact, ladder.loop) if ladder.loop is not None else None,
        "decision": _decision(ladder.decision) if ladder.decision is not None else None,
        "consent": {"answer": ladder.consent.answer, **_signed(ladder.consent.asked)}
        if ladder.consent is not None
        else None,
        "shared": [{"crisis_contact": one.crisis_contact, **_signed(one.told)} for one in ladder.shared],
        "tracks": list(ladder.tracks),
        "follow_up": _follow_up(ladder.follow_up) if ladder.follow_up is not None else None,
        "tasks": [_task(one) for one in ladder.tasks],
        "vanished": _vanished(contact),
    }


def _signed(one: Signed) -> Json:
    return {"seq": one.seq, "by": one.by, "name": one.name, "at": one.at}


def _loop(contact: Contact, loop: Loop) -> Json:
    following = contact.clock("confirm_first") or contact.clock("confirm_every")
    return {
        "open": contact.unconfirmed,
        "since": loop.since,
        "called_at": loop.called_at,
        "checks": loop.checks,
        "checked_at": loop.checked_at,
        "next_check": following.due if following is not None else None,
        "signed": _signed(loop.signed) if loop.signed is not None else None,
        "countersigned": _signed(loop.countersigned) if loop.countersigned is not None else None,
        "ended": loop.ended,
        "ended_at": loop.ended_at,
    }


def _decision(one: Decision) -> Json:
    second = {**_signed(one.second), "agreed": one.agreed} if one.second is not None else None
    return {"what": one.what, "policy": one.policy, **_signed(one.made), "second": second}


def _follow_up(one: FollowUp) -> Json:
    return {
        "earliest": one.earliest,
        "latest": one.latest,
        "channel": one.channel,
        "safe": one.safe,
        **_signed(one.by),
    }


def _task(one: Task) -> Json:
    return {
        "task": one.task,
        "what": one.what,
        "who": one.who,
        "set_at": one.set_at,
        "how": one.how,
        "done_at": one.done_at,
    }


def _vanished(contact: Contact) -> Json | None:
    """From rung 2, while the person's line is lost or they went: since when, and until when the place is held."""
    if contact.rung < 2 or not (contact.person_lost or contact.left):
        return None
    held = contact.clock("hold_open")
    return {
        "since": contact.person_lost,
        "left": contact.left,
        "hold_until": held.due if held is not None else None,
    }


def beside(core: Core, contact: Contact) -> Json:
    """What only the panel has: the policy as the person was shown it, the tracks' names, when a follow-up may be."""
    pinned = core.pinned(contact)
    policy = pinned.confidentiality
    words = (
        in_language(policy.wording, contact.language, pinned.languages.default) if policy.wording else None
    )
    return {
        "policy": {
            "policy": policy.policy,
            "version": policy.version,
            "lang": words.language if words is not None else "",
            "text": words.text if words is not None else "",
        },
        "track_names": dict(pinned.ladder.tracks),
        "follow_up_times": _follow_up_times(core, contact),
    }


def _follow_up_times(core: Core, contact: Contact) -> list[Json]:
    """Whether a follow-up is offered now, and when somebody is on the rota for it."""
    now: datetime = core.clock.now()
    window = follow_up_window(contact, core.pinned(contact), now)
    if window is None or window.latest - now > timedelta(days=14):
        return []
    shifts = core.roster.rota.occurrences(window.earliest, window.latest)
    return [{"earliest": one.earliest, "latest": one.latest} for one in staffed(window, shifts)]
