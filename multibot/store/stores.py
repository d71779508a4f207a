"""The shared file opened for one bot: no method of what this gives takes a bot's name."""

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibot.clock import Clock
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store import connection, driver, filesystem, integrity
from multibot.store.activity import Activity
from multibot.store.chains import Chains
from multibot.store.cursors import Cursors
from multibot.store.edits import Edits
from multibot.store.fleet import Fleet
from multibot.store.gateway import GatewayLedger
from multibot.store.history import History
from multibot.store.incidents import Incidents
from multibot.store.insight import Insight
from multibot.store.ledger import Ledger
from multibot.store.outbox import Outbox
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


@dataclass(frozen=True, slots=True)
class BotStore:
    """Everything one bot keeps. Close it before its event loop ends."""

    home: Home
    ledger: Ledger
    cursors: Cursors
    edits: Edits
    history: History
    fleet: Fleet
    gateway: GatewayLedger
    insight: Insight
    incidents: Incidents
    outbox: Outbox
    chains: Chains
    activity: Activity
    reader: "sqlite.Connection"
    writer: Writer

    async def close(self, patience: float | None = None) -> None:
        """Carry out what waits, for no longer than this many seconds, then let the file go."""
        try:
            await self.writer.close(patience)
        finally:
            self.reader.close()


def open_store(
    home: Home,
    bot_name: BotName,
    clock: Clock,
    *,
    probe: filesystem.Probe = filesystem.kind_of,
) -> BotStore:
    """Open the shared file for one bot; never migrates. Call it after any fork."""
    driver.require()
    filesystem.require_local(home.data, probe)
    reader = connection.open_existing(home.database)
    with contextlib.ExitStack() as undo:
        undo.callback(reader.close)
        integrity.require_sound(home, reader, clock)
        integrity.require_whole(reader, bot_name, home.database)
        writer = Writer(home.database, home.database_lock)
        writer.start()
        undo.pop_all()
    return assemble(home, bot_name, clock, reader, writer)


def assemble(
    home: Home, bot_name: BotName, clock: Clock, reader: "sqlite.Connection", writer: Writer
) -> BotStore:
    """Put one bot's store together over connections that are open; closing it closes them."""
    path = home.database
    cursors = Cursors(bot_name, clock, reader=reader, writer=writer, path=path)
    edits = Edits(bot_name, clock, reader=reader, writer=writer, path=path)
    return BotStore(
        home=home,
        ledger=Ledger(
            bot_name, clock, reader=reader, writer=writer, cursors=cursors, edits=edits, path=path
        ),
        cursors=cursors,
        edits=edits,
        history=History(bot_name, clock, reader=reader, writer=writer, path=path),
        fleet=Fleet(bot_name, clock, reader=reader, writer=writer, path=path),
        gateway=GatewayLedger(bot_name, clock, reader=reader, writer=writer, path=path),
        outbox=Outbox(bot_name, clock, reader=reader, writer=writer, edits=edits, path=path),
        chains=Chains(bot_name, clock, reader=reader, writer=writer, cursors=cursors, path=path),
        activity=Activity(bot_name, clock, reader=reader, writer=writer, path=path),
        insight=Insight(bot_name, reader=reader, path=path),
        incidents=Incidents(bot_name, clock, writer=writer),
        reader=reader,
        writer=writer,
    )
