"""What the events about a plan change in a contact: only that it stands open there."""

from typing import TYPE_CHECKING, Any

from helpline.events import Event
from helpline.plan_events import PlanOpened

if TYPE_CHECKING:
    from helpline.contact import Contact


def _opened(c: "Contact", event: Event, body: PlanOpened, to: dict[str, Any]) -> None:
    to["plans"] = tuple(dict.fromkeys((*c.plans, body.plan)))


PLANS: dict[type[Any], Any] = {PlanOpened: _opened}
