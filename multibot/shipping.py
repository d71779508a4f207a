"""The files that come with the program: example bots, migrations, the environment example."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(name: str, package: Path = _PACKAGE) -> Path:
    """Find a shipped file or folder: inside an installed package, beside it in a checkout."""
    bundled = package / "shipped"
    return (bundled if bundled.is_dir() else package.parent) / name
