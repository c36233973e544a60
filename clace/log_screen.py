"""Between the log and observers that we did not make: texts of strangers drive no terminal."""

from __future__ import annotations

from twisted.application.service import Service
from twisted.logger import ILogObserver, LogEvent, LogPublisher, formatEvent
from zope.interface import implementer

from clace.text import printable

_KEPT = ("log_time", "log_level", "log_namespace", "log_system")


class LogScreen(Service):
    """Stand before every observer that is there at the start, such as twistd's own, while it runs.

    ``twistd -n`` writes what an app prints to the terminal, and ``--logfile`` to a file that
    somebody looks at with ``tail``.
    """

    def __init__(self, publisher: LogPublisher) -> None:
        self._publisher = publisher
        self._screened: list[tuple[ILogObserver, ILogObserver]] = []

    def startService(self) -> None:
        super().startService()
        there = tuple(self._publisher._observers)  # noqa: SLF001 - Twisted has no other way to ask
        self._screened = [(observer, ScreenedLog(observer)) for observer in there]
        for observer, screened in self._screened:
            self._publisher.removeObserver(observer)
            self._publisher.addObserver(screened)

    def stopService(self) -> None:
        super().stopService()
        for observer, screened in self._screened:
            self._publisher.removeObserver(screened)
            self._publisher.addObserver(observer)


@implementer(ILogObserver)
class ScreenedLog:
    """Hand an event on as plain text, its traceback too, with control characters spelled out."""

    def __init__(self, observer: ILogObserver) -> None:
        self._observer = observer

    def __call__(self, event: LogEvent) -> None:
        kept = {name: event[name] for name in _KEPT if name in event}
        self._observer({**kept, "log_format": "{text}", "text": printable(_text(event))})


def _text(event: LogEvent) -> str:
    text = formatEvent(event)
    failure = event.get("log_failure")
    return f"{text}\n{failure.getTraceback()}".strip() if failure is not None else text
