import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from multibot.cli.init import create, init
from multibot.errors import UsageError
from multibot.home import Home


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(init, arguments)


def files_under(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_new_home_has_the_example_and_is_closed_to_others(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "fleet"

    create(Home(root))

    assert {"bots/multi_bot.yaml", ".env", ".gitignore"} <= files_under(root)
    assert mode_of(root) == mode_of(root / "data") == 0o700
    assert mode_of(root / ".env") == 0o600
    assert list((root / "data").iterdir()) == []


def test_the_environment_file_names_a_token_for_each_bot(tmp_path: Path) -> None:
    create(Home(tmp_path / "fleet"))

    text = (tmp_path / "fleet" / ".env").read_text()

    assert all(f"DISCORD_TOKEN_{bot}=" in text for bot in ("SAGE", "SPARK", "LOGIC"))


def test_no_file_points_to_one_that_is_not_there(tmp_path: Path) -> None:
    """The documents are in the project, not in the home."""
    home = Home(tmp_path / "fleet")

    pointing = [path.name for path in create(home) if "docs/" in path.read_text()]

    assert pointing == []


def test_git_in_a_new_home_leaves_out_tokens_and_data(tmp_path: Path) -> None:
    create(Home(tmp_path))

    assert {".env", "data/"} <= set((tmp_path / ".gitignore").read_text().splitlines())


def test_an_empty_folder_becomes_a_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    create(Home(tmp_path))

    assert mode_of(tmp_path) == 0o700


def test_a_folder_with_other_things_in_it_keeps_them_and_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "notes.txt").write_text("mine")

    create(Home(tmp_path))

    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert mode_of(tmp_path) == 0o755
    assert (tmp_path / "bots" / "multi_bot.yaml").is_file()


@pytest.mark.parametrize("mine", [".env", ".gitignore", "bots/multi_bot.yaml"])
def test_nothing_is_written_when_one_file_would_be_overwritten(tmp_path: Path, mine: str) -> None:
    (tmp_path / mine).parent.mkdir(exist_ok=True)
    (tmp_path / mine).write_text("mine")

    with pytest.raises(UsageError, match=mine) as refused:
        create(Home(tmp_path))

    assert refused.value.remedy
    assert files_under(tmp_path) == {mine}
    assert (tmp_path / mine).read_text() == "mine"


def test_a_dangling_link_is_not_written_through(tmp_path: Path) -> None:
    root = tmp_path / "fleet"
    root.mkdir()
    (root / ".env").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UsageError, match=r"\.env"):
        create(Home(root))

    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("obstacle", [".", "data", "bots"])
def test_a_file_where_a_folder_belongs_is_named(tmp_path: Path, obstacle: str) -> None:
    root = tmp_path / "fleet"
    (root / obstacle).parent.mkdir(exist_ok=True)
    (root / obstacle).write_text("mine")

    with pytest.raises(UsageError) as refused:
        create(Home(root))

    assert refused.value.where == str(root / obstacle)


def test_a_home_that_fails_half_way_is_taken_back(tmp_path: Path) -> None:
    """A name too long for the file system stands in for a full disk: the last step fails."""
    root = tmp_path / "new" / ("x" * 300)

    with pytest.raises(OSError, match="long"):
        create(Home(root))

    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_made_and_what_comes_next(tmp_path: Path) -> None:
    result = run(str(tmp_path / "my fleet"))

    assert result.exit_code == 0, result.output
    assert ".env" in result.output
    assert f"cd '{tmp_path / 'my fleet'}'" in result.output
    assert all(step in result.output for step in ("multibot check", "multibot up", "multibot demo"))
    assert "shipped example" in result.output
    assert "multibot sandbox serve" in result.output


def test_the_command_says_which_folder_it_cannot_write(tmp_path: Path) -> None:
    result = run(str(tmp_path / ("x" * 300)))

    assert isinstance(result.exception, UsageError)
    assert result.exception.where == str(tmp_path / ("x" * 300))


def test_the_command_needs_a_folder() -> None:
    assert run().exit_code == 2
