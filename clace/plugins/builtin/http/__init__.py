"""``http.in``: requests to other servers, within what an operator allowed."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.builtin.http.plugin import (
        HTTPFunctions as HTTPFunctions,
        HttpSettings as HttpSettings,
    )
    from clace.plugins.builtin.http.sharing import RequestsByOwner as RequestsByOwner
    from clace.plugins.builtin.http.urls import escaped as escaped
else:
    __getattr__ = face(
        __name__,
        plugin=("HTTPFunctions", "HttpSettings"),
        sharing=("RequestsByOwner",),
        urls=("escaped",),
    )
