"""Programs on this machine, started by a small process so that the daemon need not fork."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.processes.starter import ProgramStarter as ProgramStarter
else:
    __getattr__ = face(
        __name__,
        starter=("ProgramStarter",),
    )
