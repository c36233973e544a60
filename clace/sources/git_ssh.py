"""Git over SSH: with one key or agent, and only to servers whose host key is known."""

from __future__ import annotations

import re
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from clace.sources.git_auth import GitLogin, private_file, unusable

_ALWAYS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "UpdateHostKeys=no",
    # A shared connection would go on in a process of its own.
    "ControlMaster=no",
    "ControlPath=none",
    "ConnectTimeout=30",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
)
_USUAL_KNOWN_HOSTS = "~/.ssh/known_hosts"
_STRICT = re.compile(r"(?:No \S+ host key is|(?P<changed>Host key)) (?:known )?for (?P<host>\S+) ")
_WITH_PORT = re.compile(r"\[(?P<name>[^\]]+)\]:(?P<port>[0-9]+)\Z")


def ssh_command(auth: GitLogin | None, folder: Path) -> str:
    """Return git's command for SSH, with a key that has to be opened in the folder. Blocks.

    :raises SourceError: if the key or the agent cannot be used.
    """
    options = (*_ALWAYS, *(_options(auth, folder) if auth else ()))
    return shlex.join(("ssh", *(word for option in options for word in ("-o", option))))


def _options(auth: GitLogin, folder: Path) -> Iterator[str]:
    if auth.known_hosts:
        yield f"UserKnownHostsFile={_quoted(auth.known_hosts)}"
        yield "GlobalKnownHostsFile=/dev/null"
    if auth.agent_socket:
        yield f"IdentityAgent={_quoted(_usable_agent(auth))}"
        yield "IdentityFile=none"
    elif auth.is_for_ssh:
        yield "IdentityAgent=none"
        yield "IdentitiesOnly=yes"
        yield f"IdentityFile={_quoted(str(_usable_key(auth, folder)))}"


def _quoted(path: str) -> str:
    """A path as an option has it: per cent signs are ssh's own placeholders."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _usable_agent(auth: GitLogin) -> str:
    try:
        is_socket = stat.S_ISSOCK(Path(auth.agent_socket).stat().st_mode)
    except OSError as error:
        why = f"cannot reach its agent at {auth.agent_socket}: {error.strerror}"
        raise unusable(auth, why) from error
    if not is_socket:
        raise unusable(auth, f"{auth.agent_socket} is no socket of an agent")
    return auth.agent_socket


def _usable_key(auth: GitLogin, folder: Path) -> Path:
    if auth.private_key:
        lines = auth.reveal(auth.private_key).splitlines()
        key = "".join(f"{line.strip()}\n" for line in lines).encode()
        # ssh itself would only say that access was denied.
        return private_file(folder / "key", _opened(auth, key))
    path = Path(auth.key_file_path)
    try:
        key = path.read_bytes()
    except OSError as error:
        raise unusable(auth, f"cannot read {path}: {error.strerror}") from error
    if not auth.password:
        return path
    return private_file(folder / "key", _opened(auth, key))


def _opened(auth: GitLogin, key: bytes) -> bytes:
    """The key without its passphrase."""
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in key else load_pem_private_key
    passphrase = auth.opened().encode() or None
    try:
        private = load(key, passphrase)
    except (ValueError, TypeError) as error:
        broken = "its private key cannot be read, or needs its passphrase in password"
        wrong = "its password does not open the key"
        raise unusable(auth, wrong if passphrase else broken) from error
    return private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def next_step(complaint: str, known_hosts: str) -> str:
    """The thing to do about a host key that ssh complained of; empty if it is not about one."""
    found = _STRICT.match(complaint)
    if found is None:
        return ""
    file = shlex.quote(known_hosts) if known_hosts else _USUAL_KNOWN_HOSTS
    host = found["host"]
    if found["changed"]:
        return (
            "somebody may be in between; if the server has a new key for sure, forget the old one:"
            f" ssh-keygen -f {file} -R {shlex.quote(host)}"
        )
    with_port = _WITH_PORT.match(host)
    words = ["-p", with_port["port"], with_port["name"]] if with_port else [host]
    return (
        f"as the user that the server runs as, add its key: {shlex.join(['ssh-keyscan', *words])}"
        f" >> {file}; and compare what ssh-keygen -lf {file} shows with what the server publishes"
    )
