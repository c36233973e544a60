"""``exec.in``: programs on the server."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.builtin.exec.plugin import (
        ExecFunctions as ExecFunctions,
        ExecSettings as ExecSettings,
    )
else:
    __getattr__ = face(
        __name__,
        plugin=("ExecFunctions", "ExecSettings"),
    )
