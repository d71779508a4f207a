"""Whether a folder is the home of a fleet: nothing is made in one that only looks like it."""

import os

from multibot.errors import UsageError
from multibot.home import Home
from multibot.supervise import conf

CONFIG = "MULTIBOT_CONFIG"


def require(home: Home) -> None:
    """Refuse a folder in which there is neither a fleet file nor anything that a fleet left."""
    if not (has_fleet_file(home) or _has_remains(home)):
        name = home.fleet_file.relative_to(home.root)
        raise UsageError(
            f"this is no multibot home: there is no {name} in it.",
            where=str(home.root),
            remedy="Make one with `multibot init`, or name the right folder with --home.",
        )


def has_fleet_file(home: Home) -> bool:
    """Say whether there is a fleet file, or another one is named in its place."""
    return home.fleet_file.exists() or bool(os.environ.get(CONFIG)) or _names_another(home)


def _names_another(home: Home) -> bool:
    # Not read as what it is: `status` has no time for that.
    try:
        return CONFIG.encode() in home.dotenv.read_bytes()
    except OSError:
        return False


def _has_remains(home: Home) -> bool:
    return home.database.exists() or home.backups.exists() or bool(conf.known_programs(home))
