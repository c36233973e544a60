"""Folders and files of this machine, and volumes, as a container is given them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from clace.containers.names import digest
from clace.containers.secret_files import rendered
from clace.containers.settings import ContainerSettings
from clace.containers.volumes import (
    Volume,
    bound_folder,
    kept_folder,
    mount_argument,
    read_volume,
    source_folder,
)
from clace.errors import AppBroken, BadRequest, SourceError
from clace.interfaces import WorkloadOrder
from clace.model import App, WorkloadConfig

_SOCKETS = ("docker.sock", "podman.sock", "containerd.sock", "crio.sock")
_ENGINES = ("/run/docker.sock", "/run/podman", "/run/containerd", "/run/crio")


def volume_texts(app: App, config: WorkloadConfig) -> tuple[str, ...]:
    """The volumes that an app and its operator ask for, as they wrote them."""
    of_dev = config.dev.additional_mounts if app.is_dev else ()
    return tuple(dict.fromkeys((*config.volumes, *app.metadata.container_volumes, *of_dev)))


class ContainerMounts:
    """Makes the mounts of a container, whose files are below ``folder``."""

    def __init__(self, settings: ContainerSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder

    def check(self, app: App, config: WorkloadConfig) -> None:
        """:raises BadRequest: if a volume cannot be had; nothing of it is made."""
        self._check_nested(map(read_volume, volume_texts(app, config)), app)

    async def of(self, order: WorkloadOrder, more: tuple[str, ...]) -> tuple[str, ...]:
        """The values of ``--volume``: what is asked for, and ``more``, which the image asks for.

        :raises AppBroken: if one cannot be had.
        """
        try:
            volumes = list(map(read_volume, volume_texts(order.app, order.config)))
            self._check_nested(volumes, order.app)
            volumes += map(kept_folder, more)
            by_target = {volume.target: volume for volume in reversed(volumes)}
            return tuple([await self._mount(by_target[key], order) for key in sorted(by_target)])
        except (BadRequest, SourceError) as error:
            raise AppBroken(error.message) from None

    def of_source(self, app: App, place: str) -> str:
        """The folder of the source of an app that its container may be shown at this moment: who
        may write to the source is not who may choose folders of this machine.

        :raises AppBroken: if ``place`` leads elsewhere, or is this server's own.
        """
        try:
            real = source_folder(place, app)
            self._refuse_ours(real, app)
        except BadRequest as error:
            raise AppBroken(error.message) from None
        return real

    def forget(self, app_id: str) -> None:
        """Remove the files that were made of an app's secrets."""
        shutil.rmtree(self._folder / app_id.lower(), ignore_errors=True)

    async def _mount(self, volume: Volume, order: WorkloadOrder) -> str:
        if volume.template:
            return mount_argument(volume, order.app, str(await self._secret(volume, order)))
        if volume.folder:
            source, is_read_only = self._bound(volume, order.app)
            mode = ":ro" if is_read_only and not volume.is_read_only else ""
            return f"{mount_argument(volume, order.app, source)}{mode}"
        return mount_argument(volume, order.app)

    def _check_nested(self, volumes: Iterable[Volume], app: App) -> None:
        """Check the folders of this machine, of which none may lie in one that the app writes to: a
        program of the app could put a link in its place when it was looked at already.

        :raises BadRequest: if one does, or cannot be had.
        """
        bound = [self._bound(volume, app) for volume in volumes if volume.folder]
        written = [top for top, is_read_only in bound if not is_read_only]
        for real, _ in bound:
            for top in written:
                if top in map(str, Path(real).parents):
                    raise BadRequest(
                        f"volume {real}: it lies in {top}, which the app may write to as well"
                    )

    def _bound(self, volume: Volume, app: App) -> tuple[str, bool]:
        settings = self._settings
        found = bound_folder(volume, app, settings.allowed_mounts, settings.environment)
        self._refuse_ours(found[0], app)
        return found

    def _refuse_ours(self, real: str, app: App) -> None:
        _refuse_our_own(real, self._settings.home, self._settings.environment)
        _refuse_inside(real, self._settings.home, app)

    async def _secret(self, volume: Volume, order: WorkloadOrder) -> Path:
        """Write a file that is made of a template and the params, for this container to read."""
        template = (await order.files.read(volume.template)).decode("utf-8", "replace")
        text = rendered(volume.template, template, order.environment)
        folder = self._folder / order.app.id.lower() / "secrets"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{digest(volume.template, text)[:16]}.gen"
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o444)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
        return path


def _refuse_our_own(real: str, home: Path, environment: Mapping[str, str]) -> None:
    """:raises BadRequest: if this would hand an app the engine, or this server's files."""
    for place in (*_places_of_engines(environment), os.path.realpath(home)):
        if real in {"/", place} or place.startswith(f"{real}/"):
            raise BadRequest(f"volume {real}: {place} is never handed to an app")
    try:
        is_socket = stat.S_ISSOCK(Path(real).stat().st_mode)
    except OSError:
        raise BadRequest(f"volume {real}: it does not exist") from None
    if is_socket or Path(real).name in _SOCKETS:
        raise BadRequest(f"volume {real}: a socket is never handed to an app")


def _refuse_inside(real: str, home: Path, app: App) -> None:
    """:raises BadRequest: if it is in the home of this server, but for a source that was sent."""
    own = Path(os.path.realpath(app.source_url)) if app.source_url.startswith("/") else None
    top, place = Path(os.path.realpath(home)), Path(real)
    is_own = own is not None and top in own.parents and place.is_relative_to(own)
    if place.is_relative_to(top) and not is_own:
        raise BadRequest(f"volume {real}: {top} is never handed to an app")


def _places_of_engines(environment: Mapping[str, str]) -> Iterator[str]:
    yield from _ENGINES
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        yield f"{os.path.realpath(runtime)}/podman"
