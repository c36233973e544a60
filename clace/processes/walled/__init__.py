"""Programs behind walls: the warm process that forks their supervisors, and the daemon's side."""

from clace.faces import face

TYPE_CHECKING = False  # the launcher imports no more than it needs

if TYPE_CHECKING:
    from clace.processes.walled.rehearsal import rehearse as rehearse
    from clace.processes.walled.starter import WalledStarter as WalledStarter
else:
    __getattr__ = face(
        __name__,
        rehearsal=("rehearse",),
        starter=("WalledStarter",),
    )
