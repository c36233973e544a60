"""The test kit, for authors of plugins and for ourselves: rooms in memory, and a bench for plugins.

Needs no test framework. The twins of the rooms keep the same promises as the rooms themselves.
"""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.testing.apps import MemoryStore as MemoryStore
    from clace.testing.audit import MemoryAudit as MemoryAudit
    from clace.testing.bench import PluginBench as PluginBench
    from clace.testing.runtime import MemoryRuntime as MemoryRuntime
    from clace.testing.sources import MemorySources as MemorySources
else:
    __getattr__ = face(
        __name__,
        apps=("MemoryStore",),
        audit=("MemoryAudit",),
        bench=("PluginBench",),
        runtime=("MemoryRuntime",),
        sources=("MemorySources",),
    )
