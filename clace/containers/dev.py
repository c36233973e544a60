"""Plans to run dev apps with their sources mounted, so that a change needs no new image."""

from __future__ import annotations

import os

from msgspec import Struct

from clace.containers.containerfile import ContainerFile
from clace.errors import AppBroken
from clace.interfaces import WorkloadOrder

DEV_STAGE = "dev"


class DevPlan(Struct, frozen=True, kw_only=True):
    """The stage that is built, the last one if ``target`` is empty; the ``folder`` in it over which
    the folder ``source`` is mounted; the ``command`` that is run there in place of the image's, if
    any.
    """

    source: str
    target: str = ""
    folder: str
    command: str = ""
    file: ContainerFile


def dev_plan(order: WorkloadOrder, file: ContainerFile) -> DevPlan | None:
    """The plan for a dev app, as its settings say it or else as its container file shows; none if
    it is built anew for each change.

    :raises AppBroken: if the settings say it, and it cannot be.
    """
    settings = order.config.dev
    if not order.app.is_dev or settings.disable:
        return None
    source = os.path.join(order.app.source_url, order.config.build_dir.strip("/"))  # noqa: PTH118
    if ":" in source:  # an address, or a path that cannot be told from what follows it
        _refuse(order, f"{source} cannot be mounted")
        return None
    stage = _stage(order, file)
    folder = settings.dir or ("" if stage is None else stage.folder)
    if stage is not None and folder and (settings.command or _shows(stage, file)):
        target = stage.name if stage is not file else ""
        return DevPlan(
            source=source, target=target, folder=folder, command=settings.command, file=stage
        )
    missing = "command" if folder else "dir"
    told = "the container file does not show how the program is run from its source, so say "
    is_meant = stage is not None and stage.name == DEV_STAGE
    _refuse(order, f"{told}{missing}", is_meant=is_meant)
    return None


def _refuse(order: WorkloadOrder, why: str, *, is_meant: bool = False) -> None:
    """:raises AppBroken: if the app says that it is to be run from its source, or ``is_meant``."""
    if is_meant or order.config.dev.say_how:
        raise AppBroken(f"dev_settings of {order.app}: {why}, or disable = True")


def _shows(stage: ContainerFile, file: ContainerFile) -> bool:
    return stage.copies_all if stage is file else stage.starts


def _stage(order: WorkloadOrder, file: ContainerFile) -> ContainerFile | None:
    """The stage that is meant: one that is named, else the one before the last; or the only one."""
    settings = order.config.dev
    by_name = {stage.name.lower(): stage for stage in file.stages if stage.name}
    if wanted := settings.target or settings.dev_stage:
        if wanted.lower() not in by_name:
            known = ", ".join(by_name) or "it names none"
            raise AppBroken(
                f"dev_settings of {order.app}: the container file has no stage {wanted} ({known})"
            )
        return by_name[wanted.lower()]
    if DEV_STAGE in by_name or not file.before:
        return by_name.get(DEV_STAGE, file)
    return file.before[-1] if file.before[-1].name else None


def check_last(order: WorkloadOrder, file: ContainerFile) -> None:
    """:raises AppBroken: if production would run what is for development."""
    name = (order.config.dev.dev_stage or DEV_STAGE).lower()
    if not order.app.is_dev and file.name.lower() == name:
        raise AppBroken(
            f"the last stage of the container file is {file.name}, which is for development: put it"
            " before the stage that production runs"
        )
