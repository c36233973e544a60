"""Texts that name a place: of a server, of a source, or of a file in one."""

import re

_NOT_THE_APPS = frozenset({".git", "__pycache__", ".venv", "node_modules"})
_OF_AN_EDITOR = re.compile(r"(\..*\.sw[a-p]|.*~|\.#.*|#.*#)\Z", re.DOTALL)
_GIT = ("git@", "http://", "https://", "ssh://", "file://")
_HTTP = ("http://", "https://")
_LEAST_PARTS = 3
NO_SOURCE = "-"
"""The source of an app that has no files of its own: its spec writes all of them."""
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


def is_not_the_apps(part: str) -> bool:
    """Tell the name of a file or folder that is version control's, a cache, or an editor's."""
    return part in _NOT_THE_APPS or _OF_AN_EDITOR.match(part) is not None
