"""Names and labels by which containers, images and volumes of apps are known again."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from clace.model import App, AppKind, AppMetadata

CONTAINER, IMAGE, VOLUME = "clc", "cli", "clv"
IMAGE_PIN, ID_PIN, DIGEST_PIN = "image", "image_id", "image_digest"
"""Names of what fixes the image of a version."""
KeptVersions = Callable[[str], Awaitable[Iterable[AppMetadata]]]
"""Gives all versions of an app that are kept."""
_DIGITS = 16
_LABEL = "dev.clace."
APP_LABEL, HOME_LABEL, HASH_LABEL, COMMAND_LABEL = (
    f"{_LABEL}app.id",
    f"{_LABEL}server.home",
    f"{_LABEL}version.hash",
    f"{_LABEL}command",
)


def container_name(app: App, key: str) -> str:
    """The name of the container of an app that is made of exactly this."""
    return f"{CONTAINER}-{app.id.lower()}-{key[:_DIGITS]}"


def image_name(app: App, key: str) -> str:
    """The name of the image that is built of a source, one for production and staging."""
    dev = "dev-" if app.is_dev else ""
    return f"{images_of(app.id)}:{dev}{key[:_DIGITS]}"


def images_of(app_id: str) -> str:
    """The name that all images of an app and its staging app have."""
    return f"{IMAGE}-{app_id.removeprefix(AppKind.PROD).removeprefix(AppKind.STAGING).lower()}"


def volume_name(app: App, name: str) -> str:
    """The name of a volume that the app has under a name of its own, or for a folder inside."""
    return f"{VOLUME}-{app.id.lower()}-{digest(name)}"


def labels(app: App, home: Path, key: str) -> dict[str, str]:
    """The labels of a container."""
    version = app.metadata.version_metadata
    found = {
        APP_LABEL: app.id,
        HOME_LABEL: str(home),
        HASH_LABEL: key,
        f"{_LABEL}app.path": str(app.address),
        f"{_LABEL}dev": str(app.is_dev).lower(),
    }
    if not app.is_dev:
        found[f"{_LABEL}app.version"] = str(version.version)
        found[f"{_LABEL}git.sha"] = version.git_commit
        found[f"{_LABEL}git.message"] = version.git_message[:200]
    return {name: value for name, value in found.items() if value}


def digest(*parts: str) -> str:
    """One text for exactly these."""
    whole = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(whole.encode("utf-8", "surrogateescape")).hexdigest()
