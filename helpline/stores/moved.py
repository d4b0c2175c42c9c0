"""Data that was carried elsewhere, or is only half carried here, is not opened by mistake."""

from helpline.errors import HelplineError

MOVED_TO = "moved_to"
MOVING_FROM = "moving_from"
"""Names in a store's `meta`, empty or absent but around a move."""
A_BACKUP = "backup "
"""How `moving_from` begins while a backup is brought back."""


class NotHere(HelplineError):
    """The data moved away, or has not wholly arrived."""

    code = "not_here"
    status = 503


def refuse_moved(shown: str, moved_to: str, moving_from: str) -> None:
    """Raises `NotHere` with the mend, unless both are empty."""
    if moved_to:
        raise NotHere(
            f"{shown} was moved to {moved_to}, where everything is kept now. Open it with --store, or bring it back "
            f"with helpline move."
        )
    if moving_from.startswith(A_BACKUP):
        raise NotHere(
            f"{shown} is not whole: bringing back the {moving_from} did not end. Give the same helpline restore again."
        )
    if moving_from:
        raise NotHere(
            f"{shown} is not whole: the move from {moving_from} did not end. Give the same helpline move again."
        )
