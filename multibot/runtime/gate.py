"""Keeps new messages of a channel back until older ones that were missed have gone in."""

from collections.abc import Callable, Iterable

from multibot.runtime.backlog import Arrival
from multibot.store.selection import Selection


class Gate:
    """Closed channels keep what arrives; it is let in, in order, when the channel opens."""

    def __init__(self, let_in: Callable[[Arrival], None]) -> None:
        self._let_in = let_in
        self._kept: dict[str, list[Arrival]] = {}
        self._closed = Selection()

    def is_closed(self, channel_id: str) -> bool:
        """Say whether messages of a channel have to wait."""
        return channel_id in self._closed

    def keep(self, arrival: Arrival) -> None:
        """Let a message wait until its channel opens."""
        self._kept.setdefault(arrival.channel_id, []).append(arrival)

    def close(self) -> None:
        """Close every channel, whichever there are."""
        self._closed.choose_all()

    def close_only(self, channel_ids: Iterable[str]) -> None:
        """Keep these channels closed, but for those that were opened; open all others."""
        if not self._closed.is_open_ended:
            return
        self._closed.narrow(channel_ids)
        self._let_in_where_open()

    def open(self, channel_id: str) -> None:
        """Open one channel."""
        self._closed.discard(channel_id)
        self._let_in_all(channel_id)

    def open_all(self) -> None:
        """Open every channel; until everything is closed again, nothing is."""
        self._closed.choose_none()
        self._let_in_where_open()

    def _let_in_where_open(self) -> None:
        for channel_id in [each for each in self._kept if not self.is_closed(each)]:
            self._let_in_all(channel_id)

    def _let_in_all(self, channel_id: str) -> None:
        for arrival in self._kept.pop(channel_id, ()):
            self._let_in(arrival)
