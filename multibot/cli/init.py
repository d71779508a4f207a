"""`multibot init`: a new home from the shipped example."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

import click

from multibot.errors import UsageError
from multibot.home import Home
from multibot.shipping import shipped

_EXAMPLES = frozenset({".yaml", ".md"})
_IGNORED = b"""\
# Keeps the tokens and what the fleet writes out of git.
.env
data/
"""
_NEXT_STEPS = """
Next:
  cd {folder}
  multibot demo            # first look: the shipped example in a folder of its own, no account
  multibot sandbox serve   # this fleet against a Discord on this machine, no account
  $EDITOR .env             # one token per bot: https://discord.com/developers/applications
  multibot check           # every fault of every file, at once
  multibot up              # start the fleet
  multibot status          # see it ready"""
_OWNER_ONLY = 0o700
_OWNER_READS = 0o600


def new_files(home: Home) -> dict[Path, bytes]:
    """Return every file of a new home, with its content."""
    examples = shipped("bots")
    files = {
        home.root / "bots" / source.relative_to(examples): source.read_bytes()
        for source in sorted(examples.rglob("*"))
        if source.suffix in _EXAMPLES
    }
    files[home.dotenv] = shipped(".env.example").read_bytes()
    files[home.root / ".gitignore"] = _IGNORED
    return files


def refuse_overwriting(home: Home, files: Iterable[Path]) -> None:
    """Raise UsageError when a file of the new home is there already, before anything is written."""
    for folder in (home.root, home.data, home.fleet_file.parent):
        if folder.exists() and not folder.is_dir():
            raise UsageError("This is a file.", where=str(folder), remedy="Name another folder.")
    taken = [str(path.relative_to(home.root)) for path in files if os.path.lexists(path)]
    if taken:
        raise UsageError(
            f"Nothing was written, because these are there already: {', '.join(taken)}.",
            where=str(home.root),
            remedy="Name an empty folder, or move them away.",
        )


def create(home: Home) -> tuple[Path, ...]:
    """Write a new home, all of it or nothing, and return its files; raises UsageError or OSError."""
    files = new_files(home)
    refuse_overwriting(home, files)
    made: list[Path] = []
    try:
        for folder in (home.root, home.data, *(path.parent for path in files)):
            _make_folder(folder, made)
        for path, content in files.items():
            path.touch(mode=_OWNER_READS, exist_ok=False)
            made.append(path)
            path.write_bytes(content)
    except OSError:
        _take_back(made)
        raise
    return tuple(files)


def _make_folder(folder: Path, made: list[Path]) -> None:
    if folder.is_dir():
        # Somebody's own folder with other things in it keeps its mode; `doctor` has a word on it.
        if not any(folder.iterdir()):
            folder.chmod(_OWNER_ONLY)
        return
    if not folder.parent.is_dir():
        _make_folder(folder.parent, made)
    folder.mkdir(mode=_OWNER_ONLY)
    made.append(folder)


def _take_back(made: list[Path]) -> None:
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a new home in DIR, with three example bots.

    It gets a .env for their tokens and an empty data folder; nothing is overwritten.
    """
    home = Home(folder.resolve())
    try:
        written = create(home)
    except OSError as error:
        raise UsageError(
            f"The home cannot be written: {error.strerror}.",
            where=str(error.filename or home.root),
            remedy="Name a folder that you may write to.",
        ) from error
    click.echo(f"Made a home for three bots in {home.root}:")
    for path in written:
        click.echo(f"  {path.relative_to(home.root)}")
    click.echo(_NEXT_STEPS.format(folder=shlex.quote(str(folder))))
