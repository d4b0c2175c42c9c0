"""Who may be on the rota and what was agreed with them, as those who plan see it and change it. Pure."""

import re
from collections.abc import Mapping
from datetime import date, time, timedelta

import msgspec

from rota.filling import Share, balance
from rota.members import Adjustments, Member, Terms
from webchat import rota_words
from webchat.rota_planning_view import ROLES
from webchat.rota_view import Looking

SOON = timedelta(days=60)
AHEAD = timedelta(weeks=4)
LONGEST_NOTE = 2_000
LONGEST_COURSE = 100
MOST_COURSES = 20
# The form's name of each, and the words.
ADJUSTMENTS = {
    "one_at_a_time": "One contact at a time",
    "no_phone": "No phone",
    "no_nights": "No nights",
    "longer_breaks": "Longer breaks",
}
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Training(msgspec.Struct, frozen=True):
    """One course. `state` is "", "soon", "over" or "never"."""

    course: str
    words: str
    state: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list, and the head of the page of one."""

    id: str
    name: str
    roles: str
    languages: str
    agreed: tuple[str, ...]
    limit: str
    training: tuple[Training, ...]
    ahead: str
    note: str


class MistakenTerms(Exception):
    """What was typed cannot be: field → what to write."""

    def __init__(self, at: Mapping[str, str]) -> None:
        super().__init__("; ".join(at.values()))
        self.at = dict(at)


def people_page(looking: Looking) -> tuple[Person, ...]:
    """Everybody with a role a rota has, by name."""
    shown = (one for one in looking.members.values() if set(one.roles) & set(ROLES))
    return tuple(one_person(looking, member) for member in sorted(shown, key=lambda one: one.name.casefold()))


def one_person(looking: Looking, member: Member) -> Person:
    plan = looking.plan
    share = balance(plan.rota, (member.id,), plan.now, plan.now + AHEAD, plan.zone)[0]
    own = member.terms.weekly_hours
    limit = own if own is not None else plan.agreement.limits.weekly_hours
    return Person(
        id=member.id,
        name=member.name,
        roles=", ".join(rota_words.role(role) for role in ROLES if role in member.roles),
        languages=rota_words.languages(member.languages) or "No language set",
        agreed=agreed_words(member.terms.adjustments),
        limit=f"at most {rota_words.length(limit)} a week{' (their own limit)' if own is not None else ''}",
        training=trainings(looking, member),
        ahead=_ahead(share),
        note=member.terms.note,
    )


def _ahead(share: Share) -> str:
    """ "54 h, 12 h on call"; empty for nothing. Standby is no working time, but it is not nothing either."""
    parts = [rota_words.length(share.hours)] if share.hours else []
    parts += [f"{rota_words.length(share.on_call_hours)} on call"] if share.on_call_hours else []
    return ", ".join(parts)


def agreed_words(adjustments: Adjustments) -> tuple[str, ...]:
    """ "Not before 19:00", "No nights"."""
    first = (f"Not before {adjustments.not_before:%H:%M}",) if adjustments.not_before is not None else ()
    return (*first, *(words for name, words in ADJUSTMENTS.items() if getattr(adjustments, name)))


def trainings(looking: Looking, member: Member) -> tuple[Training, ...]:
    """Every course asked for or done, with its last day; what is over or never done first."""
    trained = member.terms.trained
    names = dict.fromkeys((*looking.plan.agreement.limits.courses, *sorted(trained)))
    found = [_training(looking, name, trained.get(name)) for name in names]
    return tuple(sorted(found, key=lambda one: ("never", "over", "soon", "").index(one.state)))


def _training(looking: Looking, course: str, until: date | None) -> Training:
    if until is None:
        return Training(course, "not done", "never")
    day = f"{until.day} {until:%B %Y}"
    if until < looking.today:
        return Training(course, f"ended {day}", "over")
    return Training(course, f"until {day}", "soon" if until - looking.today <= SOON else "")


# -- the form ------------------------------------------------------------------------------------------------------


def typed_terms(terms: Terms, courses: tuple[str, ...]) -> dict[str, str]:
    """The form of what is agreed, filled as it is now, with a row left for another course."""
    agreed = terms.adjustments
    typed = {
        "not_before": f"{agreed.not_before:%H:%M}" if agreed.not_before is not None else "",
        "weekly_hours": f"{terms.weekly_hours:g}" if terms.weekly_hours is not None else "",
        "note": terms.note,
    }
    typed |= {name: "1" for name in ADJUSTMENTS if getattr(agreed, name)}
    names = list(dict.fromkeys((*courses, *sorted(terms.trained))))
    for place, course in enumerate((*names, "")):
        typed[f"course.{place}"] = course
        typed[f"until.{place}"] = terms.trained[course].isoformat() if course in terms.trained else ""
    return typed


def read_terms(fields: Mapping[str, str]) -> Terms:
    """What was typed as terms. Raises `MistakenTerms` with every mistake at its field."""
    wrong: dict[str, str] = {}
    not_before = fields.get("not_before", "").strip()
    if not_before and not _CLOCK.fullmatch(not_before):
        wrong["not_before"] = "Please write a time such as 19:00, or leave it empty."
    hours = _hours(fields.get("weekly_hours", "").strip(), wrong)
    trained = _trained(fields, wrong)
    note = fields.get("note", "").strip()
    if len(note) > LONGEST_NOTE:
        wrong["note"] = f"Please write no more than {LONGEST_NOTE} characters."
    if wrong:
        raise MistakenTerms(wrong)
    return Terms(
        adjustments=Adjustments(
            not_before=time.fromisoformat(not_before) if not_before else None,
            **{name: bool(fields.get(name)) for name in ADJUSTMENTS},
        ),
        weekly_hours=hours,
        trained=trained,
        note=note,
    )


def _hours(text: str, wrong: dict[str, str]) -> float | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,3}([.,]\d{1,2})?", text, re.ASCII) or float(text.replace(",", ".")) > 168:
        wrong["weekly_hours"] = "Please write hours a week, such as 8, or leave it empty."
        return None
    return float(text.replace(",", "."))


def _trained(fields: Mapping[str, str], wrong: dict[str, str]) -> dict[str, date]:
    """Courses with a date. Without one a course counts as not done."""
    trained: dict[str, date] = {}
    for place in range(MOST_COURSES):
        course, until = (fields.get(f"{name}.{place}", "").strip() for name in ("course", "until"))
        if not until:
            continue
        if not course or len(course) > LONGEST_COURSE:
            wrong[f"course.{place}"] = "Please say which course."
            continue
        try:
            trained[course] = date.fromisoformat(until)
        except ValueError:
            wrong[f"until.{place}"] = "Please write a day such as 2027-11-27."
    return trained
