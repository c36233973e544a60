"""``fs.in``: files on the server, within what an operator allowed."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.builtin.fs.plugin import FsFunctions as FsFunctions, FsSettings as FsSettings
else:
    __getattr__ = face(
        __name__,
        plugin=("FsFunctions", "FsSettings"),
    )
