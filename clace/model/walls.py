"""The walls around hosts and programs of apps: what each keeps out, which of them have to stand."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class WallName(Struct, frozen=True):
    """A layer by its name; without an ``indispensable`` one no app is run, whatever is set."""

    name: str
    purpose: str
    indispensable: bool = False


WALLS = (
    WallName("system_call_filter", "nothing but computing, waiting and its one socket", True),
    WallName("no_new_privileges", "no program can give it rights", True),
    WallName("no_capabilities", "none of root's rights, whoever it runs as", True),
    WallName("closed_descriptors", "nothing is open but its socket", True),
    WallName("no_new_descriptors", "nothing can be opened", True),
    WallName("resource_limits", "bounds on memory, time, files and processes", True),
    WallName("no_core_dumps", "its memory is never written to disk or shown to others", True),
    WallName("parent_death_signal", "it ends with the server", True),
    WallName("own_user", "no file and no process of another user is its own"),
    WallName("empty_root", "there is no file to open"),
    WallName("landlock", "the kernel refuses files and connections by another rule"),
    WallName("network_namespace", "there is no network"),
    WallName("pid_namespace", "processes outside have no number to send signals to"),
    WallName("ipc_namespace", "no shared memory and queues of others"),
    WallName("uts_namespace", "no host name of others to change"),
    WallName("cgroup", "all apps together leave memory for the server"),
)
PROCESS_WALLS = (
    WallName("own_user", "no file and no process of another user is its own", True),
    WallName("own_files", "nothing but the system's programs, its own files and memory", True),
    WallName("pid_namespace", "no process but its own, and all end with it", True),
    WallName("no_capabilities", "none of root's rights, nor a program that brings some", True),
    WallName("no_new_privileges", "no program can give it rights", True),
    WallName("resource_limits", "bounds on files, processes and locked memory", True),
    WallName("system_call_filter", "no namespaces, tracing, modules or clocks", True),
    WallName("network_namespace", "no network but what was approved"),
    WallName("cgroup", "bounds on memory, processes and time of all it starts"),
    WallName("cgroup_namespace", "no names of the machine's control groups"),
    WallName("ipc_namespace", "no shared memory and queues of others"),
    WallName("uts_namespace", "no host name of others to learn or change"),
    WallName("landlock", "no file it wrote is executed; no socket or signal leads out"),
)
INDISPENSABLE = tuple(wall.name for wall in WALLS if wall.indispensable)


def demanded(*, all_of_them: bool) -> tuple[str, ...]:
    """The names of the walls without which no app is run."""
    return tuple(wall.name for wall in WALLS) if all_of_them else INDISPENSABLE


def demanded_of_processes(*, all_of_them: bool) -> tuple[str, ...]:
    """The names of the walls without which no program of an app is started."""
    return tuple(wall.name for wall in PROCESS_WALLS if all_of_them or wall.indispensable)


def missing(report: Mapping[str, str], walls: tuple[WallName, ...] = WALLS) -> dict[str, str]:
    """Why each wall that does not stand does not, by its name."""
    found = {wall.name: report.get(wall.name, "it was not put up") for wall in walls}
    return {name: why for name, why in found.items() if why}
