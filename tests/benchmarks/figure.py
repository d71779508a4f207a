"""What a benchmark gives: figures, each beside the bare library's figure from the same run."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.process.fleet import chat_lines

SAMPLE = Path(__file__).parents[1] / "data" / "chat_sample.jsonl"
HEADINGS = ("what", "multibot", "bare", "ratio", "bare is", "target")
PER_SECOND = "/s"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value; `bare` is the same work done with the library alone, in the same unit."""

    what: str
    value: float
    unit: str
    bare: float | None = None
    bare_is: str = ""
    target: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the bare library's time this takes."""
        if not self.bare:
            return None
        return self.bare / self.value if self.unit == PER_SECOND else self.value / self.bare

    def as_dict(self) -> dict[str, object]:
        """Return it with its ratio, for `--json`."""
        return {**asdict(self), "ratio": self.ratio}

    def cells(self) -> tuple[str, ...]:
        """Return it as one row under HEADINGS."""
        return (
            self.what,
            _shown(self.value, self.unit),
            _shown(self.bare, self.unit),
            "-" if self.ratio is None else f"{self.ratio:.2f}",
            self.bare_is or "-",
            self.target or "-",
        )


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to measure: a share of the full counts, and the chat whose words are used."""

    share: float = 1.0
    chat: Path = SAMPLE

    def count(self, full: int, least: int = 2) -> int:
        """Return how often to do something."""
        return max(least, round(full * self.share))

    def texts(self) -> list[str]:
        """Return what people wrote in the chat."""
        return [content for _, content in chat_lines(self.chat, 20_000) if content.strip()]


Benchmark = Callable[[Effort], list[Figure]]


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(
    what: str,
    ours: Sequence[float],
    bare: Sequence[float],
    *,
    unit: str,
    bare_is: str,
    targets: tuple[str, str] = ("", ""),
) -> list[Figure]:
    """Give the median and the 99th percentile of two series."""
    return [
        Figure(f"{what}, {name}", percentile(ours, at), unit, percentile(bare, at), bare_is, target)
        for name, at, target in (("p50", 0.5, targets[0]), ("p99", 0.99, targets[1]))
    ]


def table(figures: Sequence[Figure]) -> str:
    """Write figures as a Markdown table that is straight in a terminal too."""
    rows = [HEADINGS, *(figure.cells() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
