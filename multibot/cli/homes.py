"""Whether a folder is the home of a fleet: nothing is made in one that only looks like it."""

from multibot.errors import UsageError
from multibot.home import Home


def require(home: Home) -> None:
    """Refuse a folder in which there is neither a fleet file nor a database nor a backup."""
    if not any(each.exists() for each in (home.fleet_file, home.database, home.backups)):
        name = home.fleet_file.relative_to(home.root)
        raise UsageError(
            f"this is no multibot home: there is no {name} in it.",
            where=str(home.root),
            remedy="Make one with `multibot init`, or name the right folder with --home.",
        )
