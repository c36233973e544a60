"""A revision of a git repository: as it was asked for, and as it was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from clace.interfaces import SourceRevision
from clace.locations import DEFAULT_BRANCH
from clace.sources.places import GitPlace, checked_branch, checked_commit, commit_id

_WHOLE_ID = 40

IsMeant = Callable[[str], bool]
"""Tells by its name if a file of a source is wanted."""


class WantedRevision(Struct, frozen=True):
    """A name to ask a remote repository for, checked: of a branch, a tag or a commit.

    A ``pinned`` name was given as a commit, not as a branch.
    """

    place: GitPlace
    name: str
    pinned: bool

    @classmethod
    def of(cls, revision: SourceRevision, place: GitPlace) -> WantedRevision:
        """:raises SourceError: if no branch or commit can have this name."""
        if revision.commit:
            return cls(place, checked_commit(revision.commit), pinned=True)
        return cls(place, checked_branch(revision.branch or DEFAULT_BRANCH), pinned=False)

    @property
    def id(self) -> str:
        """Return the name as the id of a commit; empty if it cannot be one."""
        return commit_id(self.name)

    @property
    def is_whole_id(self) -> bool:
        return len(self.id) >= _WHOLE_ID

    @property
    def is_sure(self) -> bool:
        """Return true if the name is a commit, whatever the repository has."""
        return self.pinned and self.is_whole_id

    @property
    def refs(self) -> tuple[str, ...]:
        """Full names that the name may be short for, the likeliest first."""
        tag = f"refs/tags/{self.name}"
        return (tag,) if self.pinned else (f"refs/heads/{self.name}", tag)

    @property
    def missing(self) -> tuple[str, str]:
        """The words for what is not there, and the option to look at if nobody may have named it:
        a repository may have another branch than the default.
        """
        if self.pinned:
            return f"there is no commit or tag {self.name}", ""
        option = "--branch" if self.name == DEFAULT_BRANCH else ""
        return f"there is no branch or tag {self.name}", option

    def followed(self, commit: str) -> PickedCommit:
        """The commit of a branch or tag of this name."""
        return PickedCommit(commit, "" if self.pinned else self.name)


class PickedCommit(Struct, frozen=True):
    """The commit that was meant, and the branch or tag to follow, if it was one."""

    commit: str
    branch: str = ""


class GitCommit(Struct, frozen=True):
    """A commit: its message, its files, and the links that lead nowhere."""

    message: str
    files: Mapping[str, bytes]
    left_out: tuple[str, ...] = ()
