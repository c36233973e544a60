"""Sources of apps: folders and git repositories, copied into trees of files."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.sources import places as places
    from clace.sources.folder import FolderSource as FolderSource
    from clace.sources.git import GitOptions as GitOptions, GitSource as GitSource
    from clace.sources.git_auth import GitLogin as GitLogin
    from clace.sources.git_tools import GitSurroundings as GitSurroundings
    from clace.sources.sent import SentSources as SentSources
    from clace.sources.sources import Sources as Sources, checked as checked
    from clace.sources.tree import (
        SourceTree as SourceTree,
        is_meant as is_meant,
        nothing_meant as nothing_meant,
    )
else:
    __getattr__ = face(
        __name__,
        folder=("FolderSource",),
        git=("GitOptions", "GitSource"),
        git_auth=("GitLogin",),
        git_tools=("GitSurroundings",),
        sent=("SentSources",),
        sources=("Sources", "checked"),
        tree=("SourceTree", "is_meant", "nothing_meant"),
    )
