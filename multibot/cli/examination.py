"""What `multibot doctor` looks at: each examination takes facts and returns one finding."""

import re
import shlex
import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

OLDEST_PYTHON = (3, 11)
SUPERVISOR_VERSION = "4.3.0"
OPEN_FILES_NEEDED = 4096
DISK_LOW = 1024**3
DISK_FULL = 100 * 1024**2
# No earlier than the code itself: a clock before this is a clock that was never set.
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK_SLACK = timedelta(minutes=1)
_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_TOKEN = re.compile(r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}")
_HEX_KEY = re.compile(r"[0-9a-f]{64}")
_CLIENT_SECRET = re.compile(r"[\w-]{32}")


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one examination found, and what to do about it."""

    subject: str
    level: Level
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        cure = f" {self.remedy}" if self.remedy else ""
        return f"{self.level:<5} {self.subject:<21} {self.message}{cure}"

    def as_dict(self) -> dict[str, str]:
        """Return the finding as JSON can hold it."""
        return asdict(self)


def ok(subject: str, message: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(subject, Level.OK, message)


def warn(subject: str, message: str, remedy: str) -> Finding:
    """Say that something works, but should be changed."""
    return Finding(subject, Level.WARN, message, remedy)


def fail(subject: str, message: str, remedy: str) -> Finding:
    """Say that the fleet cannot or must not run like this."""
    return Finding(subject, Level.FAIL, message, remedy)


def python(version: Sequence[int]) -> Finding:
    """Examine the interpreter's version."""
    name = ".".join(map(str, version[:3]))
    if tuple(version[:2]) < OLDEST_PYTHON:
        return fail("python", f"{name} is too old.", "Install Python 3.11 or newer.")
    return ok("python", name)


def sqlite(version: Sequence[int], driver: str, oldest: Sequence[int]) -> Finding:
    """Examine the SQLite library that this Python would use."""
    name = f"{'.'.join(map(str, version))} ({driver})"
    if tuple(version) < tuple(oldest):
        return fail(
            "sqlite",
            f"{name} can corrupt a file that several processes write.",
            f"Install the package `pysqlite3`, or a Python with SQLite "
            f"{'.'.join(map(str, oldest))} or newer.",
        )
    return ok("sqlite", name)


def supervisor(version: str | None) -> Finding:
    """Examine the installed supervisor."""
    remedy = f"Install supervisor=={SUPERVISOR_VERSION} beside multibot."
    if version is None:
        return fail("supervisor", "not installed.", remedy)
    if version != SUPERVISOR_VERSION:
        return warn("supervisor", f"{version} is not the version multibot is tested with.", remedy)
    return ok("supervisor", version)


def compiled(package: str, folder: Path, missing: int, total: int) -> Finding:
    """Examine whether a package's modules are compiled; each start pays for those that are not."""
    if missing:
        return warn(
            f"pyc {package}",
            f"{missing} of {total} modules are not compiled; every start compiles them again.",
            f"Run: python -m compileall -q {_quoted(folder)}",
        )
    return ok(f"pyc {package}", f"{total} modules compiled")


def private(subject: str, path: Path, mode: int | None, *, secret: bool = False) -> Finding:
    """Examine a file or folder that only its owner should read; `mode` is None when it is absent."""
    if mode is None:
        return ok(subject, "not there yet")
    shown = f"mode {stat.S_IMODE(mode):04o}"
    if not mode & _OTHERS:
        return ok(subject, shown)
    wanted = "700" if stat.S_ISDIR(mode) else "600"
    level = Level.FAIL if secret or mode & _OTHERS_WRITE else Level.WARN
    return Finding(
        subject, level, f"{shown} lets others in.", f"Run: chmod {wanted} {_quoted(path)}"
    )


def dotenv(path: Path, mode: int | None) -> Finding:
    """Examine the file with the tokens; as `check` does, it warns, and the fleet starts."""
    found = private(path.name, path, mode)
    return found if found.level is Level.OK else replace(found, level=Level.WARN)


def home_folder(path: Path, mode: int | None) -> Finding:
    """Examine the home itself: whoever may write there decides what the bots run."""
    if mode is None:
        return fail("home", f"{path} does not exist.", f"Run: multibot init {_quoted(path)}")
    return private("home", path, mode)


def place(name: str, path: Path, *, is_folder: bool, writable: bool) -> Iterator[Finding]:
    """Examine whether the fleet can write there; says nothing where it can."""
    if not is_folder:
        yield fail(name, f"{path} is no folder.", "Move it away; `multibot up` makes the folder.")
    elif not writable:
        yield fail(
            name,
            f"{path} cannot be written: it is another user's, or its disk is read-only.",
            "Run as its owner, or make the disk writable.",
        )


