"""Which SQLite library this process uses: one only, and never a version that corrupts WAL files."""

from typing import TYPE_CHECKING

from multibot.errors import MultibotError, PermanentError, StoreUnavailableError

if TYPE_CHECKING:
    import sqlite3 as sqlite  # noqa: TID251 - the one place that may
else:
    # sqlite-utils makes the same choice; two libraries on one file would lose each other's locks.
    try:
        from pysqlite3 import dbapi2 as sqlite  # noqa: TID251 - the one place that may
    except ImportError:
        import sqlite3 as sqlite  # noqa: TID251 - the one place that may

__all__ = ["OLDEST", "primary_code", "require", "sqlite", "translate"]

# Older ones lose part of the WAL when two connections write and checkpoint at the same instant.
OLDEST = (3, 51, 3)

BUSY, LOCKED, READONLY, INTERRUPT, IOERR, CORRUPT = 5, 6, 8, 9, 10, 11
FULL, CANTOPEN, NOTADB = 13, 14, 26

# What the driver raises of a backup has no code, only SQLite's words for it.
_CODES = {
    "database disk image is malformed": CORRUPT,
    "file is not a database": NOTADB,
    "database or disk is full": FULL,
    "disk I/O error": IOERR,
    "unable to open database file": CANTOPEN,
    "attempt to write a readonly database": READONLY,
}

PASSING = {
    BUSY: "Another program holds the database locked.",
    LOCKED: "Another program holds the database locked.",
    READONLY: "The database is read-only; check the owner and the mode of the data folder.",
    INTERRUPT: "The write was interrupted.",
    IOERR: "The disk reports an error.",
    FULL: "The disk is full; free some space.",
    CANTOPEN: "The database cannot be opened; check that the data folder is there and writable.",
}
LASTING = {
    CORRUPT: "The database file is damaged.",
    NOTADB: "The file is not a SQLite database.",
}
_RESTORE = "Run `multibot down`, then `multibot db restore` with a file of data/backups."


def require(version: tuple[int, ...] = sqlite.sqlite_version_info) -> None:
    """Refuse a SQLite library that may corrupt a file several processes write."""
    if version < OLDEST:
        found, oldest = (".".join(map(str, each)) for each in (version, OLDEST))
        raise PermanentError(
            f"SQLite {found} can corrupt a database that several processes write"
            f" (fixed in {oldest}).",
            remedy="Install pysqlite3 0.6.1 or newer in this environment (and remove"
            f" pysqlite3-binary), or use a Python whose sqlite3 is {oldest} or newer.",
        )


def primary_code(error: BaseException) -> int:
    """Return SQLite's primary result code of an error, 0 where there is none."""
    code = int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    return code or _CODES.get(str(error), 0)


def translate(error: BaseException, where: str) -> BaseException:
    """Turn an error of the driver into one of ours, with the cause kept; leave others alone."""
    if not isinstance(error, sqlite.Error):
        return error
    code = primary_code(error)
    ours: MultibotError
    if code in PASSING:
        ours = StoreUnavailableError(PASSING[code], where=where)
    elif code in LASTING:
        ours = PermanentError(LASTING[code], where=where, remedy=_RESTORE)
    else:
        ours = MultibotError(f"The database refused a statement: {error}.", where=where)
    ours.__cause__ = error
    return ours
