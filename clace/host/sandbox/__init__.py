"""The walls around a host process, and the process that forks hosts."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.host.sandbox.lock import with_lock as with_lock
    from clace.host.sandbox.storage import ascii_bytes as ascii_bytes
else:
    __getattr__ = face(
        __name__,
        lock=("with_lock",),
        storage=("ascii_bytes",),
    )
