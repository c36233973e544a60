"""Plugins, which act for apps, and ``gate``, through which each call goes."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.packages import (
        not_installed as not_installed,
        package_plugins as package_plugins,
    )
else:
    __getattr__ = face(
        __name__,
        packages=("not_installed", "package_plugins"),
    )
