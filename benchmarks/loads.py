"""Load on one address by ``wrk``, and what it reports."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

PATIENCE = 30  # seconds for one answer
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_LATENCY = re.compile(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
_TOTAL = re.compile(r"(\d+) requests in ([\d.]+)(us|ms|s|m),")
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_ERRORS = re.compile(r"Socket errors: (.*)")


class Load(NamedTuple):
    """The requests of one run, its milliseconds, latencies in milliseconds, and errors."""

    requests: int
    milliseconds: float
    p50: float
    p99: float
    refused: int = 0
    errors: str = ""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return 1000 * self.requests / self.milliseconds


def need_wrk() -> None:
    """Exit with a hint where ``wrk`` is missing."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed: apt-get install wrk")


def load(url: str, headers: Mapping[str, str], *, connections: int = 16, seconds: int = 2) -> Load:
    """Send requests for some seconds, each connection one after the other.

    :raises ValueError: if nothing was answered.
    """
    named = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    done = subprocess.run(
        [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={PATIENCE}s"),
            *("--latency", *named, url),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"wrk failed: {(done.stdout + done.stderr).strip()}")
    return parsed(done.stdout)


def parsed(report: str) -> Load:
    """Read the report of ``wrk --latency``.

    :raises ValueError: if the text is not such a report.
    """
    total = _TOTAL.search(report)
    latencies = {int(percent): _in_ms(*found) for percent, *found in _LATENCY.findall(report)}
    if total is None or not {50, 99} <= latencies.keys():
        raise ValueError(f"not a report of wrk --latency: {report!r}")
    refused, errors = _REFUSED.search(report), _ERRORS.search(report)
    return Load(
        int(total[1]),
        _in_ms(total[2], total[3]),
        latencies[50],
        latencies[99],
        int(refused[1]) if refused else 0,
        errors[1] if errors else "",
    )


def _in_ms(number: str, unit: str) -> float:
    return float(number) * _MILLISECONDS[unit]
