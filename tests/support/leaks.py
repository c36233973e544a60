"""Secrets that a server must not have written down: looked for in its logs and databases."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.daemon import PASSWORD, Daemon

# Whatever a test did: the administrator's password, and texts that look like proofs of ours.
_ALWAYS = re.compile(
    b"|".join(
        (
            re.escape(PASSWORD.encode()),
            re.escape(b64encode(f"admin:{PASSWORD}".encode())),
            rb"_clace_session=[\w-]{20}",
            rb"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.",
            rb"clace_(?:hook_)?[0-9A-Za-z]{30,}",
        )
    )
)


def logs_of(daemon: Daemon) -> Iterator[Path]:
    """The files of a server's home that are logs, or what was printed."""
    yield from (file for file in (daemon.stdout, daemon.stderr) if file.exists())
    yield from (file for file in (daemon.home / "logs").glob("*") if file.is_file())


def databases_of(daemon: Daemon) -> Iterator[Path]:
    """The files of its databases, with what waits beside them."""
    yield from (file for file in (daemon.home / "metadata").glob("*") if file.is_file())


def leaks(daemon: Daemon) -> list[str]:
    """What in the logs looks like a secret, and where."""
    found = []
    for file in logs_of(daemon):
        match = _ALWAYS.search(file.read_bytes())
        if match:
            found.append(f"{file.name}: {match[0].decode('utf-8', 'replace')}")
    return found


def holding(files: Iterable[Path], secrets: Iterable[str]) -> list[str]:
    """Which of the secrets are in which of the files."""
    contents = {file.name: file.read_bytes() for file in files}
    return [
        f"{name}: {secret}"
        for secret in sorted(set(secrets))
        for name, content in contents.items()
        if secret.encode() in content
    ]
