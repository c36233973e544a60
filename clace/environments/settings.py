"""Settings of environments: where packages come from, and what a build may take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

from msgspec import Struct

from clace.errors import BadRequest

PYPI = "https://pypi.org/simple"
_PORTS = {"https": 443, "http": 80}


class PythonOptions(Struct, frozen=True, kw_only=True):
    """Options of ``[python]``; ``reveal`` puts a secret in the place of its name and blocks."""

    index_url: str = PYPI
    index_user: str = ""
    index_password: str = ""
    allowed_hosts: tuple[str, ...] = ("files.pythonhosted.org",)
    find_links: tuple[str, ...] = ()
    ca_file: str = ""
    offline: bool = False
    build_timeout_secs: float = 600
    build_memory_mb: int = 2048
    cache_mb: int = 2048
    reveal: Callable[[str], str] = str

    @property
    def network(self) -> tuple[str, ...]:
        """Return the ``HOST:PORT`` that a build may reach."""
        if self.offline:
            return ()
        urls = [url for url in (self.index_url, *self.find_links) if "://" in url]
        places = [place for url in urls if (place := _place(url))]
        hosts = [host if ":" in host else f"{host}:443" for host in self.allowed_hosts]
        return tuple(dict.fromkeys((*places, *hosts)))

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders of this machine among ``find_links``."""
        return tuple(url for url in self.find_links if "://" not in url)

    def check_places(self) -> None:
        """Look for what a build is shown of this machine. Blocks.

        :raises BadRequest: if it is not there; the text names the setting.
        """
        for folder in self.folders:
            if not Path(folder).is_dir():
                raise BadRequest(f"python.find_links: there is no folder {folder}")
        if self.ca_file and not Path(self.ca_file).is_file():
            raise BadRequest(f"python.ca_file: there is no file {self.ca_file}")

    def index_with_login(self) -> str:
        """Return the index with its name and password in the URL. Blocks.

        :raises ClaceError: if the secret cannot be had.
        """
        if not self.index_url or not (self.index_user or self.index_password):
            return self.index_url
        login = f"{quote(self.index_user, '')}:{quote(self.reveal(self.index_password), '')}"
        parts = urlsplit(self.index_url)
        return parts._replace(netloc=f"{login}@{parts.netloc}").geturl()


def _place(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 443)
    return f"{parts.hostname}:{port}" if parts.hostname else ""
