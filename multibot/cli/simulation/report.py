"""The figures of a simulation as a table: a line per figure, a column per guild."""

from collections.abc import Mapping, Sequence
from typing import Any

from multibot.cli.overview import NONE
from multibot.cli.tables import aligned

# More guilds than this are shown by their sum alone.
COLUMNS = 6
SUMS = (
    ("messages of people", "people"),
    ("messages of bots", "bots"),
    ("  answers to people", "answers_to_people"),
    ("  answers to bots", "answers_to_bots"),
    ("  openers of conversations", "openers"),
    ("  posts", "posts"),
    ("chains", "chains"),
    ("  of two messages or more", "chains_of_two_or_more"),
    ("cooldowns", "cooldowns"),
)
LARGEST = (
    ("longest chain", "longest_chain"),
    ("longest run of bots' messages", "longest_run"),
)
RATES = (("messages of bots an hour", "bots_per_hour"), ("chains a day", "chains_per_day"))
GROUPS = (
    ("how chains ended", "chain_ends"),
    ("rounds of activity", "rounds"),
    ("what a look at a guild found", "looks"),
    ("bots not answered", "silences"),
)

Figures = Mapping[str, Any]


def total(guilds: Sequence[Figures]) -> dict[str, object]:
    """Add the guilds up; of what is longest, the longest."""
    people, spoken = (sum(each[key] for each in guilds) for key in ("people", "bots"))
    found: dict[str, object] = {key: sum(each[key] for each in guilds) for _, key in SUMS}
    found |= {key: max(each[key] for each in guilds) for _, key in LARGEST}
    found |= {key: round(sum(each[key] for each in guilds), 2) for _, key in RATES}
    found["bots_share"] = round(spoken / (people + spoken), 4) if people + spoken else 0.0
    for _, group in GROUPS:
        names = sorted({name for each in guilds for name in each[group]})
        found[group] = {name: sum(each[group].get(name, 0) for each in guilds) for name in names}
    return found


def table(guilds: Sequence[Figures]) -> str:
    """Write the figures for people."""
    shown = list(guilds) if len(guilds) <= COLUMNS else []
    titles = [each["guild"] for each in shown]
    everything = total(guilds)
    columns: list[Figures] = [*shown, everything] if len(guilds) != 1 else shown
    if len(guilds) != 1:
        titles.append(f"all {len(guilds)}")
    rows = [["", *titles], *(_row(label, key, columns) for label, key in (*SUMS, *LARGEST))]
    rows += [_row(label, key, columns) for label, key in RATES]
    rows.append(["bots' share of all messages", *(f"{each['bots_share']:.1%}" for each in columns)])
    for title, group in GROUPS:
        names = list(everything[group])  # type: ignore[call-overload]  # a group is a mapping
        rows.append([title, *([""] * len(columns))])
        rows += [
            [f"  {name.replace('_', ' ')}", *(str(each[group].get(name, 0)) for each in columns)]
            for name in names
        ] or [[f"  {NONE}", *([""] * len(columns))]]
    width = max(len(row[0]) for row in rows)
    numbers = max(len(cell) for row in rows for cell in row[1:])
    right = [[row[0].ljust(width), *(cell.rjust(numbers) for cell in row[1:])] for row in rows]
    return aligned(right)


def _row(label: str, key: str, columns: Sequence[Figures]) -> list[str]:
    return [label, *(f"{each[key]:,}" for each in columns)]
