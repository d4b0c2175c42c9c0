"""Where a MongoDB is, as it may be written and as it may be shown."""

SCHEMES = ("mongodb://", "mongodb+srv://")


def shown(address: str) -> str:
    """An address fit to be printed: without the name, the password and what follows a `?`, however they were written."""
    scheme, _, rest = address.partition("://")
    # A password that was not percent-encoded may hold any of the signs that divide an address.
    place = rest if hides_a_question_mark(address) else rest.partition("?")[0]
    return f"{scheme}://{place.rpartition('@')[2].partition('?')[0]}"


def hides_a_question_mark(address: str) -> bool:
    """Whether a `?` stands before the `@`: the driver would take the rest of a password for settings, and print it."""
    before, _, after = address.partition("?")
    return "@" in after and "@" not in before
