"""A value that does not print itself."""

import hashlib
import hmac
from typing import NoReturn, final


@final
class Secret:
    """Text that only `reveal` gives out: log, repr, format, pickle and JSON get nothing of it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give out the text; call this where it is used and nowhere else."""
        return self._text

    def fingerprint(self) -> str:
        """Name the secret without telling it: the first 8 hex digits of its SHA-256."""
        return hashlib.sha256(self._text.encode()).hexdigest()[:8]

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")
