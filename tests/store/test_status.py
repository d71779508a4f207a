"""What `status` reads while the database is being made."""

from pathlib import Path

from multibot.store import connection
from multibot.store.status import read_statuses


def test_a_table_that_is_not_there_yet_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "conversations.db"
    path.touch()
    writer = connection.open_writer(path)
    writer.execute(f"PRAGMA user_version = {connection.SCHEMA_VERSION}")
    writer.close()

    assert read_statuses(path) == {}
