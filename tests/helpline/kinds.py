"""One telling example of every kind of event: every field set, nothing left at its default."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from helpline.events import KINDS, Body, By, Clock, Event

AT = datetime(2026, 1, 14, 20, 15, 30, 123456, tzinfo=UTC)
WORDS = {"words": "I said this", "note": "noted this", "safety": "said tonight", "reach": "+441632960199"}


def body_of(kind: str) -> Body:
    """An example of a kind, every field of it away from its default."""
    body = KINDS[kind]
    return body(**{field.name: _value(field) for field in msgspec.structs.fields(body)})


def event_of(kind: str, seq: int = 1) -> Event:
    body = body_of(kind)
    return Event(seq=seq, at=AT, by=By("supporter", "ania", "Ania"), body=body, via="sms", v=body.v)


def _value(field: msgspec.structs.FieldInfo) -> Any:
    info = msgspec.inspect.type_info(field.type)
    retention = ""
    if isinstance(info, msgspec.inspect.Metadata):
        # Each class has words of its own, so that one in the place of another would show.
        retention, info = (info.extra_json_schema or {}).get("title", ""), info.type
    word = WORDS.get(retention, f"a {field.name}")
    options = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    for option in options:
        match option:
            case msgspec.inspect.DictType():
                return {"one": word, "two": word + " too"}
            case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.StructType()):
                return (Clock("review", field.name, AT),)
            case msgspec.inspect.VarTupleType():
                return (word, word + " too")
            case msgspec.inspect.BoolType():
                return field.default is not True
            case msgspec.inspect.IntType():
                return 3
            case msgspec.inspect.DateTimeType():
                return AT
            case msgspec.inspect.LiteralType():
                return option.values[-1]
            case msgspec.inspect.StrType():
                return word
    raise AssertionError(f"no example for {field}")
