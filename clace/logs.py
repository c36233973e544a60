"""Logs of the daemon: JSON lines in a file, readable text on a stream; secrets in neither."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import msgspec
from msgspec import Struct
from twisted.application.service import Service
from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    LogPublisher,
    formatEvent,
)
from zope.interface import implementer

from clace.log_files import RotatingFile
from clace.service import refused
from clace.text import json_text, printable, time_text
from clace.units import MEBIBYTE

HIDDEN = "<redacted>"
FILE_NAME = "clace.json"
_SECRET = re.compile(
    r"passw|secret|token|authorization|cookie|credential|private_?key", re.IGNORECASE
)
_THRESHOLDS = {
    "ERROR": LogLevel.error,
    "WARN": LogLevel.warn,
    "INFO": LogLevel.info,
    "DEBUG": LogLevel.debug,
    "TRACE": LogLevel.debug,
}
# Twisted calls every logged failure critical; readers of such files take that for the end
_NAMES = {LogLevel.critical: "error"}
# what Twisted's older log adds to an event for its own use
_LEGACY = frozenset({"failure", "format", "isError", "message", "printed", "system", "time", "why"})
_INT64 = 2**63


class LogOptions(Struct, frozen=True, kw_only=True):
    """The choice of messages to log, and of the files they go to."""

    folder: Path
    level: str = "INFO"
    file: bool = True
    console: bool = False
    max_bytes: int = 50 * MEBIBYTE
    backups: int = 10


class LogService(Service):
    """Observes while it runs. First among services: the last to stop hears what the others say."""

    def __init__(
        self,
        publisher: LogPublisher,
        observers: tuple[ILogObserver, ...],
        file: RotatingFile | None,
        stderr: TextIO,
    ) -> None:
        self._publisher = publisher
        self._observers = observers
        self._file = file
        self._stderr = stderr

    def startService(self) -> None:
        """Begin to observe; a log file that cannot be written ends the process in one line."""
        super().startService()
        if self._file is not None:
            try:
                self._file.prepare()
            except OSError as error:
                raise refused(error, self._stderr) from error
        for observer in self._observers:
            self._publisher.addObserver(observer)

    def stopService(self) -> None:
        super().stopService()
        for observer in self._observers:
            self._publisher.removeObserver(observer)
        if self._file is not None:
            self._file.close()


def make_logs(options: LogOptions, publisher: LogPublisher, stderr: TextIO) -> LogService:
    """The service for these options; ``stderr`` must not be one that twistd turned into a log."""
    file = RotatingFile(options.folder / FILE_NAME, options.max_bytes, options.backups)
    observers: list[ILogObserver] = []
    if options.file:
        observers.append(at_level(options.level, JSONLines(file.write)))
    if options.console:
        observers.append(at_level(options.level, ConsoleLog(stderr)))
    return LogService(publisher, tuple(observers), file if options.file else None, stderr)


def at_level(level: str, observer: ILogObserver) -> ILogObserver:
    """The observer, told only of what is at least so important."""
    threshold = LogLevelFilterPredicate(defaultLogLevel=_THRESHOLDS[level])
    return FilteringLogObserver(observer, [threshold])


@implementer(ILogObserver)
class JSONLines:
    """An object a line: level, time, caller, message, and what fields of the event JSON can say."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._lost = 0

    def __call__(self, event: LogEvent) -> None:
        """Write the event. One that cannot be written is counted, and told with the next."""
        record = record_of(event)
        if self._lost:
            record["lost_before"] = self._lost
        try:
            self._write(json_text(msgspec.json.encode(record)).encode() + b"\n")
        except OSError:
            # a full disk must not end what was being done, nor be logged to the same disk
            self._lost += 1
        else:
            self._lost = 0


@implementer(ILogObserver)
class ConsoleLog:
    """A line of text for each event, with its traceback if it has one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: LogEvent) -> None:
        record = record_of(event)
        # Further lines of a message are indented, so that none passes for another event.
        message = record["message"].replace("\n", "\n  ")
        head = f"{record['time']} {record['level']:5} {record['caller']} {message}\n"
        self._stream.write(printable(head + record.get("traceback", "")))
        self._stream.flush()


def record_of(event: LogEvent) -> dict[str, Any]:
    """The event as plain values, without secrets."""
    safe = {key: HIDDEN if _SECRET.search(key) else value for key, value in event.items()}
    # Twisted's cache of a formatted event would bring back what was hidden
    safe.pop("log_flattened", None)
    head = {
        "level": _level_name(event),
        "time": time_text(event.get("log_time", 0.0)),
        "caller": _text(str(event.get("log_namespace", "-"))),
        "message": _text(formatEvent(safe)),
    }
    return head | dict(_plain_fields(safe)) | head


def _plain_fields(event: LogEvent) -> Iterator[tuple[str, Any]]:
    for key, value in event.items():
        if not key.startswith("log_") and key not in _LEGACY and _is_plain(value):
            yield _text(key), _plain(value)
    failure = event.get("log_failure")
    if failure is not None:
        yield "error", _text(f"{failure.type.__qualname__}: {failure.getErrorMessage()}")
        yield "traceback", _text(failure.getTraceback())


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(item, str | int | float | Path) for item in value)
    return value is None or isinstance(value, str | int | float | Path)


def _plain(value: object) -> object:
    match value:
        case str() | Path():
            return _text(str(value))
        case list() | tuple():
            return [_plain(item) for item in value]
        case int() if not -_INT64 <= value < _INT64:
            return hex(value)
        case _:
            return value


def _level_name(event: LogEvent) -> str:
    level = event.get("log_level", LogLevel.info)
    return _NAMES.get(level) or str(level.name)


def _text(written: str) -> str:
    """A text that can be encoded: file names and headers may hold half characters."""
    return written.encode("utf-8", "backslashreplace").decode("utf-8")
