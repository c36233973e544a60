"""The plugins that come with the server."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.builtin.container import CONTAINER as CONTAINER, PROCESS as PROCESS
    from clace.plugins.builtin.introspection import (
        Introspection as Introspection,
        IntrospectionSources as IntrospectionSources,
    )
    from clace.plugins.builtin.proxy import PROXY as PROXY
else:
    __getattr__ = face(
        __name__,
        container=("CONTAINER", "PROCESS"),
        introspection=("Introspection", "IntrospectionSources"),
        proxy=("PROXY",),
    )
