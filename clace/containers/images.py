"""Images of apps: built of their sources, or pulled, and kept by what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.defer import TimeoutError as Late

from clace.containers.commands import EngineCommands
from clace.containers.containerfile import ContainerFile, read_containerfile
from clace.containers.dev import DevPlan, check_last, dev_plan
from clace.containers.inspected import the_one
from clace.containers.names import (
    DIGEST_PIN,
    HOME_LABEL,
    ID_PIN,
    IMAGE_PIN,
    digest,
    image_name,
    images_of,
)
from clace.containers.settings import ContainerSettings
from clace.errors import AppBroken, AppBusy, SourceError
from clace.interfaces import IFiles, Tell, WorkloadOrder
from clace.model import AUTO, CONTAINER_FILES, IMAGE_PREFIX, NIXPACKS, AppKind, Lifetime
from clace.os_errors import os_reason

_PULL_SECONDS = 1800


class ISourceFolder(Protocol):
    """Writes the files of a version into a folder."""

    async def take(self, app_id: str, files: IFiles) -> Path:
        """Return the folder, which has exactly these files, and stays until it is left."""

    async def leave(self, app_id: str, folder: Path) -> None:
        """Use it no more."""

    async def forget(self, app_id: str) -> None:
        """Remove all of an app."""


class IImageUses(Protocol):
    """Remembers which app has which images."""

    def given(self, app_id: str, name: str) -> None:
        """An app is about to use an image that is built for it, or was."""

    async def pulled(self, app_id: str, image: str, reference: str, *, is_new: bool) -> None:
        """An app is about to use an image of a registry; ``is_new`` if it was not here before."""


class AppImage(Struct, frozen=True, kw_only=True):
    """An image that is here: its id, and its port and volumes. ``dev`` is how the source of a dev
    app is run in it, if that may be mounted. ``pins`` fix it.
    """

    id: str
    file: ContainerFile = ContainerFile()
    dev: DevPlan | None = None
    pins: Mapping[str, str] = {}


class _Build(Struct, frozen=True, kw_only=True):
    """An image that is to be built from a stage of a file, the last one if none is named."""

    name: str
    image: str
    target: str


class Images:
    """Builds and pulls images, of those that are built a few at a time."""

    def __init__(
        self,
        commands: EngineCommands,
        sources: ISourceFolder,
        clock: Any,
        settings: ContainerSettings,
        uses: IImageUses,
    ) -> None:
        self._commands = commands
        self._uses = uses
        self._sources = sources
        self._clock = clock
        self._settings = settings
        self._turns = DeferredSemaphore(settings.most_builds)

    async def of(self, order: WorkloadOrder, tell: Tell) -> AppImage:
        """The image that the program of an app runs in, built or pulled unless it is here.

        :raises AppBroken: if it cannot be had; the text has the last lines of the build.
        :raises AppBusy: if too many others are being built.
        """
        src = order.config.src
        if src == NIXPACKS:
            raise AppBroken("nixpacks container source not supported yet")
        if src.startswith(IMAGE_PREFIX):
            return await self._pulled(order, src.removeprefix(IMAGE_PREFIX), tell)
        name = file_of(order.files, src)
        try:
            text = (await order.files.read(name)).decode("utf-8", "replace")
        except SourceError as error:
            raise AppBroken(error.message) from None
        file = read_containerfile(text, arguments(order))
        check_last(order, file)
        plan = dev_plan(order, file)
        if plan is not None:
            file = replace(plan.file, port=order.config.dev.port or plan.file.port or file.port)
        check_port(order, file, name)
        return await self._built(order, name, AppImage(id="", file=file, dev=plan), tell)

    async def forget(self, app_id: str) -> None:
        """Remove the images that were built for an app; those of a staging app are its app's."""
        if app_id.startswith(AppKind.STAGING):
            return
        found = await self._commands.run("images", "--format", "{{.Repository}}:{{.Tag}}")
        wanted = f"{images_of(app_id)}:"
        names = {line.strip().removeprefix("localhost/") for line in found.output.splitlines()}
        for name in sorted(name for name in names if name.startswith(wanted)):
            await self._commands.run("rmi", name)

    async def _built(
        self, order: WorkloadOrder, name: str, wanted: AppImage, tell: Tell
    ) -> AppImage:
        image = image_name(order.app, _made_of(order, name, wanted.dev))
        self._uses.given(order.app.id, image)
        found = await self._id_of(image)
        if not found:
            target = wanted.dev.target if wanted.dev is not None else ""
            await self._in_turn(order, _Build(name=name, image=image, target=target), tell)
            found = await self._id_of(image)
        return replace(wanted, id=found, pins={ID_PIN: found})

    async def _in_turn(self, order: WorkloadOrder, build: _Build, tell: Tell) -> None:
        """Build when it is this one's turn.

        :raises AppBusy: if that takes too long.
        """
        turn = self._turns.acquire()
        turn.addTimeout(self._settings.build_wait_seconds, self._clock)
        try:
            await turn
        except Late:
            raise AppBusy("too many images of containers are being built, try again") from None
        try:
            if not await self._id_of(build.image):
                await self._build(order, build, tell)
        finally:
            self._turns.release()

    async def _build(self, order: WorkloadOrder, build: _Build, tell: Tell) -> None:
        try:
            folder = await self._sources.take(order.app.id, order.files)
        except (OSError, SourceError) as error:
            why = os_reason(error)
            raise AppBroken(f"the files of {order.app} cannot be written: {why}") from None
        try:
            await self._build_in(folder, order, build, tell)
        finally:
            await self._sources.leave(order.app.id, folder)

    async def _build_in(
        self, folder: Path, order: WorkloadOrder, build: _Build, tell: Tell
    ) -> None:
        given = [f"--build-arg={key}={value}" for key, value in sorted(arguments(order).items())]
        if build.target:
            given.append(f"--target={build.target}")
        context = _below(folder, order.config.build_dir)
        tell(f"building the image {build.image} from {build.name}")

        def log(data: bytes) -> None:
            for line in data.decode("utf-8", "replace").splitlines():
                tell(line)

        built = await self._commands.follow(
            (
                *("build", *self._settings.build_args, f"--tag={build.image}"),
                f"--label={HOME_LABEL}={self._settings.home}",
                *(f"--file={folder / build.name}", *given, str(context)),
            ),
            log,
            self._settings.build_seconds,
        )
        if built.status:
            raise AppBroken(
                f"the image of {order.app} cannot be built from {build.name}:\n{built.reason}"
            )

    async def _pulled(self, order: WorkloadOrder, reference: str, tell: Tell) -> AppImage:
        """The image of a reference, as it was when the version was made."""
        pins = order.app.metadata.pins
        if not reference or reference.startswith("-"):
            raise AppBroken(f"{reference!r:.200} is no name of an image")
        is_pinned = pins.get(IMAGE_PIN) == reference
        wanted = (pins.get(ID_PIN, ""), pins.get(DIGEST_PIN, "")) if is_pinned else ()
        seen, before = await self._first_here(wanted), None
        if seen is None:
            source = next((one for one in reversed(wanted) if "@" in one), reference)
            before = await self._all_ids()
            seen = await self._fetched(source, tell, is_pinned=is_pinned)
        image = _id(seen)
        is_new = before is not None and image not in before
        await self._uses.pulled(order.app.id, image, reference, is_new=is_new)
        file = _exposed(seen)
        check_port(order, file, f"of image {reference}")
        return AppImage(id=image, file=file, pins=_pins(reference, seen))

    async def _first_here(self, names: tuple[str, ...]) -> dict[str, Any] | None:
        for name in filter(None, names):
            if (seen := await self._inspected(name)) is not None:
                return seen
        return None

    async def _fetched(self, source: str, tell: Tell, *, is_pinned: bool) -> dict[str, Any]:
        """Pull an image; one that no registry has is taken as it is on this machine."""
        tell(f"pulling the image {source}")
        pulled = await self._commands.run("pull", "--quiet", source, seconds=_PULL_SECONDS)
        seen = await self._inspected(source)
        if seen is None or (pulled.status and is_pinned):
            raise AppBroken(f"the image {source} cannot be pulled: {pulled.reason}")
        return seen

    async def _all_ids(self) -> frozenset[str] | None:
        """The images that are here; None if the engine does not list them."""
        listed = await self._commands.run("images", "--all", "--quiet", "--no-trunc")
        if listed.status:
            return None
        return frozenset(line.removeprefix("sha256:") for line in listed.output.split())

    async def _id_of(self, image: str) -> str:
        seen = await self._inspected(image)
        return "" if seen is None else _id(seen)

    async def _inspected(self, image: str) -> dict[str, Any] | None:
        printed = await self._commands.run("image", "inspect", image)
        return None if printed.status else the_one(printed.output)


