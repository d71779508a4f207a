"""Turns that an import holds twice: a copy kept for each bot, or the same file in two places."""

from collections.abc import Iterable, Iterator

from multibot.conversation.past import PastTurn

# So many turns of one bot are remembered; doubles stand close to each other.
_REMEMBERED = 100_000


class Doubles:
    """Lets the first of equal turns pass and counts the others."""

    def __init__(self) -> None:
        self.count = 0

    def without(self, turns: Iterable[tuple[int, PastTurn]]) -> Iterator[tuple[int, PastTurn]]:
        """Give each turn once. They come by bot and channel, in the order of their times."""
        bot_name, seen = "", dict[tuple[str, str], None]()
        for file, turn in turns:
            if turn.bot_name != bot_name:
                bot_name = turn.bot_name
                seen.clear()
            key = (turn.message_id, turn.role)
            if key in seen:
                self.count += 1
                continue
            seen[key] = None
            if len(seen) > _REMEMBERED:
                del seen[next(iter(seen))]
            yield file, turn
