"""`multibot db`: the shared database file."""

import json
from typing import TYPE_CHECKING

import click

from multibot.cli import homes
from multibot.cli.database_backup import backup, restore
from multibot.cli.database_check import check, info, reindex
from multibot.cli.database_query import query
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.store.migrate import MigrateResult


@click.group()
def db() -> None:
    """Look after the shared database file."""


for _command in (backup, restore, check, info, query, reindex):
    db.add_command(_command)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def migrate(home: Home, *, as_json: bool) -> None:
    """Bring the database to this version's schema, after a snapshot."""
    from multibot.clock import SystemClock
    from multibot.store import migrate as migrations

    homes.require(home)
    result = migrations.migrate(home, SystemClock())
    version = migrations.schema_version(home.database)
    click.echo(_as_json(home, result, version) if as_json else _as_text(home, result, version))


def _as_json(home: Home, result: "MigrateResult", version: int) -> str:
    return json.dumps(
        {
            "database": str(home.database),
            "schema": version,
            "applied": list(result.applied),
            "snapshot": None if result.snapshot is None else str(result.snapshot),
        }
    )


def _as_text(home: Home, result: "MigrateResult", version: int) -> str:
    lines = []
    if result.snapshot is not None:
        lines.append(f"Snapshot: {result.snapshot}")
    lines += [f"Applied {name}" for name in result.applied]
    state = "is now at" if result.applied else "is already at"
    return "\n".join([*lines, f"{home.database} {state} schema {version}."])
