"""The plugins that come with the server."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.builtin.container import (
        PROCESS as PROCESS,
        container_plugin as container_plugin,
        process_plugin as process_plugin,
    )
    from clace.plugins.builtin.container_commands import ContainerCommands as ContainerCommands
    from clace.plugins.builtin.introspection import (
        Introspection as Introspection,
        IntrospectionSources as IntrospectionSources,
    )
    from clace.plugins.builtin.proxy import PROXY as PROXY
else:
    __getattr__ = face(
        __name__,
        container=("PROCESS", "container_plugin", "process_plugin"),
        container_commands=("ContainerCommands",),
        introspection=("Introspection", "IntrospectionSources"),
        proxy=("PROXY",),
    )
