"""One session as people and programs are shown it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibot.cli.history_lines import Lines, as_json, as_object, place, time
from multibot.cli.printable import printable_line
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.store.archive.directory import SessionRow
    from multibot.store.archive.shared import SharedFile
    from multibot.store.archive.turn import StoredTurn
    from multibot.store.archive.who import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPage:
    """A session and its turns, or the newest of them, in the order in which they were stored."""

    shared: "SharedFile"
    session: "SessionRow"
    newest: int | None

    def lines(self, lines: Lines) -> Iterator[str]:
        """Write it for people."""
        from multibot.store.archive.who import Who

        who = Who(self.shared)
        lines = lines.knowing(who)
        row = self.session
        yield lines.style(f"session {printable_line(row.display_id)}", bold=True)
        yield f"{row.bot_name}, id {printable_line(row.session_id)}"
        yield f"{time(row.started_at)} to {time(row.last_activity)} UTC, {_state(row)}"
        where = None
        for turn in self._turns(with_occasions=False):
            if where is None:
                where = _where(turn, row, who)
                yield from (where, "")
            at = lines.dim(time(turn.timestamp))
            yield from lines.text(turn, f"{at} {lines.who(turn)}:")

    def as_json(self) -> Iterator[str]:
        """Write it as one object, a turn per line."""
        yield f'{{"session": {as_json(self.session._asdict())}, "turns": ['
        before = None
        for turn in self._turns(with_occasions=True):
            if before is not None:
                yield f"{before},"
            before = as_json(as_object(turn))
        yield f"{before or ''}]}}"

    def _turns(self, *, with_occasions: bool) -> Iterator["StoredTurn"]:
        from multibot.store.archive.around import before
        from multibot.store.archive.criteria import Criteria
        from multibot.store.archive.reading import Transcript

        if self.newest is not None:
            turns = before(
                self.shared, self.session.key, self.newest, with_occasions=with_occasions
            )
            return iter(turns)
        criteria = Criteria(with_occasions=with_occasions)
        return Transcript(self.shared, criteria).of_session(self.session.key)


def _where(turn: "StoredTurn", row: "SessionRow", who: "Who") -> str:
    where = f"in {place(turn)} (channel {turn.channel_id})"
    if not row.user_id:
        return f"{where}, shared by its users"
    return f"{where}, with {printable_line(who.name(row.user_id)) or 'user'} ({row.user_id})"


def _state(row: "SessionRow") -> str:
    turns = counted(row.message_count, "turn")
    if row.closed_at is None:
        return f"{turns}, open"
    return f"{turns}, closed {time(row.closed_at)} ({row.close_reason})"
