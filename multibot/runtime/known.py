"""How far a bot had read when its gateway session began."""

from collections.abc import Iterable
from datetime import timedelta

from multibot.runtime.backlog import Place, id_before
from multibot.store.cursors import Cursor, id_order, is_newer


class Known:
    """The cursors at one moment; false while there are none."""

    def __init__(self, cursors: Iterable[Cursor] = (), max_age: timedelta = timedelta()) -> None:
        self._cursors = {cursor.channel_id: cursor for cursor in cursors}
        newest = max((each.last_seen for each in self._cursors.values()), key=id_order, default="0")
        self._unknown_since = id_before(newest, max_age)

    def __bool__(self) -> bool:
        return bool(self._cursors)

    def begin(self, cursor: Cursor) -> None:
        """Note where a place begins that has no cursor yet."""
        self._cursors.setdefault(cursor.channel_id, cursor)

    def has(self, place: Place) -> bool:
        """Say whether a place has a cursor."""
        return place.channel_id in self._cursors

    def since(self, place: Place) -> str:
        """Say after which message a place is read.

        Where there is no cursor, nothing came while the bot listened that is not about to be
        stored; what came before is not the bot's.
        """
        if self.has(place):
            return self._cursors[place.channel_id].last_seen
        return max(place.channel_id, self._unknown_since, key=id_order)

    def is_quiet(self, place: Place) -> bool:
        """Say whether nothing was missed in a place, as far as Discord tells."""
        last = place.last_message_id
        return last is None or not is_newer(last, self.since(place))

    def direct_places(self) -> list[Place]:
        """Name the private conversations, latest first: nothing says what is new there."""
        direct = [cursor for cursor in self._cursors.values() if cursor.is_dm]
        direct.sort(key=lambda cursor: id_order(cursor.last_seen), reverse=True)
        return [Place(channel_id=cursor.channel_id) for cursor in direct]
