"""The `multibot` program, and `python -m multibot`."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; Ctrl-C while it is only being loaded ends it without a word."""
    try:
        from multibot.cli.main import main as run_command  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        sys.exit(130)
    run_command()


if __name__ == "__main__":
    main()
