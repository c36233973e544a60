"""The admin API over HTTP, and who may use it."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.web.admin.api import AdminAPI as AdminAPI
    from clace.web.admin.guard import (
        ActingAs as ActingAs,
        AdminGuard as AdminGuard,
        Guard as Guard,
        trusted as trusted,
    )
    from clace.web.admin.later import LateResource as LateResource
    from clace.web.admin.recorded import recorded_operations as recorded_operations
else:
    __getattr__ = face(
        __name__,
        api=("AdminAPI",),
        guard=("ActingAs", "AdminGuard", "Guard", "trusted"),
        later=("LateResource",),
        recorded=("recorded_operations",),
    )
