"""``python -m clace.cli`` is ``clace``."""

from clace.cli.program import main

main()
