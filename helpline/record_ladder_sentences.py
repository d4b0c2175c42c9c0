"""The sentences of the ladder: steps, pages and their clocks, attempts, decisions, and what comes after."""

from typing import Any

from helpline.directory import EMERGENCY
from helpline.events import Event
from helpline.record_sentences import Saying, of_who
from helpline.record_words import CLOCK_WORDS, OUTCOMES, WHOM, Names, phrase, plain, policy

CONSENT = {
    "given": "They agreed that we tell others.",
    "refused": "They do not want us to tell others.",
    "unable": "They could not say whether we may tell others.",
    "not_asked": "They were not asked whether we may tell others.",
}
DECIDED = {
    "share": "{who} decided to tell others without their consent",
    "respect": "{who} decided to respect that they said no",
}
_ALERTS = {
    "asked": "the lead was asked for",
    "not_safe": "they said they are not safe",
    "long_wait": "they have waited long",
    "nobody_took": "nobody took the offer",
    "nobody_left": "nobody is free for them",
    "left_not_safe": "they left after saying they are not safe",
    "left_on_ladder": "they left in the middle of the ladder",
    "no_speaker": "nobody on shift speaks their language",
    "full": "more are waiting than we said we would take",
    "supporter_line": "their supporter's line is lost",
    "released": "they were handed back and need somebody",
    "kept_for_lead": "they were handed to the lead",
    "take_them": "the supporter asks to be relieved of them",
    "nobody_has_them": "nobody has them",
    "past_end": "they are still with somebody whose shift has ended",
    "reopened": "they wrote again after the end",
    "first_outside_call": "no call to anybody outside has been made yet",
    "call_started": "999 has not been rung yet",
    "confirm_help": "it is time to ask whether help has reached them",
    "countersign": "that help could not be confirmed needs a second signature",
    "second_decides": "a second view on sharing is asked for",
    "decision_disputed": "two see it differently, on sharing",
    "safeguarding_told": "the safeguarding lead has not been told",
    "record_after": "the record is not written yet",
    "vanished": "they are gone in the middle of the ladder",
    "hold_open": "their place was held open for half an hour and they are not back",
    "owner_absent": "whoever is with them is not there",
    "lead_gone": "the lead went home",
    "debrief_later": "a supporter's debrief is still to come",
    "text_unsent": "a text of ours did not reach them",
    "opted_out": "they closed their phone to our texts",
    "call_asked": "they asked to be rung, and nobody who rings is on the rota",
    "call_waiting": "their time to be rung is nearly over",
    "call_unkept": "their time to be rung is over, and nobody reached them",
    "number_revealed": "a lead looked at their number",
    "call_not_reached": "they could not be reached on the number they gave",
    "not_a_mobile": "their number is a landline that texts must not go to",
    "debrief_left": "a supporter went home without a debrief",
}
_TASK_DONE = {
    "done": "had their {what}",
    "not_wanted": "did not want their {what}",
    "later": "will have their {what} later",
}


def _rung_set(event: Event, body: Any, names: Names) -> str:
    who = names.by(event.by)
    if body.to == body.was:
        said = f"{who} added words to {names.rung_numbered(body.to)}."
    else:
        way = "moved to" if body.to > body.was else "came down to"
        said = f"{who} {way} {names.rung_numbered(body.to)}."
    consent = f" Consent: {plain(phrase(body.consent))}." if body.consent else ""
    told = f" Told them: {plain(phrase(body.told_person))}." if body.told_person else ""
    return said + consent + told


def _rung_withdrawn(event: Event, body: Any, names: Names) -> str:
    return f"{names.by(event.by)} took that step back, pressed by mistake. Back to {names.rung_numbered(body.to)}."


def _alerted(event: Event, body: Any, names: Names) -> str:
    if body.what.startswith("rung_") and body.what[5:].isdigit():
        why = f"somebody is at {names.rung_numbered(int(body.what[5:]))}"
    else:
        why = _ALERTS.get(body.what, phrase(body.what))
    late = f" This came {_span(body.late_seconds)} late." if body.late_seconds else ""
    return f"The service called {WHOM.get(body.to, phrase(body.to))}: {why}.{late}"


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if minutes and not rest else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _clock_fired(event: Event, body: Any, names: Names) -> str:
    late = f", {_span(body.late_seconds)} ago" if body.late_seconds else ""
    return f"The time for {CLOCK_WORDS.get(body.clock, phrase(body.clock))} had run out{late}."


def dialled(body: Any, names: Names) -> str:
    """`Moorside crisis team (professional line, version 3)`"""
    entry = names.crisis_contact(body.crisis_contact, body.version)
    name = names.crisis_name(body.crisis_contact, body.version)
    if body.crisis_contact in (EMERGENCY, "ask_up") and entry is None:
        return name
    line = f"{entry.line} line, " if entry is not None else ""
    return f"{name} ({line}version {body.version})"


