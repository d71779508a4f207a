"""What the fleet decided about a message, as people and programs are shown it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibot.cli import tables
from multibot.cli.history_lines import time
from multibot.cli.overview import NONE
from multibot.cli.printable import printable_line
from multibot.conversation import account

if TYPE_CHECKING:
    from multibot.store.archive.decisions import Made, Said


@dataclass(frozen=True, slots=True)
class Line:
    """One bot: its decision, or a note why there is none."""

    bot_name: str
    made: "Made | None"
    note: str
    in_fleet: bool

    def cells(self) -> tuple[str, ...]:
        """Write it as a row: bot, decision, why, when."""
        made = self.made
        if made is None:
            return self.bot_name, NONE, self.note, ""
        why = made.reason.replace("_", " ")
        detail = f": {printable_line(made.detail)}" if made.detail else ""
        note = f" ({self.note})" if self.note else ""
        standing = account.STANDING.get(made.state, made.state)
        return self.bot_name, standing, f"{why}{detail}{note}", time(made.updated_at)

    def as_object(self) -> dict[str, object]:
        """Give it as JSON knows it."""
        made = self.made
        found: dict[str, object] = {
            "bot": self.bot_name,
            "in_fleet": self.in_fleet,
            "note": self.note or None,
            "decision": None,
        }
        if made is not None:
            found["decision"] = {
                "standing": account.STANDING.get(made.state, made.state),
                "state": made.state,
                "reason": made.reason,
                "detail": made.detail,
                "numbers": account.numbers(made.reason, made.detail),
                "received_at": made.received_at,
                "decided_at": made.updated_at,
            }
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A message and every bot of the fleet."""

    message_id: str
    written_at: str | None
    channel_id: str | None
    channel_name: str
    guild_id: str | None
    author_id: str | None
    author_name: str
    said: "Said | None"
    bots: list[Line]
    is_old: bool

    def lines(self) -> Iterator[str]:
        """Write it for people."""
        yield self._head()
        if self.said is not None:
            yield self._answers(self.said)
        if self.is_old:
            yield "It is older than 30 days: most of what was decided about it is not kept any more."
        rows = [("BOT", "DECISION", "WHY", "WHEN"), *(each.cells() for each in self.bots)]
        yield tables.shown(rows, folded=["WHY"])

    def as_object(self) -> dict[str, object]:
        """Give it as JSON knows it."""
        said = self.said
        return {
            "message_id": self.message_id,
            "written_at": self.written_at,
            "guild_id": self.guild_id,
            "channel_id": self.channel_id,
            "channel_name": self.channel_name or None,
            "author_id": self.author_id,
            "of_bot": None
            if said is None
            else {
                "bot": said.bot_name,
                "answers": said.turn if _is_answer(said, self.message_id) else None,
                "occasion": None if said.turn is None or said.turn.isdigit() else said.turn,
                "part": said.part,
                "chain": said.chain,
            },
            "is_older_than_kept": self.is_old,
            "bots": [each.as_object() for each in self.bots],
        }

    def _head(self) -> str:
        if not self.message_id.isdigit():
            return f"what made a bot speak up by itself: {printable_line(self.message_id)}"
        who = f"by {self.said.bot_name}" if self.said else f"by {self._author()}"
        where = ""
        if self.channel_id:
            name = printable_line(self.channel_name)
            where = f" in #{name}" if name else f" in channel {self.channel_id}"
        when = f", {time(self.written_at)} UTC" if self.written_at else ""
        return f"message {printable_line(self.message_id)} {who}{where}{when}"

    def _author(self) -> str:
        name = printable_line(self.author_name)
        return f"{name} ({self.author_id})" if name else f"user {self.author_id or '?'}"

    def _answers(self, said: "Said") -> str:
        part = f"part {said.part + 1} of " if said.part else ""
        chain = f"; it counts in chain {said.chain} of this channel" if said.chain else ""
        if said.turn is None or said.turn == self.message_id:
            return f"{said.bot_name} wrote it{chain}"
        if not said.turn.isdigit():
            occasion = f"`multibot why {printable_line(said.turn)}`"
            return f"{part or ''}what {said.bot_name} said by itself ({occasion}){chain}"
        return f"{part}{said.bot_name}'s answer to {said.turn} (`multibot why {said.turn}`){chain}"


def _is_answer(said: "Said", message_id: str) -> bool:
    return said.turn is not None and said.turn.isdigit() and said.turn != message_id
