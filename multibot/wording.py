"""Numbers of things in words, so that one of them is never several."""


def counted(number: int, thing: str, things: str = "") -> str:
    """Write so many of a thing; `things` is its plural where that is not `thing` and an s."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def are(number: int) -> str:
    """Say that so many things are."""
    return "is" if number == 1 else "are"


def were(number: int) -> str:
    """Say that so many things were."""
    return "was" if number == 1 else "were"
