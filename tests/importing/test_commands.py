"""`multibot import` as it is typed: what it says, how it ends, and what it leaves alone."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.clock import SystemClock
from multibot.errors import UsageError
from multibot.home import Home
from multibot.store.archive import batches, tombstones
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.tombstones import Tombstones
from multibot.store.migrate import migrate
from tests.importing import roundtrip
from tests.store.material import rows, turnstile_held
from tests.unit.importing.reading import entry, write
from tests.unit.importing.test_exporter import AL, SAGE, export, message, reply

_CUT_OFF = "UPDATE imports SET finished_at = NULL"
UTC_TIMES = ("--source-tz", "UTC")


def multibot(home: Home, *arguments: object) -> Result:
    """Run a command in this process; its error is the result's `exception`."""
    words = ["--home", home.root, "import", *arguments]
    return CliRunner().invoke(root, list(map(str, words)), standalone_mode=False)


def legacy(home: Home, *arguments: object) -> Result:
    return multibot(home, "legacy", *arguments, *UTC_TIMES)


def counts(result: Result) -> Any:
    said = json.loads(result.stdout)
    return said["bots"], said["skipped"]


def test_a_dry_run_counts_the_same_and_makes_no_file(home: Home, talk: Path) -> None:
    write(talk / "sage" / "124_7.json", "[")
    planned = legacy(home, talk, "--dry-run", "--json")
    assert not home.data.exists()
    done = legacy(home, talk, "--json")

    assert counts(planned) == counts(done) == ({"sage": {"new": 120, "present": 0}}, 1)
    assert planned.return_value == done.return_value == 3
    again = legacy(home, talk, "--dry-run", "--json")
    assert counts(again) == ({"sage": {"new": 0, "present": 120}}, 1)


def test_what_it_says_on_the_way_and_in_the_end(home: Home, talk: Path) -> None:
    write(talk / "sage" / "124_7.json", "")
    write(talk / "sage" / "bad\x1b[31m.json", "7")
    result = multibot(home, "legacy", talk)
    (batch_id,) = {row[0] for row in rows(home.database, "SELECT batch_id FROM imports")}

    assert result.stdout.splitlines() == [
        "sage: 120 new, 0 already there",
        "2 items in 2 files were skipped, see above.",
        f"`multibot import undo {batch_id}` takes this import back.",
    ]
    note, *skipped = result.stderr.splitlines()
    assert note.startswith("note: times without a zone are read as those of this machine, ")
    assert skipped == [
        "skipped sage/124_7.json: is empty",
        "skipped sage/bad\\x1b[31m.json: is no conversation of the old store",
    ]


def test_the_old_files_stay_as_they_are(home: Home, talk: Path) -> None:
    before = roundtrip.fingerprint(talk)
    legacy(home, talk)
    legacy(home, talk)

    assert roundtrip.fingerprint(talk) == before


def test_the_list_and_the_way_back(home: Home, talk: Path) -> None:
    batch_id = json.loads(legacy(home, talk, "--json").stdout)["batch"]
    _, listed = multibot(home, "list").stdout.splitlines()
    assert listed.startswith(f"{batch_id}  done ")
    assert listed.split()[-4:] == ["120", "0", "legacy", str(talk)]

    undone = multibot(home, "undo", batch_id)
    assert undone.stdout == "120 turns removed; the files that they came from are untouched.\n"
    (only,) = json.loads(multibot(home, "list", "--json").stdout)["imports"]
    assert (only["batch_id"], only["state"], only["added"]) == (batch_id, "undone", 120)
    assert counts(legacy(home, talk, "--json"))[0] == {"sage": {"new": 120, "present": 0}}


def test_the_list_counts_what_was_skipped_as_the_run_did(home: Home, talk: Path) -> None:
    """Also what no file that brought something has skipped."""
    write(talk / "sage" / "124_7.json", "")
    write(talk / "sage" / "125_7.json", [entry("hello"), {"role": "user"}])
    _, skipped = counts(legacy(home, talk, "--json"))
    (only,) = json.loads(multibot(home, "list", "--json").stdout)["imports"]

    assert only["skipped"] == skipped == 2
    assert only["paths"] == [str(talk)]


def test_an_undo_that_was_cut_off_is_listed_with_what_to_do(home: Home, talk: Path) -> None:
    batch_id = json.loads(legacy(home, talk, "--json").stdout)["batch"]
    with SharedFile(home) as shared:
        batches.begin_undoing(shared, batch_id, SystemClock().now())
    listed = multibot(home, "list").stdout

    assert f"{batch_id}  half undone  " in listed
    assert f"not taken back completely: `multibot import undo {batch_id}` goes on." in listed
    assert multibot(home, "undo", batch_id).stdout.startswith("120 turns removed")
    assert f"{batch_id}  undone  " in multibot(home, "list").stdout


def test_bots_and_authors_are_told_apart(home: Home, tmp_path: Path) -> None:
    file = export(tmp_path / "a.json", message(1, AL, "hi", "10:00:00"))
    for two in (("sage=100", "sage=101"), ("sage=100", "spark=100")):
        words = [word for each in two for word in ("--as-bot", each)]
        error = multibot(home, "discord-chat-exporter", file, *words).exception
        assert isinstance(error, UsageError)
        assert "--as-bot gives " in str(error)
    words = ["--bot", "spark", "--as-bot", "sage=100"]
    error = multibot(home, "discord-chat-exporter", file, *words).exception
    assert isinstance(error, UsageError)
    assert "--as-bot is about sage, and --bot spark leaves that out" in str(error)


