"""Turns that an import holds twice: a copy kept for each bot, or the same file in two places."""

from collections.abc import Iterable, Iterator

from multibot.conversation.past import PastTurn

# Between so many turns of one bot and twice as many are remembered; doubles stand close together.
REMEMBERED = 100_000


class Doubles:
    """Lets the first of equal turns pass and counts the others."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self.count = 0
        self._remembered = remembered

    def without(self, turns: Iterable[tuple[int, PastTurn]]) -> Iterator[tuple[int, PastTurn]]:
        """Give each turn once. They come by bot and channel, in the order of their times."""
        bot_name = ""
        seen, before = set[tuple[str, str]](), set[tuple[str, str]]()
        for file, turn in turns:
            if turn.bot_name != bot_name:
                bot_name = turn.bot_name
                seen, before = set(), set()
            key = (turn.message_id, turn.role)
            if key in seen or key in before:
                self.count += 1
                continue
            seen.add(key)
            if len(seen) >= self._remembered:
                seen, before = set(), seen
            yield file, turn
