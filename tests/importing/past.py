"""Past turns on their way into the file, by a clock that says how many go in at a time."""

from multibot.conversation.past import PastTurn
from multibot.conversation.session import SessionRules
from multibot.importing.rebuilding import rebuild
from multibot.store.archive.batches import Batch
from multibot.store.archive.imports import File
from multibot.store.archive.pastrows import Row
from tests.fakes import FakeClock

BATCH = Batch(batch_id="first", kind="legacy", options="{}")
FILES = [File(f"123_{person}.json", f"sha-{person}") for person in (7, 8, 9)]


class Ticking(FakeClock):
    """Time that goes on by a step whenever somebody asks for it."""

    def __init__(self, step: float) -> None:
        super().__init__()
        self._step = step

    def monotonic(self) -> float:
        self.tick(self._step)
        return super().monotonic()


def placed(turns: list[PastTurn]) -> list[Row]:
    ordered = sorted(turns, key=lambda turn: (turn.bot_name, turn.channel_id, turn.at))
    numbered = [(int(turn.user_id) - 7, turn) for turn in ordered]
    return [Row(*each) for each in rebuild(numbered, lambda _: SessionRules())]
