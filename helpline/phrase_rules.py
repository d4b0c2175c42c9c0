"""What may be a phrase: short, made of words, and not something that stands in almost everything people write."""

import langcodes
from langcodes.tag_parser import LanguageTagError

from helpline.definition import Definition
from helpline.errors import BadRequest
from helpline.urgency import LONGEST, LONGEST_TEXT, PhraseBook, objection_to

# With fewer sentences of our own in a language, a share of them says nothing.
ENOUGH_SENTENCES = 20
ONE_IN = 10


def checked_language(tag: str) -> str:
    """A language's tag as BCP 47 writes it; `BadRequest` for what is none."""
    try:
        known = langcodes.Language.get(tag.strip())
    except LanguageTagError:
        known = None
    if known is None or not known.is_valid() or len(tag) > 35:
        raise BadRequest(f"“{tag[:40]}” is no language tag. Write one such as en, pl or ur.")
    return known.to_tag()


def checked_phrase(text: str) -> str:
    """A phrase on one line, without spaces around it; `BadRequest` says what is wrong with it and what to do."""
    text = " ".join(text.split())
    if len(text) > LONGEST_TEXT:
        raise BadRequest(f"A phrase is at most {LONGEST_TEXT} letters and {LONGEST} words. Write less of it.")
    if found := objection_to(text):
        what, mend = found
        raise BadRequest(f"“{text[:40]}” {what}: {mend}.")
    return text


def stands_everywhere(definition: Definition, lang: str, text: str) -> str:
    """Why a phrase would be found in almost everything, measured on what the service says itself; empty if not.

    A list of such phrases would put everybody first, and so nobody.
    """
    sentences = [texts[lang] for texts in definition.messages.values() if lang in texts]
    if len(sentences) < ENOUGH_SENTENCES:
        return ""
    book = PhraseBook({lang: (text,)})
    found = sum(book.find(sentence, lang) is not None for sentence in sentences)
    if found * ONE_IN <= len(sentences):
        return ""
    return (
        f"“{text[:40]}” stands in {found} of the {len(sentences)} sentences this service says itself, so it would be "
        "found in almost everything. Write the words around it too."
    )
