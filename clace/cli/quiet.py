"""The part of Twisted's log that a server in the foreground shows, under twistd's name for it.

The log is in its file, and readable on stderr with ``--logging.console``; stdout is for the lines
that an operator has to see.
"""

from __future__ import annotations

import sys

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    textFileLogObserver,
)


def errors() -> ILogObserver:
    """Errors, and what is written to stderr by those who do not know that twistd took it over."""
    stream = textFileLogObserver(sys.__stderr__ or sys.stderr)
    return FilteringLogObserver(stream, [LogLevelFilterPredicate(defaultLogLevel=LogLevel.error)])


def nothing() -> ILogObserver:
    """For a server that logs on stderr itself."""
    return LogPublisher()