def database(found: int, known: int, damage: str) -> Finding:
    """Examine the schema of the shared file, and what SQLite says of its pages."""
    if damage:
        return fail("database", f"it is damaged: {damage}.", "Restore a backup.")
    if found > known:
        return fail(
            "database",
            f"it has schema {found}, and this multibot knows {known} at most.",
            "Upgrade multibot.",
        )
    if found < known:
        return ok("database", f"schema {found}; `multibot up` brings it to {known}")
    return ok("database", f"schema {found}")


def unreadable(path: str, why: str) -> Finding:
    """Say that the home could not even be looked at."""
    return fail("home", f"{path} cannot be read: {why}.", "Run multibot as its owner.")


def owner(strangers: Sequence[Path], me: int) -> Finding:
    """Examine who owns what the bots write; `strangers` is what somebody else owns."""
    if strangers:
        return fail(
            "owner",
            f"{', '.join(map(str, strangers))}: not yours.",
            f"Run multibot as their owner, or: sudo chown -R {me} {_quoted(strangers[0])}",
        )
    return ok("owner", "everything is yours")


def conf_file(conf: Path, text: str | None, *, ours: bool) -> Finding:
    """Examine whether `supervisord.conf` is one that `multibot up` may replace."""
    if text is None:
        return ok("conf", "not rendered yet; `multibot up` does it")
    if not ours:
        return fail(
            "conf",
            f"{conf} was not written by multibot, and `up` will not overwrite it.",
            "Move it away.",
        )
    return ok("conf", "rendered by multibot")


def socket_path(path: bytes, limit: int) -> Finding:
    """Examine whether the control socket's path fits into a socket address."""
    if len(path) > limit:
        return fail(
            "socket",
            f"its path has {len(path)} bytes, at most {limit} fit.",
            "Move the home to a shorter path.",
        )
    return ok("socket", f"path of {len(path)} bytes, {limit} fit")


def file_system(kind: str | None, *, network: bool) -> Finding:
    """Examine what holds `data/`: SQLite's WAL needs memory that one machine shares."""
    if network:
        return fail(
            "file system",
            f"data/ is on {kind}, a network file system, where the database can be corrupted.",
            "Move the home to a local disk (in a container: a volume, no bind mount).",
        )
    return ok("file system", f"data/ is on {kind}" if kind else "cannot be told on this system")


def disk(free: int) -> Finding:
    """Examine the free space where the fleet writes."""
    shown = f"{free / 1024**3:.1f} GiB free"
    if free < DISK_FULL:
        return fail("disk", f"{shown}.", "Free some space: the bots cannot store messages.")
    if free < DISK_LOW:
        return warn("disk", f"{shown}.", "Free some space before the database needs it.")
    return ok("disk", shown)


def wall_clock(now: datetime, newest_write: datetime | None) -> Finding:
    """Examine the machine's time against the calendar and against what was written last."""
    if now < EARLIEST:
        return fail("clock", f"it says {now:%Y-%m-%d}.", "Set the clock (NTP).")
    if newest_write is not None and newest_write > now + CLOCK_SLACK:
        return warn(
            "clock",
            f"the database was last written in the future ({newest_write:%Y-%m-%d %H:%M} UTC).",
            "Check the clock (NTP): sessions and limits go by it.",
        )
    return ok("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def open_files(hard_limit: int | None) -> Finding:
    """Examine how many files a process may open; None means that there is no limit."""
    if hard_limit is not None and hard_limit < OPEN_FILES_NEEDED:
        return fail(
            "open files",
            f"at most {hard_limit} per process.",
            f"supervisord asks for {OPEN_FILES_NEEDED}: raise `ulimit -Hn` (systemd: LimitNOFILE).",
        )
    return ok("open files", "no limit" if hard_limit is None else f"up to {hard_limit}")


def token(bot_name: str, value: str | None, *, real_discord: bool) -> Finding:
    """Examine the shape of a bot's token. The finding never holds the token or a part of it."""
    subject = f"token {bot_name}"
    if value is None:
        return fail(subject, "unset.", "Put it into .env (see the guide to setting up Discord).")
    fault = _spoiled(value)
    if fault:
        return fail(subject, fault, "Correct it in .env.")
    if not real_discord or _TOKEN.fullmatch(value):
        return ok(subject, "set")
    return warn(
        subject,
        _mistaken(value),
        "Copy the token from the application's Bot page (see the guide to setting up Discord).",
    )


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _spoiled(value: str) -> str:
    if value.startswith("Bot "):
        return "starts with `Bot`; only the token itself belongs there."
    if value != value.strip() or any(map(str.isspace, value)):
        return "has white space in it."
    if value[:1] in {'"', "'"} or value[-1:] in {'"', "'"}:
        return "has quotation marks as part of it."
    return ""


def _mistaken(value: str) -> str:
    if value.isdecimal():
        return "is a number: that is an application or user id."
    if _HEX_KEY.fullmatch(value):
        return "looks like the application's public key."
    if _CLIENT_SECRET.fullmatch(value):
        return "looks like the OAuth2 client secret."
    return "does not look like a Discord token (three parts with dots between)."
