"""The files in deploy/, checked as far as they can be without a machine to deploy to."""

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.source import ROOT

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "multibot.service"
INSTALLED = "/opt/multibot/bin/multibot"


def unit() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # systemd minds the case
    parser.read_string(UNIT.read_text())
    return parser


def instructions(path: Path) -> list[list[str]]:
    """Read a Containerfile: one list of words for each instruction."""
    text = path.read_text().replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line and not line.startswith("#")]


def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return parsed


def test_systemd_stops_the_fleet_as_a_whole_and_leaves_no_orphans() -> None:
    service = unit()["Service"]

    assert service["ExecStart"] == f"{INSTALLED} up --foreground"
    assert (service["Type"], service["KillMode"]) == ("exec", "mixed")
    assert int(service["TimeoutStopSec"]) > 20, "a bot may take stopwaitsecs"


def test_systemd_starts_the_fleet_again_unless_a_person_is_needed() -> None:
    service = unit()["Service"]

    assert service["Restart"] == "on-failure"
    assert set(service["RestartPreventExitStatus"].split()) == {"2", "78"}
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"


def test_systemd_lets_the_fleet_write_to_its_home_only() -> None:
    service = unit()["Service"]

    assert service["ProtectSystem"] == "strict"
    assert service["ReadWritePaths"] == service["WorkingDirectory"] == "%S/multibot"
    assert (service["UMask"], service["StateDirectoryMode"]) == ("0077", "0700")


@pytest.mark.parametrize("tool", [shutil.which("systemd-analyze")])
def test_systemd_itself_finds_no_fault_in_the_unit(tool: str | None, tmp_path: Path) -> None:
    """Where systemd is not installed, the tests above have to be enough."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace(INSTALLED, sys.executable))

    result = subprocess.run(
        [tool or "true", "verify", str(copy)], capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stderr) == (0, "")


def test_everything_the_image_copies_is_in_the_repository() -> None:
    copied = [
        source
        for words in instructions(DEPLOY / "Containerfile")
        if words[0] == "COPY" and not words[1].startswith("--from")
        for source in words[1:-1]
    ]

    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_the_image_lets_in_what_it_copies_and_no_secret() -> None:
    ignore = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        source.split("/")[0]
        for words in instructions(DEPLOY / "Containerfile")
        if words[0] == "COPY" and not words[1].startswith("--from")
        for source in words[1:-1]
    }

    assert "*" in ignore
    assert let_in == copied
    assert not {".env", "data", "."} & let_in


def test_the_image_runs_the_fleet_in_the_foreground_as_a_plain_user() -> None:
    words = instructions(DEPLOY / "Containerfile")
    text = (DEPLOY / "Containerfile").read_text()

    assert ["USER", "multibot"] in words
    assert 'ENTRYPOINT ["multibot"]\nCMD ["up", "--foreground"]' in text


def test_compose_builds_that_image_and_keeps_data_in_a_volume() -> None:
    fleet = compose()["services"]["fleet"]
    build = fleet["build"]
    volumes = [volume.split(":") for volume in fleet["volumes"]]

    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    assert fleet["command"] == ["up", "--foreground"]
    assert ["data", "/fleet/data"] in volumes
    assert "data" in compose()["volumes"]


def test_compose_gives_the_bots_longer_than_they_give_themselves() -> None:
    fleet = compose()["services"]["fleet"]

    assert int(fleet["stop_grace_period"].removesuffix("s")) > 20
    assert fleet["init"] is True


def test_the_check_script_is_bash_and_stops_at_the_first_fault() -> None:
    script = ROOT / ".ci" / "run"

    subprocess.run(["bash", "-n", str(script)], check=True)

    text = script.read_text()
    assert script.stat().st_mode & 0o111
    assert "set -euo pipefail" in text
    assert all(target in text for target in ("make lint", "make test", "make demo"))
