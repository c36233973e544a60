"""Redirects of git hosts: followed to another path of the same host, and nowhere else.

Git would follow them anywhere. A host could so have the server ask its own services, or those of
its network, which answer whoever asks from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from clace.errors import SourceError
from clace.sources.places import GitPlace, parse

MOST = 3
# What curl sends and receives, without the content and without passwords, goes to the errors.
TRACED: Mapping[str, str] = {"GIT_TRACE_CURL": "1", "GIT_TRACE_CURL_NO_DATA": "1"}
_REDIRECTED = re.compile(r"The requested URL returned error: 30[12378]\Z")
_LOCATION = re.compile(rb"<= Recv header: location: *([!-~]+)", re.IGNORECASE)
_ASKED = "/info/refs?service=git-upload-pack"
_PORTS = {"http": 80, "https": 443}
_SHOWN = 200


def is_redirected(complaint: str) -> bool:
    """Tell if git was sent elsewhere, by what it said."""
    return _REDIRECTED.search(complaint) is not None


def leads_to(place: GitPlace, trace: bytes) -> GitPlace:
    """Return the place that a host sent git to, by the trace of its requests.

    :raises SourceError: if it is not a repository of the same host.
    """
    locations = _LOCATION.findall(trace)
    location = locations[-1].decode("ascii") if locations else "a place that it does not name"
    try:
        url = urljoin(place.url + _ASKED, location)
        found = parse(f"{url.removesuffix(_ASKED)}//")
        if url.endswith(_ASKED) and _is_same(place, found):
            return replace(found, folder=place.folder, is_marked=place.is_marked)
    except (ValueError, SourceError):
        pass
    there = _shown(location.removesuffix(_ASKED))
    why = f"its host sends git to {there}; if you mean that, name it as the source"
    raise SourceError(f"cannot fetch {place.url}: {why}")


def _is_same(place: GitPlace, found: GitPlace) -> bool:
    """Tell if a place is on the same host and port, or that of HTTPS in place of HTTP."""
    before, after = _address(place), _address(found)
    is_better = (before[0], after[0]) == ("http", "https") and (before[2], after[2]) == (80, 443)
    return before == after or (is_better and before[1] == after[1])


def _address(place: GitPlace) -> tuple[str, str, int]:
    parts = urlsplit(place.url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)


def _shown(url: str) -> str:
    """A URL without the password that may be in it."""
    return re.sub(r"(?<=//)[^/]*@", "", url)[:_SHOWN]
