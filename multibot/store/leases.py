"""Work that one process of the fleet does for all: who has it, until when, by which number.

A holder that was stopped for longer than its lease does not know that another has taken over. What
it writes asks for its number in the same transaction (`is_ours`), so that such a write does nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from multibot.clock import Clock, from_text, to_text
from multibot.store import statements

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# No lease is longer: one that ends later was written before the clock went back.
LONGEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Lease:
    """A piece of work and who has it; the fence rises with every holding."""

    name: str
    holder: str
    fence: int
    expires_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Say whether another may take it."""
        return self.expires_at <= now or self.expires_at > now + LONGEST


class Leases:
    """One holder's hand in the leases; every method runs inside the caller's transaction.

    A holder has one process at a time: one that is started again takes over from itself at once.
    """

    def __init__(self, holder: str, clock: Clock) -> None:
        self._holder = holder
        self._clock = clock
        self._sql = statements.load()

    def take(self, connection: "sqlite.Connection", name: str, length: timedelta) -> Lease | None:
        """Take a lease that is free, has run out, or was this holder's; None when it is held."""
        now = self._clock.now()
        until = now + min(length, LONGEST)
        fence = self._sql.take_lease(
            connection,
            name=name,
            holder=self._holder,
            at=to_text(now),
            expires_at=to_text(until),
            latest=to_text(now + LONGEST),
        )
        return None if fence is None else Lease(name, self._holder, fence, until)

    def renew(
        self, connection: "sqlite.Connection", lease: Lease, length: timedelta
    ) -> Lease | None:
        """Lengthen a lease from now on; None when another has taken it."""
        until = self._clock.now() + min(length, LONGEST)
        fence = self._sql.renew_lease(connection, **_key(lease), expires_at=to_text(until))
        return None if fence is None else Lease(lease.name, lease.holder, fence, until)

    def release(self, connection: "sqlite.Connection", lease: Lease) -> None:
        """Let the next one have it at once."""
        self._sql.release_lease(connection, **_key(lease), at=to_text(self._clock.now()))

    def is_ours(self, connection: "sqlite.Connection", lease: Lease) -> bool:
        """Say whether nobody has taken a lease since this holding of it began."""
        fence = self._sql.lease_fence(connection, name=lease.name, holder=lease.holder)
        return bool(fence == lease.fence)

    def current(self, connection: "sqlite.Connection", name: str) -> Lease | None:
        """Return who has a lease, or had it last; None when nobody ever had."""
        row = self._sql.lease(connection, name=name)
        return None if row is None else Lease(name, row[0], row[1], from_text(row[2]))


def _key(lease: Lease) -> dict[str, object]:
    return {"name": lease.name, "holder": lease.holder, "fence": lease.fence}
