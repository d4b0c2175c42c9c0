"""Fields that a later version wrote into a document. This one cannot read them, and does not lose them either.

While nodes are brought to a new version one by one, both write to the same people, sessions and settings.
"""

from typing import Any

import msgspec

Fields = dict[str, Any]


def unknown_in(plain: bytes, shape: type[Any]) -> Fields:
    """What stands in a document beside the fields of `shape`."""
    known = {field.encode_name for field in msgspec.structs.fields(shape)}
    return {name: value for name, value in msgspec.json.decode(plain).items() if name not in known}


def written(thing: Any, unknown: Fields) -> bytes:
    """The document again, with what stood beside."""
    if not unknown:
        return msgspec.json.encode(thing)
    return msgspec.json.encode({**unknown, **msgspec.to_builtins(thing, builtin_types=(bytes,))})
