"""Files that a configuration names: certificates, keys, and what else the server reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clace.config.other_proofs import RANDOM_KEY
from clace.config.places import Steps, place_text
from clace.config.sections import Settings
from clace.model import layers

_KEYS = {
    "secret": ("file_name", "ca_file"),
    "git_auth": ("key_file_path", "known_hosts_path"),
    "saml": ("metadata_file", "sp_key_file", "sp_cert_file"),
    "client_auth": ("ca_cert_file", "crl_file"),
}
_PRIVATE = frozenset({"file_name", "key_file_path", "sp_key_file"})
# Keywords of "ssl:", with their places.
_OF_SSL = {"privateKey": 1, "certKey": 2, "extraCertChain": 6, "dhParameters": 7}


def private_files(settings: Settings) -> Iterator[tuple[Steps, Path]]:
    """Yield the files of secrets and keys, with their places in the configuration."""
    return ((at, file) for at, file in _of_sections(settings) if at[-1] in _PRIVATE)


def unreadable(settings: Settings, source: str) -> Iterator[str]:
    """Yield a problem for each file that is missing, or that this process may not read."""
    for at, file in (*_of_server(settings), *_of_sections(settings), *_of_listeners(settings)):
        try:
            file.open("rb").close()
        except OSError as error:
            yield f"{source}: {place_text(at)}: cannot read {file}: {error.strerror}"


def _of_server(settings: Settings) -> Iterator[tuple[Steps, Path]]:
    for section, key in (("client", "ca_file"), ("python", "ca_file"), ("system", "git_config")):
        file = getattr(getattr(settings, section), key)
        if file:
            yield (section, key), file


def _of_sections(settings: Settings) -> Iterator[tuple[Steps, Path]]:
    for section, keys in _KEYS.items():
        for name, entry in getattr(settings, section).items():
            for key in keys:
                file = getattr(entry, key)
                if file and file != RANDOM_KEY:
                    yield (section, name, key), Path(file)


def _of_listeners(settings: Settings) -> Iterator[tuple[Steps, Path]]:
    for number, entry in enumerate(settings.listen, 1):
        *_, found = layers(entry.endpoint)
        for keyword, position in _OF_SSL.items():
            file = found.value(keyword, position) if found.prefix == "ssl" else ""
            if file:
                yield ("listen", str(number), "endpoint"), Path(file)
