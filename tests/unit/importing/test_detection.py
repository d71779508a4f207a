"""Old files beside a database: seen at a glance, where there are any."""

from pathlib import Path

import pytest

from multibot.importing.detection import holds_old_files


@pytest.mark.parametrize(
    "name",
    [
        "sage/123_456.json",
        "multi_bot_conversations/123_456.json",
        "multi_bot_conversations/sage/channel_1_user_2.json",
        "shared_conversations.json",
    ],
)
def test_files_of_the_first_store_are_seen(tmp_path: Path, name: str) -> None:
    assert not holds_old_files(tmp_path)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()

    assert holds_old_files(tmp_path)


@pytest.mark.parametrize(
    "name", ["notes.json", "sage/123_456.txt", "backups/1_2.json", "a/b/c/1_2.json", "1_2"]
)
def test_other_files_are_not(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()

    assert not holds_old_files(tmp_path)


def test_a_look_ends_soon_and_fails_nowhere(tmp_path: Path) -> None:
    assert not holds_old_files(tmp_path / "missing")
    for number in range(300):
        (tmp_path / f"{number}").mkdir()
    (tmp_path / "1" / "loop").symlink_to(tmp_path)

    assert not holds_old_files(tmp_path)
