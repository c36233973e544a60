"""Means of the kernel to fence a process in, for hosts of apps and for the programs of apps."""

from clace.faces import face

TYPE_CHECKING = False  # processes that are forked from import no more than they need

if TYPE_CHECKING:
    from clace.kernel.calls import (
        DUMPABLE as DUMPABLE,
        NEW_CGROUPS as NEW_CGROUPS,
        NEW_IPC as NEW_IPC,
        NEW_MOUNTS as NEW_MOUNTS,
        NEW_NAMES as NEW_NAMES,
        NEW_NETWORK as NEW_NETWORK,
        NEW_PIDS as NEW_PIDS,
        NEW_USERS as NEW_USERS,
        NO_NEW_PRIVILEGES as NO_NEW_PRIVILEGES,
        PARENT_DEATH as PARENT_DEATH,
        Unavailable as Unavailable,
        add_loopback_address as add_loopback_address,
        bring_up_loopback as bring_up_loopback,
        detach as detach,
        drop_bounding_set as drop_bounding_set,
        drop_capabilities as drop_capabilities,
        libc as libc,
        mount as mount,
        pivot_root as pivot_root,
        prctl as prctl,
        set_mount_flags as set_mount_flags,
        unshare as unshare,
    )
    from clace.kernel.cgroup import (
        CGROUPS as CGROUPS,
        CgroupPlace as CgroupPlace,
        join as join,
        leave as leave,
        places as places,
        remove_stale as remove_stale,
    )
    from clace.kernel.landlock import (
        FileGrant as FileGrant,
        restrict as restrict,
        restrict_to as restrict_to,
    )
    from clace.kernel.layers import Layer as Layer, note as note, put_up as put_up
    from clace.kernel.machines import MACHINES as MACHINES, SyscallTable as SyscallTable
    from clace.kernel.seccomp import (
        NotInstalled as NotInstalled,
        allowing as allowing,
        denying as denying,
        install as install,
    )
else:
    __getattr__ = face(
        __name__,
        calls=(
            "DUMPABLE",
            "NEW_CGROUPS",
            "NEW_IPC",
            "NEW_MOUNTS",
            "NEW_NAMES",
            "NEW_NETWORK",
            "NEW_PIDS",
            "NEW_USERS",
            "NO_NEW_PRIVILEGES",
            "PARENT_DEATH",
            "Unavailable",
            "add_loopback_address",
            "bring_up_loopback",
            "detach",
            "drop_bounding_set",
            "drop_capabilities",
            "libc",
            "mount",
            "pivot_root",
            "prctl",
            "set_mount_flags",
            "unshare",
        ),
        cgroup=("CGROUPS", "CgroupPlace", "join", "leave", "places", "remove_stale"),
        landlock=("FileGrant", "restrict", "restrict_to"),
        layers=("Layer", "note", "put_up"),
        machines=("MACHINES", "SyscallTable"),
        seccomp=("NotInstalled", "allowing", "denying", "install"),
    )
