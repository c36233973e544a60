"""Environments of process apps, as the section ``[python]`` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clace.config import Config
from clace.environments import (
    Environments,
    EnvironmentStore,
    Installer,
    PythonOptions,
    StepRunner,
    WalledBuildStarter,
)
from clace.interfaces import IWalledStarter
from clace.threads import InThread

# Beside the numbers of apps and of the rehearsal of the walls: builds own what nobody else does.
_BUILDER = 2_000_000_000


def make_environments(
    config: Config,
    reveal: Callable[[str], str],
    reactor: Any,
    starter: IWalledStarter,
    in_thread: InThread,
) -> Environments:
    """Environments below ``environments`` in the home; their builds run behind walls."""
    store = EnvironmentStore(config.home / "environments")
    runner = StepRunner(reactor, WalledBuildStarter(starter, _BUILDER))
    installer = Installer(store, python_options(config, reveal), runner, reactor, in_thread)
    return Environments(store, installer, in_thread)


def python_options(config: Config, reveal: Callable[[str], str]) -> PythonOptions:
    section = config.python
    return PythonOptions(
        index_url=section.index_url,
        index_user=section.index_user,
        index_password=section.index_password,
        allowed_hosts=section.allowed_hosts,
        find_links=section.find_links,
        ca_file=str(section.ca_file or ""),
        offline=section.offline,
        build_timeout_secs=section.build_timeout_secs,
        build_memory_mb=section.build_memory_mb,
        reveal=reveal,
    )
