"""``python -m clace.cli`` is ``clace``."""

from clace.cli.main import main

main()
