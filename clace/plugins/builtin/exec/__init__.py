"""``exec.in``: programs on the server."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.builtin.exec.answers import (
        ProgramAnswers as ProgramAnswers,
        RunParameters as RunParameters,
        check_shape as check_shape,
    )
    from clace.plugins.builtin.exec.plugin import (
        ExecFunctions as ExecFunctions,
        ExecSettings as ExecSettings,
    )
    from clace.plugins.builtin.exec.programs import ProgramsByOwner as ProgramsByOwner
    from clace.plugins.builtin.exec.running import (
        ExecCall as ExecCall,
        ProgramBounds as ProgramBounds,
    )
else:
    __getattr__ = face(
        __name__,
        answers=("ProgramAnswers", "RunParameters", "check_shape"),
        plugin=("ExecFunctions", "ExecSettings"),
        programs=("ProgramsByOwner",),
        running=("ExecCall", "ProgramBounds"),
    )
