"""A plan as the person and staff see it, the same on both sides: nothing of it is hidden from whose it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from helpline.plan import Plan, Writing

Json = dict[str, Any]


def shown(plan: Plan, words: Mapping[str, tuple[Writing, ...]], now: datetime) -> Json:
    """`plan` of docs/protocol.md. No account and no name: whoever wrote is `person` or `supporter`."""
    return {
        "plan": plan.log,
        "seq": plan.seq,
        "sort": plan.sort,
        "language": plan.language,
        "wanted": plan.wanted,
        "until": plan.until,
        "review_due": plan.until is not None and plan.until <= now,
        "code": plan.code_at > 0,
        "returned": len(plan.contacts) > 1,
        "forgotten": bool(plan.forgotten) or plan.wanted == "forget",
        "lines": [
            {
                "line": one.line,
                "part": one.part,
                "writings": [msgspec.structs.asdict(writing) for writing in words.get(one.line, ())],
            }
            for one in plan.lines
        ],
    }
