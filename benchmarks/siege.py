"""A server under siege: 300 slow clients, 200 trickling bodies, 50 readers that do not read, and
60 password guessers at once.

``python -m benchmarks.siege`` takes a minute and a half, with the limits of the shipped
configuration and a password of the usual cost. All traffic is to addresses of this machine. It
fails if one of the promises of ``docs/security/limits.md`` is broken; they are meant for an idle
machine of two cores.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import bcrypt

from tests.support.daemon import PASSWORD, Daemon, password_hash
from tests.support.siege import Outcome, besiege

COUNTS = {"slow": 300, "trickling": 200, "unread": 50, "guessing": 60}
SLOWEST_MS, MOST_MB, GONE_SECONDS = 100, 100, 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, usual_daemon() as daemon:
        outcome = besiege(
            daemon, Path(folder), COUNTS, quiet_seconds=10, seconds=25, gone_seconds=GONE_SECONDS
        )
    for line in told(outcome):
        print(line)
    broken = list(broken_promises(outcome))
    sys.exit("\n".join(broken) if broken else 0)


def usual_daemon() -> Daemon:
    """A server whose password costs to check what passwords do."""
    daemon = Daemon()
    usual = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    text = daemon.config.read_text("utf-8").replace(password_hash(PASSWORD), usual)
    daemon.config.write_text(text, "utf-8")
    return daemon


def told(outcome: Outcome) -> list[str]:
    return [
        *(f"quiet   {name:7} {one}" for name, one in outcome.quiet.items()),
        *(f"siege   {name:7} {one}" for name, one in outcome.during.items()),
        f"memory grew by {outcome.grown_mb:.0f} MB",
        f"every connection was gone after {outcome.gone_seconds:.0f} s",
        f"guesses by status: {outcome.guesses}",
    ]


def broken_promises(outcome: Outcome) -> list[str]:
    slow = [name for name, one in outcome.during.items() if one.p99 >= SLOWEST_MS]
    return [
        *(f"{name}: {wrong}" for name, wrong in outcome.wrong.items()),
        *(f"{name} was slower than {SLOWEST_MS} ms" for name in slow),
        *([f"memory grew by more than {MOST_MB} MB"] if outcome.grown_mb >= MOST_MB else []),
        *(["connections were left"] if outcome.gone_seconds > GONE_SECONDS else []),
        *(["a guess was right"] if 200 in outcome.guesses else []),
    ]


if __name__ == "__main__":
    main()
