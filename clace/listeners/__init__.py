"""From endpoint strings to open ports; certificates by server name, made and renewed."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.listeners.defaults import (
        ChosenListener as ChosenListener,
        DefaultListeners as DefaultListeners,
        Serve as Serve,
        Site as Site,
        default_listeners as default_listeners,
        has_dual_stack as has_dual_stack,
    )
    from clace.listeners.others import OthersOnly as OthersOnly
    from clace.listeners.services import Listeners as Listeners
else:
    __getattr__ = face(
        __name__,
        defaults=(
            "ChosenListener",
            "DefaultListeners",
            "Serve",
            "Site",
            "default_listeners",
            "has_dual_stack",
        ),
        others=("OthersOnly",),
        services=("Listeners",),
    )
