"""Errors about missing walls, with the setting that an operator can change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_SWITCHES = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
)
_WEAK = 'set security.process_wall = "weak" to do without what is not indispensable'


def missing_text(
    missing: Mapping[str, str], switches: tuple[tuple[str, str, str], ...] = _SWITCHES
) -> str:
    """Name the walls that do not stand, why, and what to set."""
    name, why = next(iter(missing.items()))
    others = ", ".join(list(missing)[1:])
    beside = f" (nor {others})" if others else ""
    return f"the wall {name} does not stand: {why}{beside}; {advice(name, switches)}"


def advice(name: str, switches: tuple[tuple[str, str, str], ...] = _SWITCHES) -> str:
    """Say what to set so that the wall stands."""
    if name == "own_user":
        for path, closed, setting in switches:
            if _content(path) == closed:
                return f"set the system's {setting} (sysctl)"
    if name == "cgroup":
        return f"start the server with control groups of its own (Delegate=yes), or {_WEAK}"
    if name == "landlock":
        return f"start the kernel with lsm=landlock,... or {_WEAK}"
    return f"see clace doctor; {_WEAK}"


def _content(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except OSError:
        return ""
