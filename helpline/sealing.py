"""Events in, sealed bytes out, and back.

A record's body is one AES-GCM box under the log's `frame` key. Inside, each event is structure plus one smaller box
for each retention class that anything it holds belongs to, under that class's own key. Destroying the key of a class
leaves the structure, the numbering and every other class readable.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.errors import KeyMissing
from helpline.events import KINDS, RETENTION_CLASSES, Body, By, Event, Unknown
from helpline.ports import Record

FRAME = "frame"
CLASSES: tuple[str, ...] = (FRAME, *RETENTION_CLASSES)
_FORMAT = b"\x01"
_NONCE = 12

Ciphers = Mapping[str, AESGCM]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Unreadable(Exception):
    """A record does not open: the wrong key, the wrong place, or bytes that were changed."""


class _Layout:
    """Which fields of a kind are structure and which are sealed, by class."""

    def __init__(self, body: type[Body]) -> None:
        hints = get_type_hints(body, include_extras=True)
        self.names: frozenset[str] = frozenset(body.__struct_fields__)
        sealed: dict[str, list[str]] = {}
        plain: list[str] = []
        for name in body.__struct_fields__:
            retention = _retention_class(hints[name])
            if retention:
                sealed.setdefault(retention, []).append(name)
            else:
                plain.append(name)
        self.plain = tuple(plain)
        self.sealed = {retention: tuple(names) for retention, names in sealed.items()}
        self.defaults = {
            field.name: field.default for field in msgspec.structs.fields(body) if field.name in self.plain
        }


def _retention_class(hint: Any) -> str | None:
    if get_origin(hint) is not Annotated:
        return None
    for meta in get_args(hint)[1:]:
        if isinstance(meta, msgspec.Meta) and meta.title in RETENTION_CLASSES:
            return meta.title
    return None


LAYOUTS: dict[str, _Layout] = {kind: _Layout(body) for kind, body in KINDS.items()}

# (kind, version) -> how its fields become those of version + 1. Empty until a kind changes.
UPCASTS: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}


def ciphers(keys: Mapping[str, bytes]) -> dict[str, AESGCM]:
    """One cipher for each key that is still held."""
    return {retention: AESGCM(key) for retention, key in keys.items()}


def _place(log: str, seq: int, kind: str, retention: str) -> bytes:
    return f"{log}|{seq}|{kind}|{retention}".encode()


def _seal(cipher: AESGCM, plain: bytes, place: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, place)


def _open(cipher: AESGCM, box: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(box[:_NONCE], box[_NONCE:], place)
    except InvalidTag as wrong:
        raise Unreadable(place.decode()) from wrong


def seal_events(log: str, events: Iterable[Event], keys: Ciphers) -> bytes:
    """The body of one record. Raises `KeyMissing` when a class that is needed has no key."""
    rows = []
    first = 0
    for event in events:
        first = first or event.seq
        rows.append(_row(log, event, keys))
    return _FORMAT + _seal(_key(keys, FRAME), _encode(rows), _place(log, first, "record", FRAME))


def _row(log: str, event: Event, keys: Ciphers) -> tuple[Any, ...]:
    body, by = event.body, event.by
    if isinstance(body, Unknown):
        return (body.name, event.v, event.at, (by.role, by.id, by.name), event.via, dict(body.fields), {})
    layout = LAYOUTS[body.kind]
    defaults = layout.defaults
    fields = {name: value for name in layout.plain if (value := getattr(body, name)) != defaults[name]}
    if event.extra:
        fields |= event.extra
    parts = {}
    for retention, names in layout.sealed.items():
        held = {name: value for name in names if (value := getattr(body, name)) is not None}
        if held:
            place = _place(log, event.seq, body.kind, retention)
            parts[retention] = _seal(_key(keys, retention), _encode(held), place)
    return (body.kind, event.v, event.at, (by.role, by.id, by.name), event.via, fields, parts)


def _key(keys: Ciphers, retention: str) -> AESGCM:
    try:
        return keys[retention]
    except KeyError:
        raise KeyMissing(f"The key for {retention} of this contact was destroyed.") from None


def open_record(record: Record, keys: Ciphers) -> list[Event]:
    """The events of a record. Parts whose key is gone read as None; a body that does not open is `Unreadable`."""
    if record.body[:1] != _FORMAT:
        raise Unreadable(f"{record.log}|{record.first_seq}: written by a newer version")
    frame = keys.get(FRAME)
    if frame is None:
        return []
    rows = _decode(_open(frame, record.body[1:], _place(record.log, record.first_seq, "record", FRAME)))
    return [_event(record.log, record.first_seq + n, row, keys) for n, row in enumerate(rows)]


def _event(log: str, seq: int, row: list[Any], keys: Ciphers) -> Event:
    kind, v, at, by, via, fields, parts = row[:7]
    for retention, box in parts.items():
        cipher = keys.get(retention)
        if cipher is not None:
            fields |= _decode(_open(cipher, box, _place(log, seq, kind, retention)))
    who = By(by[0], by[1], by[2])
    body_type = KINDS.get(kind)
    if body_type is None:
        return Event(seq=seq, at=at, by=who, body=Unknown(kind, fields), via=via, v=v)
    while (step := UPCASTS.get((kind, v))) is not None:
        fields, v = step(fields), v + 1
    names = LAYOUTS[kind].names
    extra = {name: fields.pop(name) for name in tuple(fields) if name not in names}
    body = msgspec.convert(fields, body_type)
    return Event(seq=seq, at=at, by=who, body=body, via=via, v=v, extra=extra)


def seal_document(kind: str, id: str, version: int, plain: bytes, key: AESGCM) -> bytes:
    """A document's body, bound to its kind, id and version."""
    return _FORMAT + _seal(key, plain, _place(f"{kind}/{id}", version, "document", kind))


def open_document(kind: str, id: str, version: int, body: bytes, key: AESGCM) -> bytes:
    """The plain bytes of a document; `Unreadable` when it was moved or changed."""
    return _open(key, body[1:], _place(f"{kind}/{id}", version, "document", kind))
