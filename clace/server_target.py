"""The server that a client talks to."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from clace.locations import is_http_url


class ServerTarget(NamedTuple):
    """The server that a command is for: ``uri`` is a socket's path or an URL."""

    uri: str
    user: str = ""
    password: str = ""
    token: str = ""
    as_user: str = ""
    skip_cert_check: bool = False
    ca_file: Path | None = None

    @property
    def is_socket(self) -> bool:
        return not is_http_url(self.uri)
