"""One message as people and programs are shown it: who knows it, what was decided, what is around it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibot.cli.history_lines import Lines, as_json, as_object, is_of_bot, name, place, time
from multibot.cli.printable import printable_line

if TYPE_CHECKING:
    from multibot.store.archive.around import Arrival
    from multibot.store.archive.shared import SharedFile
    from multibot.store.archive.turn import StoredTurn
    from multibot.store.archive.who import Who

HERE, NOT_HERE = "> ", "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message with its turns, one for each bot that took part, and with each bot's decision."""

    shared: "SharedFile"
    message_id: str
    turns: list["StoredTurn"]
    decisions: list["Arrival"]
    around: int

    def lines(self, lines: Lines) -> Iterator[str]:
        """Write it for people."""
        from multibot.store.archive.who import Who

        who = Who(self.shared)
        lines = lines.knowing(who)
        yield lines.style(f"message {printable_line(self.message_id)}", bold=True)
        yield from (_decision(each) for each in self.decisions)
        for turn in self.turns:
            yield ""
            yield from _facts(turn, who, lines)
            yield ""
            yield from self._surroundings(turn, lines)

    def as_json(self) -> Iterator[str]:
        """Write it as one object."""
        yield as_json(
            {
                "message_id": self.message_id,
                "decisions": [each._asdict() for each in self.decisions],
                "turns": [self._as_object(turn) for turn in self.turns],
            }
        )

    def _as_object(self, turn: "StoredTurn") -> dict[str, object]:
        before, after = self._sides(turn, with_occasions=True)
        return {
            **as_object(turn),
            "before": [as_object(each) for each in before],
            "after": [as_object(each) for each in after],
        }

    def _surroundings(self, turn: "StoredTurn", lines: Lines) -> Iterator[str]:
        before, after = self._sides(turn)
        for each in itertools.chain(before, [turn], after):
            sign = HERE if each.id == turn.id else NOT_HERE
            at = lines.dim(time(each.timestamp))
            yield from lines.text(each, f"{sign}{at} {lines.who(each)}:")

    def _sides(
        self, turn: "StoredTurn", *, with_occasions: bool = False
    ) -> tuple[list["StoredTurn"], list["StoredTurn"]]:
        from multibot.store.archive.around import after, before

        return (
            before(self.shared, turn.session, self.around, turn.id, with_occasions=with_occasions),
            after(self.shared, turn.session, self.around, turn.id, with_occasions=with_occasions),
        )


def _decision(arrival: "Arrival") -> str:
    detail = f" ({printable_line(arrival.detail)})" if arrival.detail else ""
    return (
        f"{arrival.bot_name} decided: {arrival.decision}, {arrival.reason.replace('_', ' ')}{detail};"
        f" {arrival.state}, received {time(arrival.received_at)}"
    )


def _facts(turn: "StoredTurn", who: "Who", lines: Lines) -> Iterator[str]:
    speaker = f"by {name(turn)} ({'bot' if is_of_bot(turn, who) else turn.user_id})"
    if turn.is_occasion:
        speaker = "what moved it to speak up by itself,"
    guild = f", guild {turn.guild_id}" if turn.guild_id else ""
    where = f"{place(turn)} (channel {turn.channel_id}{guild})"
    yield f"{lines.style(turn.bot_name, fg='cyan')}: {speaker} in {where}"
    yield f"{time(turn.timestamp)} UTC, session {printable_line(turn.session_id)}" + (
        f", edited {time(turn.edited_at)}" if turn.edited_at else ""
    )
    if turn.metadata:
        yield lines.dim(printable_line(turn.metadata))
