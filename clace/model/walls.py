"""The walls around an app's process: what each keeps out, and which of them have to stand."""

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
INDISPENSABLE = tuple(wall.name for wall in WALLS if wall.indispensable)


def demanded(*, all_of_them: bool) -> tuple[str, ...]:
    """The names of the walls without which no app is run."""
    return tuple(wall.name for wall in WALLS) if all_of_them else INDISPENSABLE


def missing(report: Mapping[str, str]) -> dict[str, str]:
    """Why each wall that does not stand does not, by its name."""
    found = {wall.name: report.get(wall.name, "it was not put up") for wall in WALLS}
    return {name: why for name, why in found.items() if why}
