"""What people call things in the history: bots, channels, users and sessions, by id or by name."""

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from multibot.cli import bots
from multibot.cli.printable import printable_line
from multibot.errors import UsageError
from multibot.supervise import conf

if TYPE_CHECKING:
    from multibot.home import Home
    from multibot.store.archive.directory import SessionRow
    from multibot.store.archive.shared import SharedFile

NEAR = 3


class Named(NamedTuple):
    """An id and what it is called."""

    id: str
    name: str


def require_bots(names: Sequence[str], home: "Home", shared: "SharedFile") -> None:
    """Refuse a bot that is neither in the fleet nor in the file."""
    from multibot.store.archive import directory

    if names:
        bots.require_known(names, {*conf.known_programs(home), *directory.bots(shared.reader)})


def channel_ids(texts: Sequence[str], shared: "SharedFile") -> tuple[str, ...]:
    """Find channels by id or by the name that they had last."""
    from multibot.store.archive import directory

    known = [Named(each.place.channel_id, each.name) for each in directory.channels(shared.reader)]
    return tuple(id_ for text in texts for id_ in _find(text, known, "channel", "#"))


def user_ids(texts: Sequence[str], shared: "SharedFile") -> tuple[str, ...]:
    """Find users by id or by any name that they had."""
    from multibot.store.archive import directory

    ids = [text for text in texts if directory.has_user(shared.reader, text)]
    names = [text for text in texts if text not in ids]
    known = [Named(*each) for each in directory.users(shared.reader)] if names else []
    return (*ids, *(id_ for text in names for id_ in _find(text, known, "user", "@")))


def session(text: str, shared: "SharedFile") -> "SessionRow":
    """Find one session by its id, the beginning of its id, or its display id."""
    from multibot.store.archive import directory

    found = directory.sessions(shared.reader, text)
    if not found and len(text) < directory.SHORTEST_PREFIX:
        raise UsageError(
            f"there is no session {printable_line(text)!r}; it is too short to be a beginning.",
            remedy=f"Give at least the first {directory.SHORTEST_PREFIX} characters of its id;"
            " `multibot session list` shows them.",
        )
    if not found:
        raise UsageError(
            f"there is no session {printable_line(text)!r}.",
            remedy="`multibot session list` names them; the first characters of an id are enough.",
        )
    if len(found) > 1:
        fitting = ", ".join(map(_described, found))
        raise UsageError(
            f"several sessions are called {printable_line(text)!r}.",
            remedy=f"Name one by its id: {printable_line(fitting)}.",
        )
    return found[0]


def _described(row: "SessionRow") -> str:
    whose = f"user {row.user_id}" if row.user_id else "shared"
    return f"{row.session_id} ({row.bot_name}, channel {row.channel_id}, {whose})"


def _find(text: str, known: Iterable[Named], kind: str, sign: str) -> list[str]:
    """Return the ids of what is meant; a name may be that of several."""
    if ids := {each.id for each in known if each.id == text}:
        return list(ids)
    wanted = text.removeprefix(sign).casefold()
    ids = {each.id for each in known if wanted and each.name.casefold() == wanted}
    if len(ids) > 1:
        everyone = ", ".join(sorted(ids))
        click.echo(
            f"multibot: {len(ids)} {kind}s are called {printable_line(text)}, all are meant:"
            f" {everyone}",
            err=True,
        )
    return sorted(ids) or _refuse(text, known, kind)


def _refuse(text: str, known: Iterable[Named], kind: str) -> list[str]:
    names = sorted({each.name for each in known if each.name})
    near = difflib.get_close_matches(text.lstrip("#@"), names, n=NEAR, cutoff=0.5)
    raise UsageError(
        f"there is no {kind} {printable_line(text)!r} in the history.",
        remedy=f"Did you mean {printable_line(' or '.join(near))}?"
        if near
        else f"Name a {kind} by id or name.",
    )
