"""The `multibot` program, and `python -m multibot`."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line; Ctrl-C while it is only being loaded ends it without a word."""
    try:
        from multibot.cli.main import main as run_command  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            # The terminal shows Ctrl-C in the middle of a line.
            print(file=sys.stderr)  # noqa: T201 - what prints for us is not loaded
        sys.exit(130)
    run_command()


if __name__ == "__main__":
    main()