def file_of(files: IFiles, src: str) -> str:
    """The name of the container file of a source.

    :raises AppBroken: if it has none.
    """
    if src != AUTO:
        if src in files.refs:
            return src
        raise AppBroken(f"container file {src} not found in the source")
    for name in CONTAINER_FILES:
        if name in files.refs:
            return name
    raise AppBroken("no container file found, source is set to auto")


def check_port(order: WorkloadOrder, file: ContainerFile, name: str) -> None:
    """:raises AppBroken: if a program that serves requests has no port."""
    config = order.config
    if config.lifetime is not Lifetime.COMMAND and not (config.port or file.port):
        raise AppBroken(f"port not specified in app config and in container file {name}")


def arguments(order: WorkloadOrder) -> dict[str, str]:
    """The build arguments: those of the app, and those of the operator, which win."""
    return {**order.config.cargs, **order.app.metadata.container_args}


def _made_of(order: WorkloadOrder, name: str, dev: DevPlan | None) -> str:
    """One text for all that an image is built of; for a dev app whose source is mounted over it
    only the files that name packages count.
    """
    refs = sorted(order.files.refs.items())
    if dev is not None:
        builds = order.config.dev.builds
        refs = [one for one in refs if one[0] == name or builds(one[0])]
    listed = [part for file, ref in refs for part in (file, ref.sha256)]
    given = [part for pair in sorted(arguments(order).items()) for part in pair]
    target = "" if dev is None else dev.target
    return digest(name, order.config.build_dir, *listed, target, *given)


def _below(folder: Path, build_dir: str) -> Path:
    parts = build_dir.strip("/").split("/") if build_dir.strip("/") else []
    if ".." in parts:
        raise AppBroken(f"build_dir {build_dir!r:.200} leads out of the source")
    return folder.joinpath(*parts)


def _id(seen: Mapping[str, Any]) -> str:
    return str(seen.get("Id", "")).removeprefix("sha256:")


def _pins(reference: str, seen: Mapping[str, Any]) -> dict[str, str]:
    digests = seen.get("RepoDigests") or ()
    found = next((one for one in digests if isinstance(one, str) and "@sha256:" in one), "")
    return {IMAGE_PIN: reference, ID_PIN: _id(seen), DIGEST_PIN: found}


def _exposed(seen: Mapping[str, Any]) -> ContainerFile:
    """The port and the volumes that an image says it has."""
    config = seen.get("Config") or {}
    ports = [
        int(one.partition("/")[0])
        for one in config.get("ExposedPorts") or {}
        if one.partition("/")[0].isdecimal() and not one.endswith("/udp")
    ]
    volumes = tuple(sorted(config.get("Volumes") or {}))
    return ContainerFile(port=max(ports, default=0), volumes=volumes)
