"""Git's logins, with no secret on a command line or in the environment."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from clace.errors import SourceError
from clace.sources.places import GitPlace


class GitLogin(Struct, frozen=True, kw_only=True):
    """An entry of ``[git_auth.*]``: a password or token, or a way to sign in over SSH.

    That is the file of a key, a key itself, or the socket of an agent; ``password`` is then the
    key's passphrase. ``known_hosts`` names the only servers to speak to.
    """

    name: str
    user_id: str = ""
    key_file_path: str = ""
    private_key: str = ""
    agent_socket: str = ""
    known_hosts: str = ""
    password: str = ""
    reveal: Callable[[str], str] = str

    def __repr__(self) -> str:
        return f"GitAuth({self.name!r})"

    @property
    def user(self) -> str:
        return self.user_id or "git"

    @property
    def is_for_ssh(self) -> bool:
        return bool(self.key_file_path or self.private_key or self.agent_socket)

    def opened(self) -> str:
        """The password, if it is a secret of a provider as it is now. Blocks.

        :raises SecretFailed: it cannot be had; names provider and key.
        """
        return self.reveal(self.password)

    def reach(self, place: GitPlace) -> GitPlace:
        """The place as it is reached with this entry.

        :raises SourceError: it cannot be.
        """
        if self.is_for_ssh and place.scheme != "file":
            return place.by_key(self.user)
        if place.is_ssh:
            raise unusable(self, "it has no key file, private key or agent, which ssh needs")
        return place


def unusable(auth: GitLogin, why: str) -> SourceError:
    """The refusal of an entry that cannot be used."""
    return SourceError(f"git auth entry {auth.name}: {why}")


def credential_options(auth: GitLogin | None, place: GitPlace, folder: Path) -> tuple[str, ...]:
    """Options by which git finds the password in a file, for this host only. Blocks."""
    if auth is None or auth.is_for_ssh or not auth.password or place.scheme == "file":
        return ()
    site = f"{place.scheme}://{place.host}"
    secret = f"{quote(auth.user, safe='')}:{quote(auth.opened(), safe='')}"
    file = private_file(
        folder / "credentials", f"{place.scheme}://{secret}@{place.host}\n".encode()
    )
    return "-c", f"credential.{site}.helper=store --file={shlex.quote(str(file))}"


def private_file(path: Path, content: bytes) -> Path:
    """Make a file for its owner only."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
    return path
