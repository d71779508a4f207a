"""A small home with files that are in order, and ways to spoil them."""

import copy
from pathlib import Path

import yaml

from multibot.config.fault import Fault
from multibot.config.fleet import Bot
from multibot.config.load import Report, check, load
from multibot.home import Home

TOKENS = {
    "DISCORD_TOKEN_SAGE": "sandbox-token-one",
    "DISCORD_TOKEN_SPARK": "sandbox-token-two",
}

# Nobody's, but of the shape that output must never show.
TOKEN_SHAPED = "sandbox-" * 3 + ".sample." + "sandbox-" * 4

FLEET: dict[str, object] = {
    "bots": [
        {
            "name": "sage",
            "config_file": "sage.yaml",
            "discord_token": "${DISCORD_TOKEN_SAGE}",
            "channels": ["philosophy", "advice-*"],
        },
        {
            "name": "spark",
            "config_file": "spark.md",
            "discord_token": "${DISCORD_TOKEN_SPARK}",
            "channels": ["creative"],
        },
    ]
}

SAGE: dict[str, object] = {"bot": {"name": "sage"}, "system_prompt": "You are Sage."}
SPARK = "---\npersona:\n  name: Spark\n---\nYou are Spark.\n"

Change = tuple[tuple[str | int, ...], object]
REMOVE = object()


def changed(data: dict[str, object], *changes: Change) -> dict[str, object]:
    """Copy the data with each change made: a place, and what stands there now."""
    result = copy.deepcopy(data)
    for place, value in changes:
        spot: object = result
        for step in place[:-1]:
            if isinstance(spot, dict):
                spot = spot.setdefault(step, {})
            elif isinstance(spot, list):
                spot = spot[int(step)]
        if isinstance(spot, dict) and value is REMOVE:
            del spot[place[-1]]
        elif isinstance(spot, dict):
            spot[place[-1]] = value
        elif isinstance(spot, list):
            spot[int(place[-1])] = value
    return result


def write(
    home: Home, fleet: object = FLEET, *, sage: object = SAGE, spark: str | bytes = SPARK
) -> None:
    """Write a home; text and bytes are written as they are, anything else as YAML."""
    folder = home.root / "bots"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("multi_bot.yaml", fleet), ("sage.yaml", sage), ("spark.md", spark)):
        _write(folder / name, content)


def _write(path: Path, content: object) -> None:
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    else:
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def examine(home: Home, *changes: Change, environment: dict[str, str] | None = None) -> Report:
    """Check the sample fleet with these changes made to its fleet file."""
    write(home, changed(FLEET, *changes))
    return check(home, TOKENS if environment is None else environment)


def only(report: Report) -> Fault:
    """Return the one fault of a report."""
    assert len(report.faults) == 1, [str(fault) for fault in report.faults]
    return report.faults[0]


def sage(home: Home, *changes: Change, file: dict[str, object] | None = None, **env: str) -> Bot:
    """Load the sample fleet with changes to its fleet file, sage's file and the environment."""
    write(home, changed(FLEET, *changes), sage=changed(SAGE) | (file or {}))
    return load(home, TOKENS | env).bot("sage")
