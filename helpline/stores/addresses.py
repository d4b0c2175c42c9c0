"""Where a MongoDB is, as it may be written and as it may be shown."""

from urllib.parse import urlsplit

SCHEMES = ("mongodb://", "mongodb+srv://")


def shown(address: str) -> str:
    """An address fit to be printed: without the name and the password."""
    split = urlsplit(address)
    return split._replace(netloc=split.netloc.rpartition("@")[2], query="").geturl()
