"""The version of Clace."""

from __future__ import annotations

import importlib.metadata
import json

from msgspec import Struct

UNKNOWN = "dev"
UNKNOWN_BUILD = "dev_build"


class BuildVersion(Struct, frozen=True):
    """A version with its build: the commit, for what was installed from git."""

    version: str
    build: str

    def __str__(self) -> str:
        return f"Clace version {self.version} build {self.build}"


def installed_version() -> BuildVersion:
    """The version of this program."""
    try:
        installed = importlib.metadata.distribution("clace")
    except importlib.metadata.PackageNotFoundError:
        return BuildVersion(UNKNOWN, UNKNOWN_BUILD)
    return BuildVersion(installed.version, commit(installed.read_text("direct_url.json")))


def commit(direct_url: str | None) -> str:
    """The commit in what an installer noted of where a package came from (PEP 610)."""
    noted = json.loads(direct_url) if direct_url else {}
    return str(noted.get("vcs_info", {}).get("commit_id", UNKNOWN_BUILD))
