"""Programs on this machine, started by a small process so that the daemon need not fork."""

from clace.faces import face

TYPE_CHECKING = False  # the process that starts programs imports no more than it needs

if TYPE_CHECKING:
    from clace.processes.starter import ProgramStarter as ProgramStarter
else:
    __getattr__ = face(
        __name__,
        starter=("ProgramStarter",),
    )
