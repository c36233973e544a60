"""Builds of environments, as the section ``[python]`` says."""

from __future__ import annotations

from collections.abc import Callable

from clace.config import Config
from clace.environments import PythonOptions


def python_options(config: Config, reveal: Callable[[str], str]) -> PythonOptions:
    """Return the options of builds; ``reveal`` puts a secret in the place of its name."""
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
        cache_mb=section.cache_mb,
        reveal=reveal,
    )
