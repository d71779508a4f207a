"""`python -m tests.benchmarks [NAME...]`: measure, and print one table."""

import argparse
import compileall
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import multibot
from tests.benchmarks.catalogue import BENCHMARKS
from tests.benchmarks.figure import SAMPLE, Effort, Figure, table


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the chosen benchmarks one after the other; all of them by default."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    # Installing does the same; without it a start would be a measure of the compiler.
    compileall.compile_dir(multibot.__path__[0], quiet=1)
    effort = Effort(share=options.share, chat=options.chat)
    figures: dict[str, list[Figure]] = {}
    for name in options.names or BENCHMARKS:
        sys.stderr.write(f"measuring {name}\n")
        figures[name] = BENCHMARKS[name](effort)
    if options.json:
        found = {name: [each.as_dict() for each in group] for name, group in figures.items()}
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write(table([each for group in figures.values() for each in group]) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--share", type=float, default=1.0, help="do this share of the work, for a quick look"
    )
    parser.add_argument(
        "--chat", type=Path, default=SAMPLE, help="a .jsonl(.gz) file of chat to take texts from"
    )
    return parser


if __name__ == "__main__":
    main()
