"""What is wrong with the configuration, said so that somebody can put it right."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from multibot.config.secret import Secret
from multibot.config.source import Refusal

Severity = Literal["error", "warning"]
Place = tuple[str | int, ...]

# The shape of a Discord token, wherever it turns up.
_TOKEN_SHAPE = re.compile(r"[\w-]{20,}\.[\w-]{5,}\.[\w-]{25,}")
_WORD = re.compile(r"[A-Za-z_][\w-]{0,39}", re.ASCII)
_HIDDEN = "(hidden)"
_SHORTEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing to change. A warning stops nothing."""

    message: str
    remedy: str = ""
    file: str | None = None
    line: int | None = None
    path: str | None = None
    bot: str | None = None
    variable: str | None = None
    nearest: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (where, self.sentence) if part)

    @property
    def sentence(self) -> str:
        """Everything but the file and line: what is wrong at which key, and what to do."""
        parts = (self.path, f"{self.message} {self.remedy}".strip())
        return ": ".join(part for part in parts if part)

    def as_dict(self) -> dict[str, str | int | None]:
        """Give the fields, for JSON."""
        return {
            "severity": self.severity,
            "message": self.message,
            "remedy": self.remedy,
            "file": self.file,
            "line": self.line,
            "path": self.path,
            "bot": self.bot,
            "variable": self.variable,
            "nearest": self.nearest,
        }


def dotted(place: Place) -> str:
    """Write a place the way people point at it: `bots[0].channels[1]`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{shown(step)}" if text else shown(step)
    return text


def shown(key: str) -> str:
    """Write a key, unless it looks like anything but a key."""
    return key if _WORD.fullmatch(key) else _HIDDEN


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Find the known word that somebody most likely meant."""
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=likeness)
    return by_lower[close[0]] if close else None


def looks_like_token(text: str) -> bool:
    """Say whether something in it has the shape of a Discord token."""
    return _TOKEN_SHAPE.search(text) is not None


def without_tokens(text: str) -> str:
    """Take out whatever has the shape of a Discord token."""
    return _TOKEN_SHAPE.sub(_HIDDEN, text)


def redact(fault: Fault, secrets: Iterable[Secret]) -> Fault:
    """Take every secret out of a fault, the last line of defence."""
    hide = sorted({each.reveal() for each in secrets}, key=len, reverse=True)

    def clean(text: str | None) -> str | None:
        if not text:
            return text
        for secret in hide:
            # Shorter ones are parts of ordinary words, and no tokens.
            if len(secret) >= _SHORTEST:
                text = text.replace(secret, _HIDDEN)
        return without_tokens(text)

    return replace(
        fault,
        message=clean(fault.message) or "",
        remedy=clean(fault.remedy) or "",
        file=clean(fault.file),
        path=clean(fault.path),
        bot=clean(fault.bot),
        variable=clean(fault.variable),
        nearest=clean(fault.nearest),
    )


@dataclass(slots=True, kw_only=True)
class Findings:
    """Collects the faults of one file; `base` is where in it we are looking."""

    file: str
    lines: Mapping[Place, int] = field(default_factory=dict)
    base: Place = ()
    bot: str | None = None
    faults: list[Fault] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)

    def within(self, base: Place, bot: str | None = None) -> "Findings":
        """Look deeper into the same file, with a list of its own."""
        deeper = self.base + base
        return Findings(file=self.file, lines=self.lines, base=deeper, bot=bot or self.bot)

    def error(
        self,
        place: Place,
        message: str,
        remedy: str = "",
        *,
        variable: str | None = None,
        near: str | None = None,
    ) -> None:
        """Note something that must be changed."""
        self._note("error", place, message, remedy, (variable, near))

    def warning(
        self, place: Place, message: str, remedy: str = "", *, near: str | None = None
    ) -> None:
        """Note something that somebody should know."""
        self._note("warning", place, message, remedy, (None, near))

    def refuse(self, refusal: Refusal) -> None:
        """Note why the file as a whole cannot be used."""
        self.faults.append(
            Fault(
                message=refusal.message,
                remedy=refusal.remedy,
                file=self.file,
                line=refusal.line,
                bot=self.bot,
            )
        )

    def _note(
        self,
        severity: Severity,
        place: Place,
        message: str,
        remedy: str,
        extra: tuple[str | None, str | None],
    ) -> None:
        full = self.base + place
        self.faults.append(
            Fault(
                message=message,
                remedy=remedy,
                file=self.file,
                line=self._line(full),
                path=dotted(full) or None,
                bot=self.bot,
                variable=extra[0],
                nearest=extra[1],
                severity=severity,
            )
        )

    def _line(self, place: Place) -> int | None:
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None

    @property
    def failed(self) -> bool:
        """Whether anything must be changed."""
        return any(fault.severity == "error" for fault in self.faults)


def errors(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Keep what must be changed."""
    return tuple(fault for fault in faults if fault.severity == "error")
