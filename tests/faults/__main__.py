"""Run the fault suite with full counts and write what came of it into docs/reliability.md.

`python -m tests.faults [PYTEST ARGUMENTS]`; with arguments only those rows are replaced.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
BEGIN = "<!-- table: make faults -->"
END = "<!-- end of table -->"
HEAD = ["| row | fault | tried | result | figures | seed |", "|---|---|---|---|---|---|"]


def main(arguments: list[str]) -> int:
    """Run the rows, then write the table; the exit code is pytest's."""
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.jsonl"
        book.touch()
        environ = {**os.environ, "MULTIBOT_TEST_BOOK": str(book)}
        try:
            return subprocess.run(
                [sys.executable, "-m", "pytest", "tests/faults", "-p", "no:randomly", *arguments],
                cwd=ROOT,
                env=environ,
                check=False,
            ).returncode
        finally:
            # An hour's work is kept also when somebody loses patience.
            write([json.loads(line) for line in book.read_text(encoding="utf-8").splitlines()])


def write(entries: list[dict[str, Any]]) -> None:
    """Put these rows in place of older ones of the same number."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    rows = {_key(line): line for line in table.splitlines() if line.startswith("| ")}
    rows = {key: line for key, line in rows.items() if key[0] > 0}
    rows.update({(entry["row"], entry["fault"]): _line(entry) for entry in entries})
    lines = [BEGIN, "", *HEAD, *(line for _, line in sorted(rows.items())), "", END]
    PAGE.write_text(before + "\n".join(lines) + after, encoding="utf-8")


def _key(line: str) -> tuple[int, str]:
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    return (int(cells[0]) if cells[0].isdigit() else 0, cells[1])


def _line(entry: dict[str, Any]) -> str:
    figures = ", ".join(f"{name} {value}" for name, value in entry["figures"].items())
    seed = "" if entry["seed"] is None else entry["seed"]
    tried = f"{entry['count']} {entry['unit']}"
    return (
        f"| {entry['row']} | {entry['fault']} | {tried} | {entry['result']} | {figures} | {seed} |"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
