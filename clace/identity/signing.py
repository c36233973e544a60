"""Signatures of JSON Web Tokens: limits and algorithms as this server has them."""

from __future__ import annotations

from typing import Any

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

MAX_TOKEN = 256 * 1024


class TokenRegistry(JWSRegistry):
    """One algorithm, and tokens as long as hundreds of groups make them.

    ``EdDSA`` is the name that readers of tokens know; the library warns at each use of it.
    """

    max_header_length = 8192
    max_payload_length = MAX_TOKEN

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)
        self._algorithm = algorithm

    def get_alg(self, name: str) -> Any:
        if name != self._algorithm:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]
