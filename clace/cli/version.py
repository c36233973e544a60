"""Which Clace this is."""

from __future__ import annotations

import importlib.metadata
import json

UNKNOWN = "dev"
UNKNOWN_BUILD = "dev_build"


def version_text() -> str:
    """``Clace version 0.1.0 build 1a2b3c``; a commit is known of what was installed from git."""
    try:
        installed = importlib.metadata.distribution("clace")
    except importlib.metadata.PackageNotFoundError:
        return f"Clace version {UNKNOWN} build {UNKNOWN_BUILD}"
    return (
        f"Clace version {installed.version} build {commit(installed.read_text('direct_url.json'))}"
    )


def commit(direct_url: str | None) -> str:
    """The commit in what an installer noted of where a package came from (PEP 610)."""
    noted = json.loads(direct_url) if direct_url else {}
    return str(noted.get("vcs_info", {}).get("commit_id", UNKNOWN_BUILD))
