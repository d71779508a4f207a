"""`multibot sandbox fault` and `traffic`: let the sandbox fail, and see what the bots made of it."""

import json
from pathlib import Path
from typing import Any

import click

from multibot.cli.sandbox_address import at_url
from multibot.errors import UsageError
from multibot.sandbox.fault_spec import KINDS

_EXAMPLES = """\b
Examples:
  multibot sandbox fault add 429 bot=sage 'path=/channels/*/messages' retry_after=65 times=1
  multibot sandbox fault add 503 method=POST probability=0.2 seed=7
  multibot sandbox fault add hang bot=sage done=yes times=1
  multibot sandbox fault add close code=1006 every=5 until=60
  multibot sandbox fault add zombie silent=yes bot=sage
  multibot sandbox fault add invalid-session at=resume times=1
  multibot sandbox fault add revoke-token bot=sage after=10
"""
_COMMON = """\b
For whom and when:
  bot=NAME        this bot only; * and ? stand for other characters
  after=SECONDS   not before then
  until=SECONDS   not from then on; both count from now
  times=N         at most so often
  every=SECONDS   once in each so many seconds
  probability=P   with this chance, decided by seed=N

\b
Of requests:
  method=POST     of this method only
  path=PATTERN    of paths like this one, after /api/v10; * is anything
  done=yes        what was asked for is done all the same; only its answer is hurt

\b
Of the gateway:
  at=now          done to the connections that are open (the usual)
  at=identify, at=resume, at=login (both)
                  met by logins from then on
"""
_SCENARIO = """\b
FILE is a list of faults in YAML or JSON, with times that count from now:
  - {kind: close, code: 4000, bot: sage, every: 5, until: 60}
  - {kind: 503, path: /channels/*/messages, method: POST, after: 10, until: 20}
  - {kind: lose, event: MESSAGE_CREATE, after: 30, until: 40}
"""

_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead.")


def _kinds() -> str:
    """Write every kind with what it does and what only it can be told."""
    usual = KINDS["hang"].fields | KINDS["zombie"].fields - {"silent"}
    lines = ["\b", "Kinds, and what each can be told:", "  403, 404, 500, 502, ..."]
    lines.append("                     answer with this error status (body, error)")
    for name, kind in KINDS.items():
        own = ", ".join(sorted(kind.fields - usual))
        lines.append(f"  {name:<18} {kind.meaning}" + (f" ({own})" if own else ""))
    return "\n".join(lines)


@click.group()
def fault() -> None:
    """Let the sandbox fail as Discord sometimes does."""


@fault.command(epilog=f"{_EXAMPLES}\n{_COMMON}\n{_kinds()}")
@click.argument("kind")
@click.argument("words", metavar="[NAME=VALUE]...", nargs=-1)
@at_url
def add(kind: str, words: tuple[str, ...], url: str) -> None:
    """Add one fault of this KIND and print its id.

    It stays until it is cleared or used up.
    """
    from multibot.sandbox.remote import Remote

    said: dict[str, object] = {"kind": kind}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"{word} is not NAME=VALUE.")
        said[name] = value
    click.echo(Remote(url).add_faults([said])[0]["id"])


@fault.command("list")
@_as_json
@at_url
def show(url: str, *, as_json: bool) -> None:
    """Print the faults.

    Of each: its id, whether it is armed, how often it happened, and what it is.
    """
    from multibot.sandbox.remote import Remote

    found = Remote(url).faults()
    if as_json:
        click.echo(json.dumps({"faults": found}, ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one['id']:<5} {one['state']:<8} {one['fired']:>5}x  {one['line']}")


@fault.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@at_url
def clear(ids: tuple[str, ...], url: str) -> None:
    """Take away these faults, or all of them.

    What hangs on them is let go.
    """
    from multibot.sandbox.remote import Remote

    gone = Remote(url).clear_faults(ids)
    click.echo(" ".join(gone) if gone else "There was none.")


@fault.command(epilog=_SCENARIO)
@click.argument("file", type=click.Path(path_type=Path))
@at_url
def play(file: Path, url: str) -> None:
    """Add all faults of FILE at once and print their ids.

    The sandbox keeps the times.
    """
    from multibot.sandbox.remote import Remote

    added = Remote(url).add_faults(_scenario(file))
    click.echo(" ".join(one["id"] for one in added))


def _scenario(file: Path) -> list[dict[str, object]]:
    from multibot.config import document
    from multibot.config.source import Refusal, read

    text = read(file)
    parsed = text if isinstance(text, Refusal) else document.parse(text)
    if isinstance(parsed, Refusal):
        place = str(file) if parsed.line is None else f"{file}:{parsed.line}"
        raise UsageError(f"It {parsed.message}", where=place, remedy=parsed.remedy)
    said = parsed.data
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise UsageError("This is no list of faults.", where=str(file))
    return said


@click.command()
@_as_json
@at_url
def traffic(url: str, *, as_json: bool) -> None:
    """Print what each bot asked for.

    Logins, requests and their statuses, and how its connections were closed.
    """
    from multibot.sandbox.remote import Remote

    found = Remote(url).traffic()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for bot, counts in found["bots"].items():
        click.echo(f"{bot}: {_summary(counts)}")
    invalid = found["invalid_requests"]
    click.echo(
        f"401, 403 and 429 in 10 minutes: {invalid['last_10_minutes']} now, "
        f"{invalid['worst_10_minutes']} at worst"
    )


def _summary(counts: dict[str, Any]) -> str:
    statuses = " ".join(f"{status}:{n}" for status, n in sorted(counts["statuses"].items()))
    closes = " ".join(f"{code}:{n}" for code, n in sorted(counts["closes"].items()))
    return (
        f"{counts['identifies']} identifies, {counts['resumes']} resumes, "
        f"{counts['requests']} requests ({statuses or 'none'}), "
        f"closes {closes or 'none'}, last seen {counts['last_seen'] or 'never'}"
    )
