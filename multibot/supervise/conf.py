"""The supervisord.conf of a home: whether it is ours, and putting a new one in its place."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from multibot.errors import PermanentError
from multibot.home import Home
from multibot.supervise import render

if TYPE_CHECKING:
    from multibot.supervise.programs import Program

# supervisord binds `<socket>.<its pid>` before it links the socket's own name to it.
SOCKET_PATH_LIMIT = 107 - len(".4194304")

# Control characters and undecodable bytes, which cannot stand in supervisord's XML answers.
UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What supervisord itself reads in a configuration file."""

    socket: str
    log: str
    pid_file: str
    programs: dict[str, dict[str, object]]


def check_home(home: Home) -> None:
    """Refuse a folder that supervisord could not work in, before anything is written."""
    path = str(home.root)
    if "%" in path:
        # supervisord expands log paths twice, so no way of escaping holds for all values.
        raise _unfit(home, "its path holds a %, which supervisord takes for a variable")
    if UNSPEAKABLE.search(path):
        raise _unfit(home, "its path holds a character that cannot be printed")
    length = len(os.fsencode(home.socket))
    if length > SOCKET_PATH_LIMIT:
        too_many = length - SOCKET_PATH_LIMIT
        raise _unfit(
            home, f"the path of its control socket would be {too_many} bytes too long for a socket"
        )


def _unfit(home: Home, why: str) -> PermanentError:
    return PermanentError(
        f"a fleet cannot run in this folder: {why}.",
        where=repr(str(home.root)),
        remedy="Move it, or name another folder with --home.",
    )


def read(home: Home) -> str | None:
    """Return the text of our configuration, none if there is none; refuse somebody else's."""
    try:
        text = home.supervisord_conf.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PermanentError(
            f"this file cannot be read ({error.strerror}).",
            where=str(home.supervisord_conf),
            remedy="Move it away, or run as the user who owns it.",
        ) from error
    if not render.is_ours(text):
        raise PermanentError(
            "multibot did not write this file, and leaves it as it is.",
            where=str(home.supervisord_conf),
            remedy="Move it away, or use another --home.",
        )
    return text


def known_programs(home: Home) -> tuple[str, ...]:
    """Name the bots of the rendered configuration; none if there is none of ours."""
    try:
        return render.program_names(read(home) or "")
    except PermanentError:
        return ()


def write(home: Home, text: str, *, expected: Iterable[str] | None = None) -> bool:
    """Put a configuration in place in one step, mode 0600; say whether it differs from before.

    With `expected` names of programs, only if supervisord's own reader finds just those.
    """
    before = read(home)
    draft = _draft(home, text)
    try:
        if expected is not None and sorted(parse(draft).programs) != sorted(expected):
            _refuse(draft, "it would read other programs than were written.")
        draft.replace(home.supervisord_conf)
    finally:
        draft.unlink(missing_ok=True)
    return before != text


def install(home: Home, programs: "Collection[Program]", *, asleep: Collection[str] = ()) -> bool:
    """Write the configuration of these programs, read back as supervisord will read it."""
    text = render.render(programs, asleep=asleep)
    return write(home, text, expected=[program.bot_name for program in programs])


def _draft(home: Home, text: str) -> Path:
    # In the home folder itself, so that %(here)s means the same and the rename stays on one disk.
    import tempfile  # noqa: PLC0415 - `status` writes none

    descriptor, name = tempfile.mkstemp(prefix=".supervisord-", suffix=".conf", dir=home.root)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def parse(path: Path) -> Parsed:
    """Read a configuration with supervisord's own reader; nothing is started or opened."""
    from supervisor.options import ServerOptions  # noqa: PLC0415 - `status` has no time for it

    options = ServerOptions()
    options.usage = lambda message: _refuse(path, str(message))
    try:
        options.realize(["-c", str(path)], doc="", progname="supervisord")
    finally:
        options.poller.close()
    programs = {
        process.name: {
            "command": process.command,
            "directory": process.directory,
            "environment": process.environment,
            "log": process.stdout_logfile,
        }
        for group in options.process_group_configs
        for process in group.process_configs
    }
    return Parsed(options.serverurl, options.logfile, options.pidfile, programs)


def _refuse(path: Path, why: str) -> NoReturn:
    # supervisord lists every environment variable after this word: names, but nobody's business.
    why = why.split(" Available names:", maxsplit=1)[0]
    raise PermanentError("supervisord would refuse this configuration: " + why, where=str(path))
