"""What can happen to the directory: one kind of event."""

from helpline.directory_book import AnyChange
from helpline.event_shape import Body, Note


class DirectoryChanged(Body, frozen=True, omit_defaults=True):
    """One step of the directory, all of it or none. `what` names the step (`seeded`, `edited`, `planned`, `rang` …).

    `undoes` is the seq of the step this one turns round.
    """

    kind = "directory_changed"
    what: str
    changes: tuple[AnyChange, ...]
    why: Note = None
    undoes: int = 0
    client_id: str = ""
    digest: str = ""
