"""Two servers beside each other: samples of interleaved rounds, and their ratios."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Sample(NamedTuple):
    """Requests per second, milliseconds of latency, and microseconds of CPU for a request."""

    rate: float
    p50: float
    p99: float
    cpu: float


class Ratio(NamedTuple):
    """The median of the rounds' ratios, and the least and the most of them."""

    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f}-{self.most:.2f})"


class Compared(NamedTuple):
    """The samples of all rounds of one row; the same number of both."""

    ours: Sequence[Sample]
    peers: Sequence[Sample]

    @property
    def cpu(self) -> Ratio:
        """Our CPU for a request divided by the peer's."""
        return ratio([one.cpu for one in self.ours], [one.cpu for one in self.peers])

    @property
    def rate(self) -> Ratio:
        """Our requests per second divided by the peer's."""
        return ratio([one.rate for one in self.ours], [one.rate for one in self.peers])


def ratio(ours: Sequence[float], peers: Sequence[float]) -> Ratio:
    """Divide round by round; a peer's figure of nothing makes the ratio infinite."""
    each = [
        mine / theirs if theirs else float("inf") for mine, theirs in zip(ours, peers, strict=True)
    ]
    return Ratio(median(each), min(each), max(each))


def middle(samples: Sequence[Sample]) -> Sample:
    """Return the median of each figure."""
    return Sample(*map(median, zip(*samples, strict=True)))


HEADING = (
    f"{'':36}{'':10}{'requests/s':>12}{'p50, ms':>10}{'p99, ms':>10}{'CPU, us':>11}"
    "   ratio of CPU, of requests/s: median (least-most)"
)


def lines(row: str, compared: Compared) -> list[str]:
    """Tell one row in two lines: ours with the ratios, and the peer's."""
    ours, peers = (_figures(middle(each)) for each in compared)
    ratios = f"   {compared.cpu!s:20}  {compared.rate!s:20}".rstrip()
    return [f"{row:36}{'Clace':10}{ours}{ratios}", f"{'':36}{'peer':10}{peers}"]


def _figures(sample: Sample) -> str:
    return f"{sample.rate:12.1f}{sample.p50:10.2f}{sample.p99:10.2f}{sample.cpu:11.0f}"
