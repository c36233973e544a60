"""The layers that refuse each attempt of the escape kit: those of a row would each do alone."""

from tests.support.process_attempts import ATTEMPTS, CALLS

FILTER = ("system_call_filter",)
FILES = ("own_files",)
PROCESSES = ("pid_namespace",)
NETWORK = ("network_namespace",)
EGRESS = ("egress",)

# These calls the kernel refuses to whoever has no rights too.
_FOR_ROOT = (
    *("acct", "fanotify", "fsopen", "kernel log", "move_mount", "pivot_root", "reboot", "swapon"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "userfaultfd"),
)
_ROWS = {
    FILES: (
        "climb out by ..",
        "connect to the admin socket",
        "connect to the admin socket by a link",
        "fill shared memory",
        "fill the disk",
        "find the machine's disks",
        "follow a link out of its folder",
        "leave a file in the machine's /tmp",
        "list the machine's folders",
        "read a backup",
        "read a file of the machine",
        "read a key of a certificate",
        "read another app's data",
        "read another app's source",
        "read the metadata database",
        "read the server's configuration",
        "write into another app's data",
    ),
    ("own_user",): ("become root", "read a file of root's in its own source"),
    PROCESSES: (),
    # A new root folder has a list of processes that is of the new namespace.
    ("own_files", "pid_namespace"): (
        "count the machine's processes",
        "see the server's process",
        "take descriptors of another process",
    ),
    NETWORK: (
        "connect to the server's port",
        "connect to the server's port by 0.0.0.0",
        "connect to the server's port by ::ffff:127.0.0.1",
        "listen where others on the machine connect",
        "look names up",
        "see the machine's networks",
        "send a packet to the machine",
        "use a forward for another port",
    ),
    ("network_namespace", "egress"): (
        "ask the proxy for 0.0.0.0",
        "ask the proxy for 127.0.0.1",
        "ask the proxy for LOCALHOST.",
        "ask the proxy for [::ffff:127.0.0.1]",
        "ask the proxy for another host by a Host header",
        "ask the proxy for localhost",
        "ask the proxy for metadata.test",
        "ask the proxy for rebound.test",
    ),
    # No target at all, whatever is approved.
    ("network_namespace", "egress_targets"): (
        "ask the proxy for 0177.0.0.1",
        "ask the proxy for 0x7f000001",
        "ask the proxy for 127.1",
        "ask the proxy for 2130706433",
        "ask the proxy for another host by a user in the URL",
    ),
    ("cgroup",): ("take the machine's memory",),
    ("cgroup_namespace",): ("learn the machine's control groups",),
    ("ipc_namespace",): (
        "open another's queue",
        "open another's semaphores",
        "open another's shared memory",
    ),
    ("uts_namespace",): ("learn the machine's name",),
    ("landlock",): ("run a program it wrote",),
    ("resource_limits",): (
        "lift its own limits",
        "lock memory",
        "open files without end",
    ),
    ("no_capabilities",): ("keep rights for programs",),
    ("no_new_privileges",): ("be given rights by a program",),
    FILTER: (
        *(f"call {name}" for name in CALLS if name not in _FOR_ROOT),
        "clone into new users",
        "open a netlink socket",
        "trace its own child",
        "unshare users",
    ),
    ("system_call_filter", "no_capabilities"): (
        *(f"call {name}" for name in _FOR_ROOT),
        "open a packet socket",
        "open a raw socket",
        "unshare mounts",
        "unshare network",
        "unshare processes",
    ),
    ("system_call_filter", "own_files"): ("type into a terminal",),
    ("own_user", "no_capabilities"): ("become another user",),
    ("own_user", "landlock"): ("open a setting of the kernel to change it",),
    ("own_user", "own_files", "landlock"): ("change its own source",),
    ("no_capabilities", "own_files", "landlock"): ("make a device",),
    ("pid_namespace", "landlock"): ("raise another process's priority", "signal another's process"),
    ("pid_namespace", "own_user", "landlock"): (
        "reach files by another process's root",
        "reach files by the first process's root",
        "read another process's environment",
        "read another process's memory",
        "read the first process's environment",
        "signal the server",
    ),
    ("pid_namespace", "system_call_filter", "landlock"): ("trace another process",),
    ("network_namespace", "landlock"): ("connect to a socket without a path",),
    ("cgroup", "resource_limits"): ("fork without end", "start threads without end"),
    ("closed_descriptors",): ("use descriptors of the server",),
}
REFUSED_BY = {name: layers for layers, names in _ROWS.items() for name in names}
assert set(REFUSED_BY) == set(ATTEMPTS), set(REFUSED_BY) ^ set(ATTEMPTS)
