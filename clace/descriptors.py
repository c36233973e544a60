"""Open files: as many as the system allows, some of them kept for what is not a connection."""

from __future__ import annotations

import resource
from contextlib import suppress

from clace.errors import ConfigError

_KEPT = 160
"""For databases, logs, pipes of programs, sources, downloads, and the admin socket."""
_LEAST_CONNECTIONS = 32
_MOST_OF_PROGRAMS, _PART_OF_PROGRAMS = 512, 16


def raise_limit() -> int:
    """Lift the soft limit of this process to the hard one; how many files may be open then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems name a hard limit that they do not allow.
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return soft if soft != resource.RLIM_INFINITY else 1 << 30


def connections_of(descriptors: int, hosts: int) -> int:
    """Return the number of possible connections beside the lines of so many app hosts.

    :raises ConfigError: too few to serve anybody.
    """
    connections = descriptors - _KEPT - hosts
    if connections < _LEAST_CONNECTIONS:
        needed = _KEPT + hosts + _LEAST_CONNECTIONS
        raise ConfigError(
            f"only {descriptors} files may be open at a time (ulimit -n), at least {needed} are "
            f"needed with sandbox.max_hosts = {hosts}"
        )
    return connections


def egress_share() -> int:
    """Return how many connections programs of apps may have to others, of two descriptors each."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_OF_PROGRAMS if soft < 0 else min(_MOST_OF_PROGRAMS, soft // _PART_OF_PROGRAMS)
