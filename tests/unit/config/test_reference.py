"""docs/configuration.md names what there is, and the shipped fleet is in order."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import BaseModel

from multibot.config import old_keys
from multibot.config.load import check
from multibot.config.schema import BotFile, FleetFile, ScriptedPart
from multibot.config.settings import PREFIX, Settings
from multibot.config.validation import keys
from multibot.home import Home
from multibot.responder.script import Script
from multibot.shipping import shipped

REFERENCE = Path(__file__).parents[3] / "docs" / "configuration.md"
NAMED = frozenset(re.findall(r"`([^`\n]+)`", REFERENCE.read_text(encoding="utf-8")))


def documented(model: type[BaseModel]) -> Iterator[str]:
    """Write each key that holds a value as the reference writes it."""
    places = list(keys(model))
    sections = {place[:-1] for place in places} | {place[:-2] for place in places}
    for place in places:
        if place not in sections:
            yield ".".join(map(str, place)).replace(".0", "[]")


@pytest.mark.parametrize(
    "key",
    [*documented(FleetFile), *documented(BotFile)],
)
def test_the_reference_names_every_key(key: str) -> None:
    assert key in NAMED


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_reference_names_every_setting(name: str) -> None:
    assert PREFIX + name.upper() in NAMED


@pytest.mark.parametrize("place", [*old_keys.FLEET, *old_keys.ENTRY, *old_keys.BOT_FILE])
def test_the_reference_names_every_old_key(place: tuple[str, ...]) -> None:
    assert ".".join(place) in NAMED


def test_the_scripted_section_is_what_the_responder_reads() -> None:
    assert set(ScriptedPart.model_fields) == {field.name for field in fields(Script)}


def test_the_shipped_fleet_is_in_order(tmp_path: Path) -> None:
    bots = shipped("bots")
    names = re.findall(r"\$\{(\w+)\}", (bots / "multi_bot.yaml").read_text(encoding="utf-8"))
    tokens = {name: f"sandbox-token-{name}" for name in names}

    report = check(Home(tmp_path), tokens, bots / "multi_bot.yaml")

    assert report.faults == ()
    assert report.fleet is not None
    assert {bot.name: bot.channels for bot in report.fleet.enabled} == {
        "sage": ("philosophy", "advice-*"),
        "spark": ("creative", "brainstorm*"),
        "logic": ("tech-*", "research"),
    }


def test_the_shipped_placeholders_are_no_tokens(tmp_path: Path) -> None:
    home = Home(tmp_path)
    lines = shipped(".env.example").read_text(encoding="utf-8").splitlines()
    placeholders = dict(line.split("=", 1) for line in lines if "=" in line)

    report = check(home, placeholders, shipped("bots") / "multi_bot.yaml")

    assert {fault.variable for fault in report.errors} == set(placeholders)
