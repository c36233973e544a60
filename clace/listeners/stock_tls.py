"""A refusal of Twisted's own ``tls:FOLDER`` for a folder that would keep it busy for ever.

From each certificate it goes to the issuer among those of the folder that have no key there, and
does not notice when that leads round in circles, as with an authority that signed itself.
"""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from OpenSSL.crypto import FILETYPE_PEM, Error
from twisted.internet.ssl import DN, Certificate, KeyPair

from clace.errors import ListenError

_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


def check_folder(folder: Path) -> None:
    """:raises ListenError: ``tls:`` could go round in circles there."""
    try:
        issuers = _issuers(folder)
    except (TypeError, ValueError, Error):
        return  # the endpoint cannot read it either, and says so itself
    try:
        TopologicalSorter(issuers).prepare()
    except CycleError:
        raise ListenError(
            f"{folder} holds an authority that signed itself, with which Twisted's tls: endpoint "
            "never gets done; take it out of the folder, or use clace-tls:"
        ) from None


def _issuers(folder: Path) -> dict[str, list[str]]:
    """The issuer of each subject that has a certificate there and no key, as Twisted reads them."""
    paths = [path for path in folder.rglob("*.pem") if path.is_file()]
    blocks = [match for path in paths for match in _BLOCK.finditer(path.read_bytes())]
    keys = {
        KeyPair.load(match[0], FILETYPE_PEM).keyHash()
        for match in blocks
        if match[1].endswith(b"PRIVATE KEY")
    }
    certificates = [Certificate.loadPEM(match[0]) for match in blocks if match[1] == b"CERTIFICATE"]
    return {
        _named(each.getSubject()): [_named(each.getIssuer())]
        for each in certificates
        if each.getPublicKey().keyHash() not in keys
    }


def _named(name: DN) -> str:
    return repr(sorted(name.items()))
