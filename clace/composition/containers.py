"""The containers of apps: the engine that is there, and how it is configured."""

from __future__ import annotations

import os
from collections.abc import Mapping

from clace.config import Config
from clace.containers import ContainerSettings, found_engine, way_in

_PASSED_ON = ("PATH", "HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONFIG", "TMPDIR")


def container_settings(config: Config, environ: Mapping[str, str]) -> ContainerSettings:
    """Return the settings of containers; their ``engine`` is empty if apps get none."""
    path = environ.get("PATH", os.defpath)
    passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
    chosen = config.container
    engine = found_engine(config.system.container_command, path)
    return ContainerSettings(
        home=config.home,
        engine=engine,
        way=way_in(engine, path, is_root=os.geteuid() == 0),
        engine_args=chosen.engine_args,
        run_args=chosen.run_args,
        build_args=chosen.build_args,
        read_only=chosen.read_only,
        stop_seconds=chosen.stop_secs,
        sweep_seconds=config.system.stale_container_cleanup_interval_mins * 60,
        keeps_pulled=chosen.keep_pulled_images,
        most_builds=config.system.max_concurrent_builds,
        build_wait_seconds=config.system.max_build_wait_secs,
        build_seconds=chosen.build_timeout_secs,
        allowed_args=config.security.allowed_container_args,
        allowed_mounts=config.security.allowed_mounts,
        environment={"PATH": path, **passed_on},
    )