def _attempted(event: Event, body: Any, names: Names) -> str:
    how = "Rang" if body.channel == "phone" else f"Tried by {phrase(body.channel)}"
    outcome = OUTCOMES.get(body.outcome, plain(phrase(body.outcome)))
    return f"{how} {dialled(body, names)}: {outcome}. By {names.by(event.by)}."


def _help_checked(event: Event, body: Any, names: Names) -> str:
    answer = "it has" if body.reached else "not yet"
    return f"{names.by(event.by)} asked whether help has reached them: {answer}."


def _decided(event: Event, body: Any, names: Names) -> str:
    said = DECIDED.get(body.what, "{who} decided: " + phrase(body.what)).format(who=names.by(event.by))
    return f"{said}. Policy shown to them: {policy(body.policy) or 'none'}."


def _seconded(event: Event, body: Any, names: Names) -> str:
    return f"{names.by(event.by)}, as the second person, {'agreed' if body.agrees else 'did not agree'}."


def _consent(event: Event, body: Any, names: Names) -> str:
    return f"{CONSENT.get(body.answer, phrase(body.answer))} Noted by {names.by(event.by)}."


def _shared(event: Event, body: Any, names: Names) -> str:
    whom = names.crisis_name(body.crisis_contact) if body.crisis_contact else "somebody outside"
    return f"{names.by(event.by)} told {whom}:"


def _track_set(event: Event, body: Any, names: Names) -> str:
    return f"{names.by(event.by)} {'set' if body.on else 'took off'} the track “{names.track(body.track)}”."


def _follow_up(event: Event, body: Any, names: Names) -> str:
    clocked = names.clocked
    safe = "it is safe to" if body.safe else "whether it is safe is not known"
    return (
        f"{names.by(event.by)} agreed with them to be in touch again between {clocked.moment(body.earliest)} and "
        f"{clocked.moment(body.latest)}, by {plain(phrase(body.channel))}; {safe}."
    )


def _task_set(event: Event, body: Any, names: Names) -> str:
    return f"{names.account(body.who)} should have a {plain(phrase(body.what))} before they leave."


def _task_done(event: Event, body: Any, names: Names) -> str:
    what = phrase(body.task.partition("-")[0]) or "task"
    how = _TASK_DONE.get(body.how, "closed their {what}").format(what=plain(what))
    return f"{names.account(body.task.partition('-')[2])} {how}. Noted by {names.by(event.by)}."


def _lead_asked(event: Event, body: Any, names: Names) -> str:
    return f"{names.by(event.by)} asked the lead{' to take them over' if body.take_them else ''}."


LADDER: dict[str, Saying] = {
    "not_safe": Saying("ladder", of_who("They pressed “I'm not safe right now”.")),
    "rung_set": Saying(
        "ladder",
        _rung_set,
        (
            ("Basis", "basis"),
            ("They said", "person_said"),
            ("We asked", "asked"),
            ("Wishes", "wishes"),
        ),
    ),
    "rung_withdrawn": Saying("ladder", _rung_withdrawn),
    "alerted": Saying("ladder", _alerted),
    "acknowledged": Saying("ladder", of_who("{who} answered: I have it.")),
    "lead_asked": Saying("ladder", _lead_asked, (("Why", "why"),)),
    "clock_fired": Saying("ladder", _clock_fired),
    "prompted": Saying(
        "ladder", of_who("The service asked whoever is with them to ask directly, because of their words.")
    ),
    "prompt_false": Saying("ladder", of_who("{who} said that prompt was not that.")),
    "help_checked": Saying("ladder", _help_checked, (("What they said", "words"),)),
    "help_confirmed": Saying("ladder", of_who("Help has reached them. Confirmed by {who}.")),
    "could_not_be_confirmed": Saying(
        "ladder",
        of_who("{who} signed that help could not be confirmed."),
        (("What was tried", "tried"), ("Reference", "reference")),
    ),
    "countersigned": Saying(
        "ladder", of_who("{who} signed as the second person that help could not be confirmed.")
    ),
    "track_set": Saying("ladder", _track_set, (("Why", "words"),)),
    "attempted": Saying("attempts", _attempted, (("Who, and reference", "reference"),)),
    "attempt_named": Saying(
        "attempts", of_who("{who} wrote who answered."), (("Who, and reference", "reference"),)
    ),
    "decided": Saying("decisions", _decided, (("Reason", "reason"),)),
    "seconded": Saying("decisions", _seconded, (("In their words", "words"),)),
    "consent_asked": Saying("decisions", _consent, (("Why", "why"),)),
    "shared": Saying("decisions", _shared, (("To", "whom"), ("What", "what"), ("Why", "why"))),
    "follow_up_set": Saying("plan", _follow_up, (("Agreed", "words"),)),
    "task_set": Saying("plan", _task_set),
    "task_done": Saying("plan", _task_done, (("Words", "words"),)),
}
