"""Sources of apps: folders and git repositories, copied into trees of files."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.sources.folder import FolderSource as FolderSource
    from clace.sources.git import GitOptions as GitOptions, GitSource as GitSource
    from clace.sources.git_auth import GitLogin as GitLogin
    from clace.sources.sources import Sources as Sources
else:
    __getattr__ = face(
        __name__,
        folder=("FolderSource",),
        git=("GitOptions", "GitSource"),
        git_auth=("GitLogin",),
        sources=("Sources",),
    )
