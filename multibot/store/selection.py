"""Which channels are chosen: only some, or all but some."""

from collections.abc import Iterable


class Selection:
    """A set of channels that may be everything, also what is not known yet, with exceptions."""

    def __init__(self) -> None:
        self._only: set[str] = set()
        self._all_but: set[str] | None = None

    def __contains__(self, channel_id: str) -> bool:
        is_one_of_all = self._all_but is not None and channel_id not in self._all_but
        return is_one_of_all or channel_id in self._only

    @property
    def is_open_ended(self) -> bool:
        """Whether everything is chosen but for the exceptions."""
        return self._all_but is not None

    def choose_all(self) -> None:
        """Choose everything, without an exception."""
        self._only = set()
        self._all_but = set()

    def choose_none(self) -> None:
        """Choose nothing."""
        self._only = set()
        self._all_but = None

    def narrow(self, channel_ids: Iterable[str]) -> None:
        """Choose these, unless they are exceptions, and what was added by itself; no others."""
        exceptions = self._all_but or set()
        self._only.update(each for each in channel_ids if each not in exceptions)
        self._all_but = None

    def add(self, channel_id: str) -> None:
        """Choose this one."""
        self._only.add(channel_id)
        if self._all_but is not None:
            self._all_but.discard(channel_id)

    def discard(self, channel_id: str) -> None:
        """Do not choose this one."""
        self._only.discard(channel_id)
        if self._all_but is not None:
            self._all_but.add(channel_id)
