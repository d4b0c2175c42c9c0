"""What phrases in somebody's words lead to: a question put to the supporter, and the supporter's "not that"."""

from helpline.event_shape import Body, Words


class Prompted(Body, frozen=True, omit_defaults=True):
    """The service found a phrase in the person's words and asks whoever is with them to ask directly.

    It is no rung, no score and nothing the person may know of. `of` is the seq of the words as they were said first,
    `begins` and `ends` where in the newest of them the phrase stands. `phrase_id` goes when the words go.
    """

    kind = "prompted"
    of: int
    lang: str
    begins: int
    ends: int
    phrase_id: Words = None


class PromptFalse(Body, frozen=True, omit_defaults=True):
    """Somebody who is with them says that prompt `of` was not that."""

    kind = "prompt_false"
    of: int
    client_id: str = ""
    digest: str = ""
