"""Which role may do what, as one table. Every page, and every call of every socket, has its row here.

What a role may do to *which* contact (a supporter only to their own) is the command's own question; this table says
who may ask at all. Least access: a row names those who need it, and nobody else.
"""

from collections.abc import Iterable
from typing import Literal

from helpline.errors import NotAllowed
from helpline.shape import Role

Place = Literal["desk", "board", "page"]
Roles = frozenset[Role]

LEADS: Roles = frozenset({"lead", "on_call", "second_on_call", "supervisor"})
ANSWERERS: Roles = LEADS | {"supporter"}
WATCHERS: Roles = LEADS | {"manager"}
EDITORS: Roles = frozenset({"lead", "supervisor", "manager"})

PHRASE_KEEPERS: Roles = frozenset({"supervisor", "manager"})

# Whoever may press on the ladder at all may press all of it.
ON_THE_LADDER = (
    "name_attempt",
    "confirm_help",
    "cannot_confirm",
    "countersign",
    "decide",
    "consent",
    "share",
    "track",
    "follow_up",
    "task_done",
    "prompt_false",
)

# A plan is written by whoever is with the person.
ON_A_PLAN = (
    "plan",
    "plan_begin",
    "plan_write",
    "plan_take_out",
    "plan_keep",
    "plan_review",
    "plan_followed",
)

# Whoever is with somebody who asked for it rings them, by hand or by the phone line.
ON_A_CALL = ("call", "call_number", "call_ring", "call_agreed", "call_made", "own_number")

MAY: dict[Place, dict[str, Roles]] = {
    "desk": {
        "connect": ANSWERERS,
        "check_in": ANSWERERS,
        "ready": ANSWERERS,
        "away": ANSWERERS,
        "handover": ANSWERERS,
        "check_out": ANSWERERS,
        "accept": ANSWERERS,
        "decline": ANSWERERS,
        "resume": ANSWERERS,
        "say": ANSWERERS,
        "typing": ANSWERERS,
        "seen": ANSWERERS,
        "correct": ANSWERERS,
        "withdraw": ANSWERERS,
        "note": ANSWERERS,
        "rung": ANSWERERS,
        "rung_withdraw": ANSWERERS,
        "attempt": ANSWERERS,
        "panel": ANSWERERS,
        "ask_lead": ANSWERERS,
        "stop_now": ANSWERERS,
        "transfer": ANSWERERS,
        "colleagues": ANSWERERS,
        "step_out": ANSWERERS,
        "release": ANSWERERS,
        "close": ANSWERERS,
        "wrap_up": ANSWERERS,
        **dict.fromkeys(ON_A_PLAN, ANSWERERS),
        **dict.fromkeys(ON_A_CALL, ANSWERERS),
        **dict.fromkeys(ON_THE_LADDER, ANSWERERS),
    },
    "board": {
        "connect": WATCHERS,
        "acknowledge": LEADS,
        "watch": LEADS,
        "unwatch": LEADS,
        "join": LEADS,
        "take_over": LEADS,
        "back_to_queue": LEADS,
        "let_on": WATCHERS,
        "attempt": LEADS,
        "rung": LEADS,
        "rung_withdraw": LEADS,
        "panel": LEADS,
        "reveal": LEADS,
        **dict.fromkeys(ON_THE_LADDER, LEADS),
    },
    "page": {
        "desk": ANSWERERS,
        "board": WATCHERS,
        "hours": EDITORS,
        "directory": ANSWERERS | {"manager"},
        "directory_edit": EDITORS,
        "record": ANSWERERS,
        "phrases": PHRASE_KEEPERS,
        "rota": ANSWERERS | {"manager", "interpreter"},
        "rota_plan": WATCHERS,
    },
}


def may(roles: Iterable[Role], place: Place, action: str) -> bool:
    """True when one of `roles` may do `action` at `place`. What has no row nobody may do."""
    return not MAY[place].get(action, frozenset()).isdisjoint(roles)


def require(roles: Iterable[Role], place: Place, action: str) -> None:
    """`NotAllowed` unless one of `roles` may do it."""
    if not may(roles, place, action):
        raise NotAllowed
