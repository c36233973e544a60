"""Git's logins, with no secret on a command line or in the environment."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from msgspec import Struct

from clace.errors import SourceError
from clace.sources.places import GitPlace

# A shared connection would go on in a process of its own.
_SSH = "ssh -o BatchMode=yes -o ControlMaster=no -o ControlPath=none"


class GitLogin(Struct, frozen=True, kw_only=True):
    """An entry of ``[git_auth.*]``: a key, with ``password`` for its passphrase, or a password."""

    name: str
    user_id: str = ""
    key_file_path: str = ""
    password: str = ""
    reveal: Callable[[str], str] = str

    def __repr__(self) -> str:
        return f"GitAuth({self.name!r})"

    @property
    def user(self) -> str:
        return self.user_id or "git"

    def opened(self) -> str:
        """The password, if it is a secret of a provider as it is now. Blocks.

        :raises SecretFailed: it cannot be had; names provider and key.
        """
        return self.reveal(self.password)

    def reach(self, place: GitPlace) -> GitPlace:
        """The place as it is reached with this entry.

        :raises SourceError: it cannot be.
        """
        if self.key_file_path and place.scheme != "file":
            return place.by_key(self.user)
        if place.is_ssh:
            raise _unusable(self, "it has no key file, which ssh needs")
        return place


def _unusable(auth: GitLogin, why: str) -> SourceError:
    return SourceError(f"git auth entry {auth.name}: {why}")


def ssh_command(auth: GitLogin | None, folder: Path) -> str:
    """Return git's command for SSH; a key with a passphrase is opened into the folder. Blocks.

    :raises SourceError: if the key cannot be read.
    """
    if auth is None or not auth.key_file_path:
        return _SSH
    # Per cent signs are ssh's own placeholders.
    path = str(_usable_key(auth, folder)).replace("%", "%%")
    return f"{_SSH} -o IdentitiesOnly=yes -i {shlex.quote(path)}"


def _usable_key(auth: GitLogin, folder: Path) -> Path:
    path = Path(auth.key_file_path)
    try:
        key = path.read_bytes()
    except OSError as error:
        raise _unusable(auth, f"cannot read {path}: {error.strerror}") from error
    if not auth.password:
        return path
    return _private(folder / "key", _without_passphrase(auth, key))


def _without_passphrase(auth: GitLogin, key: bytes) -> bytes:
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in key else load_pem_private_key
    try:
        private = load(key, auth.opened().encode())
    except (ValueError, TypeError) as error:
        raise _unusable(auth, "its password does not open the key") from error
    return private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def credential_options(auth: GitLogin | None, place: GitPlace, folder: Path) -> tuple[str, ...]:
    """Options by which git finds the password in a file, for this host only. Blocks."""
    if auth is None or auth.key_file_path or not auth.password or place.scheme == "file":
        return ()
    site = f"{place.scheme}://{place.host}"
    secret = f"{quote(auth.user, safe='')}:{quote(auth.opened(), safe='')}"
    file = _private(folder / "credentials", f"{place.scheme}://{secret}@{place.host}\n".encode())
    return "-c", f"credential.{site}.helper=store --file={shlex.quote(str(file))}"


def _private(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
    return path
