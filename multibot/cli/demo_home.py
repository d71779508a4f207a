"""The folder in which the demo's fleet lives, and that it leaves nothing of."""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from multibot.cli.output import say
from multibot.errors import MultibotError, PermanentError
from multibot.home import Home
from multibot.supervise import conf

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def temporary_home(*, keep: bool) -> Iterator[Home]:
    """Make a home of the shipped example, and remove it at the end."""
    root = _folder()
    home = Home(root)
    try:
        from multibot.cli.init import create

        _require_fit(home)
        create(home)
        try:
            yield home
        except MultibotError:
            # What went wrong stands in its logs; and whoever stopped the fleet may want its data.
            keep = True
            raise
    finally:
        if keep:
            say(f"The demo's home stays at {root}")
        else:
            _remove(root)


def _folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="multibot-demo-"))
    except OSError as error:
        raise PermanentError(
            f"the demo's home cannot be made: {error.strerror or error}.",
            where=str(error.filename or tempfile.gettempdir()),
            remedy="Set TMPDIR to a folder that you may write to.",
        ) from error


def _require_fit(home: Home) -> None:
    try:
        conf.check_home(home)
    except PermanentError as error:
        raise PermanentError(
            error.what, where=error.where, remedy="Set TMPDIR to another folder, such as /tmp."
        ) from error


def _remove(root: Path) -> None:
    """Remove it, however impatient somebody is by now."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    shutil.rmtree(root, ignore_errors=True)
