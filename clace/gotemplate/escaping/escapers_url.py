"""Escapers for URLs and srcset."""

from __future__ import annotations

import re
from typing import Any, Final

from clace.gotemplate.escaping.escapers_html import FAILSAFE, stringify
from clace.gotemplate.go.values import URL, Srcset, encode

_SAFE_SCHEMES: Final = frozenset(("http", "https", "mailto"))
_ESCAPE: Final = re.compile(rb"[^-._~0-9A-Za-z]")
_NORMALIZE: Final = re.compile(rb"%(?![0-9a-fA-F]{2})|[^-._~0-9A-Za-z!#$&*+,/:;=?@\[\]%]")
_KEPT: Final = r"-._~0-9A-Za-z!#$*,/;=?@\[\]"
# URLs and words that are the same after all escapers of a link, or of a part of its query.
plain_url: Final = re.compile(rf"(?:https?:)?/[{_KEPT}:]*|[{_KEPT}]*").fullmatch
plain_word: Final = re.compile(r"[-._~0-9A-Za-z]*").fullmatch
_SPACE: Final = "\t\n\f\r "
_METADATA: Final = re.compile(r"[\t\n\f\r 0-9A-Za-z]*\Z")


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%%%02x" % found[0][0]


def process(text: str, *, normalize: bool) -> str:
    """Percent-encode what may not stand in a URL; a normalised one keeps its structure."""
    pattern = _NORMALIZE if normalize else _ESCAPE
    return pattern.sub(_percent, encode(text)).decode("ascii")


def is_safe(url: str) -> bool:
    """Return true if a URL is relative or has a scheme that cannot run script."""
    scheme, colon, _ = url.partition(":")
    return not colon or "/" in scheme or _fold(scheme) in _SAFE_SCHEMES


def _fold(scheme: str) -> str:
    # Go compares with Unicode case folding, in which the long s is an s.
    return scheme.lower().replace("\u017f", "s")


def url_filter(*args: Any) -> str:
    text = stringify(args)
    if type(text) is URL or is_safe(text):
        return str.__str__(text)
    return "#" + FAILSAFE


def url_escape(*args: Any) -> str:
    text = stringify(args)
    return process(text, normalize=type(text) is URL)


def url_normalize(*args: Any) -> str:
    return process(stringify(args), normalize=True)


def srcset(*args: Any) -> str:
    text = stringify(args)
    if type(text) is Srcset:
        return str.__str__(text)
    if type(text) is URL:
        return process(text, normalize=True).replace(",", "%2c")
    return ",".join(map(_srcset_element, text.split(",")))


def _srcset_element(element: str) -> str:
    bare = element.lstrip(_SPACE)
    found = re.search(f"[{_SPACE}]", bare)
    end = found.start() if found else len(bare)
    url, metadata = bare[:end], bare[end:]
    if not is_safe(url) or not _METADATA.match(metadata):
        return "#" + FAILSAFE
    lead = element[: len(element) - len(bare)]
    return lead + process(url, normalize=True) + metadata
