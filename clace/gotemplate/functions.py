"""All functions a template may use, and those it may not with the reason."""

from __future__ import annotations

from typing import Final

from clace.gotemplate.builtins import BUILTINS
from clace.gotemplate.signatures import Function

_NETWORK: Final = "it would reach the network"
_OUTSIDE: Final = "it would read the server's environment"
_CPU: Final = "it would burn the server's CPU"
_KEYS: Final = "keys and certificates are not made in templates"
REFUSED: Final = {
    "env": _OUTSIDE,
    "expandenv": _OUTSIDE,
    "getHostByName": _NETWORK,
    "bcrypt": _CPU,
    "htpasswd": _CPU,
    "derivePassword": _CPU,
    "genPrivateKey": _KEYS,
    "buildCustomCert": _KEYS,
    "genCA": _KEYS,
    "genCAWithKey": _KEYS,
    "genSelfSignedCert": _KEYS,
    "genSelfSignedCertWithKey": _KEYS,
    "genSignedCert": _KEYS,
    "genSignedCertWithKey": _KEYS,
}


def standard_functions() -> dict[str, Function]:
    """Go's predefined functions, sprig's and the server's."""
    return dict(BUILTINS)
