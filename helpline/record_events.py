"""What is done to the record itself. Nothing in it is edited: a correction is one more event."""

from helpline.event_shape import Body, Safety


class RecordCorrected(Body, frozen=True, omit_defaults=True):
    """Somebody of ours put right what the record says at seq `of`. What stood there first stays, struck through."""

    kind = "record_corrected"
    of: int
    words: Safety = None
    client_id: str = ""
    digest: str = ""
