"""What can happen to the phrase lists: one kind of event."""

from helpline.event_shape import Body, Note
from helpline.phrase_book import PhraseChanged


class PhrasesChanged(Body, frozen=True, omit_defaults=True):
    """One step of the phrase lists, all of it or none. `what` names the step (`seeded`, `added`, `reworded` …).

    The words are the service's own and nobody's who reached out. `undoes` is the seq of the step this one turns round.
    """

    kind = "phrases_changed"
    what: str
    changes: tuple[PhraseChanged, ...]
    why: Note = None
    undoes: int = 0
    client_id: str = ""
    digest: str = ""
