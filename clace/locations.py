"""Texts that name a place: of a server, or of a source."""

_GIT = ("git@", "http://", "https://", "ssh://", "file://")
_HTTP = ("http://", "https://")
_LEAST_PARTS = 3
DEFAULT_BRANCH = "main"
"""The branch of a git source for which none is named."""


def is_http_url(text: str) -> bool:
    """Return true for an URL over HTTP or HTTPS."""
    return text.startswith(_HTTP)


def is_git(text: str) -> bool:
    """Return true for a source that git fetches, such as ``host.tld/organization/repository``.

    Anything else is a folder.
    """
    if text.startswith(_GIT):
        return True
    if text.startswith(("/", ".", "~")):
        return False
    parts = text.split("/")
    return "." in parts[0] and len(parts) >= _LEAST_PARTS