def test_files_without_a_bot_of_the_fleet_are_not_all_well(home: Home, tmp_path: Path) -> None:
    file = export(tmp_path / "a.json", message(1, AL, "hi", "10:00:00"))
    result = multibot(home, "discord-chat-exporter", file, "--as-bot", "sage=555")

    assert result.return_value == 3
    assert "Nothing of it is part of a bot's history, see above." in result.stdout


def test_the_fleets_own_folders_are_no_bots(home: Home, talk: Path) -> None:
    """Old files may lie in `data/`, beside the database and its backups."""
    migrate(home, SystemClock())
    write(home.backups / "conversations_2026-01-01.json", {"rows": {}})
    talk.rename(home.data / "multi_bot_conversations")
    done = legacy(home, home.data, "--json")

    assert counts(done) == ({"sage": {"new": 120, "present": 0}}, 0)
    assert done.return_value == 0


def test_one_bot_of_several(home: Home, talk: Path) -> None:
    write(talk / "spark" / "123_7.json", [entry("hello")])
    write(talk / "5_6.json", [entry("hello")])

    assert counts(legacy(home, talk, "--bot", "spark", "--json")) == (
        {"spark": {"new": 2, "present": 0}},
        0,
    )


def test_a_bot_that_the_fleet_does_not_have(home: Home, talk: Path) -> None:
    """A slip of the pen is refused; a folder of a bot that is gone is imported, and said."""
    home.fleet_file.write_text(
        "bots:\n- name: spark\n  config_file: spark.yaml\n  channels: ['*']\n"
    )

    refused = legacy(home, talk, "--bot", "sprak")
    assert isinstance(refused.exception, UsageError)
    assert "Did you mean spark?" in str(refused.exception)
    assert legacy(home, talk).stderr == "note: no bot of this fleet is named sage\n"


def test_sessions_follow_the_rules_of_the_bot(home: Home, talk: Path) -> None:
    home.fleet_file.write_text(
        "bots:\n- {name: sage, config_file: sage.yaml, channels: ['*']}\n"
        "storage: {session_scope: channel, session_timeout: 10m}\n"
    )
    legacy(home, talk)

    assert rows(home.database, "SELECT user_id, message_count, display_id FROM sessions") == [
        ("", 66, "2025-07-08_10-00-00_600s"),
        ("", 54, "2025-07-08_10-11-00_600s"),
    ]


def test_who_asked_to_be_forgotten_stays_forgotten(home: Home, talk: Path) -> None:
    home.data.mkdir()
    stone = Tombstones().make("7", "", SystemClock().now())
    tombstones.write_down(home, stone)
    planned, done = legacy(home, talk, "--dry-run", "--json"), legacy(home, talk, "--json")

    assert counts(planned) == counts(done) == ({"sage": {"new": 80, "present": 0}}, 40)
    first = json.loads(done.stdout)["skipped_items"][0]
    assert first["reason"] == "whoever this is about asked to be forgotten"
    assert rows(home.database, "SELECT count(*) FROM conversations WHERE user_id = '7'") == [(0,)]


def test_exports_of_a_channel_are_appended(home: Home, tmp_path: Path) -> None:
    some = [message(1, AL, "hi", "10:00:00"), message(2, SAGE, "hello", "10:00:01", **reply(1))]
    more = [message(3, AL, "so", "10:02:00"), message(4, SAGE, "yes?", "10:02:01")]
    first, second = export(tmp_path / "a.json", *some), export(tmp_path / "b.json", *some, *more)
    known = ("--as-bot", "sage=100")

    unknown = multibot(home, "discord-chat-exporter", first)
    assert isinstance(unknown.exception, UsageError)
    for file, new, present in ((first, 2, 0), (second, 2, 2)):
        done = multibot(home, "discord-chat-exporter", file, *known, "--json")
        assert counts(done) == ({"sage": {"new": new, "present": present}}, 0)
    missing = multibot(home, "discord-chat-exporter", tmp_path / "no.json", *known)
    assert isinstance(missing.exception, click.BadParameter)
    wrong = multibot(home, "discord-chat-exporter", first, "--as-bot", "sage")
    assert "is not NAME=USER_ID" in str(wrong.exception)


@pytest.mark.parametrize("is_begun", [True, False])
def test_an_import_that_is_interrupted_says_how_to_go_on(
    home: Home, talk: Path, *, is_begun: bool
) -> None:
    """Ctrl-C while it waits for its turn to write."""
    migrate(home, SystemClock())
    if is_begun:
        legacy(home, talk)
        with SharedFile(home) as shared:
            shared.write(lambda writing: writing.execute(_CUT_OFF))
            shared.write(lambda writing: writing.execute("DELETE FROM conversations WHERE id > 60"))
        home.import_lock.unlink()
    with turnstile_held(home.database_lock):
        process = subprocess.Popen(
            roundtrip.command(home, "legacy", talk, *UTC_TIMES),
            cwd=roundtrip.ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not home.import_lock.exists() and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)

    # Python itself ends with the signal where it was caught in the middle of an import; a shell says
    # 130 to both.
    assert process.returncode in {130, -signal.SIGINT}, errors
    begun = "the import is not complete. The same command goes on where it stopped."
    assert (begun if is_begun else "nothing was imported; the same command begins again") in errors
    assert "Traceback" not in errors
    assert counts(legacy(home, talk, "--json"))[0] == {"sage": {"new": 120, "present": 0}}
