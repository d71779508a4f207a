"""`python -m multibot`."""

from multibot.cli.main import main

main()
