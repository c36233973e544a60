"""Static files, answered in the daemon."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.runtime.static.addressing import addresses as addresses
    from clace.runtime.static.contents import ContentCache as ContentCache
    from clace.runtime.static.representations import (
        at_once as at_once,
        refused_method as refused_method,
        serve as serve,
    )
    from clace.runtime.static.serving import (
        MovedFolder as MovedFolder,
        StaticChoice as StaticChoice,
        choose as choose,
        lacking as lacking,
        moved as moved,
        needs_slash as needs_slash,
    )
    from clace.runtime.static.shipped import WithAssets as WithAssets
else:
    __getattr__ = face(
        __name__,
        addressing=("addresses",),
        contents=("ContentCache",),
        representations=("at_once", "refused_method", "serve"),
        serving=("MovedFolder", "StaticChoice", "choose", "lacking", "moved", "needs_slash"),
        shipped=("WithAssets",),
    )
