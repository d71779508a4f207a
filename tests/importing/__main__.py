"""Show on real chat that an import keeps everything: `python -m tests.importing --chat FILE`.

The file has a JSON object a line with `channel`, `timestamp`, `author`, `content`; it may be packed.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.migrate import migrate
from tests.importing import roundtrip, talk
from tests.importing.layouts import LAYOUTS, Line

UTC_NAME = "UTC"
ZONES = ("Asia/Tokyo", "America/Los_Angeles")


def main() -> int:
    """Do what the arguments ask for; return how many lines came back differently."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chat", type=Path, required=True)
    parser.add_argument("--layouts", nargs="*", choices=LAYOUTS, default=["F1", "F2", "F3"])
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--zones", action="store_true")
    parser.add_argument("--bots", type=int, default=0, help="so many bots write meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    lines = talk.owned(talk.cast(talk.read(asked.chat)))
    say(f"{len(lines):,} turns of {len(talk.BOTS)} bots from {asked.chat.name}")
    wrong = 0
    for name in asked.layouts:
        with tempfile.TemporaryDirectory(prefix="mb-import-") as folder:
            wrong += there_and_back(Path(folder), name, lines)
            if asked.kills:
                wrong += killed(Path(folder), name, asked.kills, asked.seed)
    if asked.bots:
        with tempfile.TemporaryDirectory(prefix="mb-import-") as folder:
            beside(Path(folder), lines, asked.bots)
    if asked.zones:
        with tempfile.TemporaryDirectory(prefix="mb-import-") as folder:
            wrong += in_zones(Path(folder), lines)
    return min(wrong, 1)


def there_and_back(folder: Path, name: str, lines: list[Line]) -> int:
    """Lay the lines out, import them twice, and compare them with what is exported."""
    expected = LAYOUTS[name](folder / "old", lines, ZoneInfo(UTC_NAME))
    before = roundtrip.fingerprint(folder / "old")
    home = made(folder, "clean")
    said, seconds = roundtrip.timed(home, *arguments(folder))
    found = roundtrip.exported(home, folder / "exported.jsonl")
    different = len(roundtrip.differences(expected, found))
    again, _ = roundtrip.timed(home, *arguments(folder))
    new = sum(each["new"] for each in again["bots"].values())
    count = sum(each["new"] for each in said["bots"].values())
    touched = roundtrip.fingerprint(folder / "old") != before
    say(
        f"{name}: {said['files']:,} files, {count:,} turns in {seconds:.1f} s"
        f" ({count / seconds:,.0f}/s), {different} lines different, second import {new} new,"
        f" skipped {said['skipped']}, source {'TOUCHED' if touched else 'untouched'}"
    )
    return different + int(new) + int(touched)


def killed(folder: Path, name: str, kills: int, seed: int) -> int:
    """Kill an import at random moments, let each go on, and compare with the one that was not."""
    clean = roundtrip.state(made(folder, "clean"))
    began = time.perf_counter()
    roundtrip.run(made(folder, "timed"), *arguments(folder))
    seconds = time.perf_counter() - began
    wrong = hit = 0
    for number, moment in enumerate(roundtrip.moments(seconds, kills, seed)):
        home = made(folder, f"killed{number}")
        hit += roundtrip.kill_at(roundtrip.command(home, *arguments(folder)), moment)
        said = roundtrip.run(home, *arguments(folder))
        is_equal = roundtrip.state(home) == clean
        wrong += not is_equal
        resumed = "continued" if said["resumed"] else "begun anew"
        say(f"  killed after {moment:5.1f} s, {resumed}: {'equal' if is_equal else 'DIFFERENT'}")
    say(f"{name}: killed {hit} of {kills} times while it worked, {wrong} end states differ")
    return wrong


def beside(folder: Path, lines: list[Line], count: int) -> None:
    """Import while bots store turns of their own; say how long these waited."""
    LAYOUTS["F3"](folder / "old", lines, ZoneInfo(UTC_NAME))
    home = made(folder, "home")
    migrate(home, SystemClock())
    for when in ("alone", "during the import"):
        bots = [roundtrip.Beside("tests.importing.beside", home, f"bot{n}") for n in range(count)]
        if when == "alone":
            bots[0].wait_for(5.0)
        else:
            roundtrip.run(home, *arguments(folder))
        for bot in bots:
            said = bot.end()
            waits = ", ".join(
                f"{name} {1000 * said[name]:.0f} ms" for name in ("p50", "p99", "max")
            )
            say(f"a bot {when}: {said['turns']:,} turns stored, {waits}")


def in_zones(folder: Path, lines: list[Line]) -> int:
    """Import what machines in several zones would have written; sessions must be the same."""
    found = []
    for zone in (UTC_NAME, *ZONES):
        place = folder / zone.replace("/", "_")
        LAYOUTS["F3"](place / "old", lines, ZoneInfo(zone))
        home = made(place, "home")
        for_machine = {"TZ": zone}
        roundtrip.run(home, "legacy", place / "old", "--source-tz", zone, environ=for_machine)
        found.append(roundtrip.sessions(home))
        different = len(set(found[0]) ^ set(found[-1]))
        say(f"TZ={zone}: {len(found[-1]):,} sessions, {different} different")
    return sum(len(set(found[0]) ^ set(each)) for each in found)


def arguments(folder: Path) -> tuple[object, ...]:
    """Say what to import."""
    return ("legacy", folder / "old", "--source-tz", UTC_NAME)


def made(folder: Path, name: str) -> Home:
    """Make a home, or find the one that is there."""
    home = Home(folder / name)
    home.fleet_file.parent.mkdir(parents=True, exist_ok=True)
    home.fleet_file.touch()
    return home


def say(text: str) -> None:
    """Tell whoever started this."""
    print(text, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
