"""The walls around an app's process: what each keeps out, and which of them have to stand."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Wall(Struct, frozen=True):
    """A layer by its name; without an ``indispensable`` one no app is run, whatever is set."""

    name: str
    purpose: str
    indispensable: bool = False


WALLS = (
    Wall("system_call_filter", "nothing but computing, waiting and its one socket", True),
    Wall("no_new_privileges", "no program can give it rights", True),
    Wall("no_capabilities", "none of root's rights, whoever it runs as", True),
    Wall("closed_descriptors", "nothing is open but its socket", True),
    Wall("no_new_descriptors", "nothing can be opened", True),
    Wall("resource_limits", "bounds on memory, time, files and processes", True),
    Wall("no_core_dumps", "its memory is never written to disk or shown to others", True),
    Wall("parent_death_signal", "it ends with the server", True),
    Wall("own_user", "no file and no process of another user is its own"),
    Wall("empty_root", "there is no file to open"),
    Wall("landlock", "the kernel refuses files and connections by another rule"),
    Wall("network_namespace", "there is no network"),
    Wall("pid_namespace", "processes outside have no number to send signals to"),
    Wall("ipc_namespace", "no shared memory and queues of others"),
    Wall("uts_namespace", "no host name of others to change"),
    Wall("cgroup", "all apps together leave memory for the server"),
)
INDISPENSABLE = tuple(wall.name for wall in WALLS if wall.indispensable)


def demanded(*, all_of_them: bool) -> tuple[str, ...]:
    """The names of the walls without which no app is run."""
    return tuple(wall.name for wall in WALLS) if all_of_them else INDISPENSABLE


def missing(report: Mapping[str, str]) -> dict[str, str]:
    """Why each wall that does not stand does not, by its name."""
    found = {wall.name: report.get(wall.name, "it was not put up") for wall in WALLS}
    return {name: why for name, why in found.items() if why}
