"""All functions a template may use, and those it may not with the reason."""

from __future__ import annotations

from typing import Final

from clace.gotemplate.go.values import HTML
from clace.gotemplate.language.builtins import BUILTINS
from clace.gotemplate.language.signatures import Function, Library
from clace.gotemplate.sprig.case import CASES
from clace.gotemplate.sprig.dates import DATES
from clace.gotemplate.sprig.defaults import VALUES
from clace.gotemplate.sprig.dicts import DICTS
from clace.gotemplate.sprig.encoding import ENCODINGS
from clace.gotemplate.sprig.lists import LISTS
from clace.gotemplate.sprig.numbers import NUMBERS
from clace.gotemplate.sprig.paths import PATHS
from clace.gotemplate.sprig.patterns import REGEXES
from clace.gotemplate.sprig.semver import SEMVER
from clace.gotemplate.sprig.strings import STRINGS
from clace.gotemplate.sprig.urls import URLS

SERVER: Final = Library()
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
SPRIG: Final = (
    STRINGS | CASES | LISTS | DICTS | NUMBERS | VALUES | ENCODINGS | PATHS | REGEXES | SEMVER
)


@SERVER.add("safeHTML", "string")
def safe_html(text: str) -> HTML:
    """Text that the page's author vouches for."""
    return HTML(text)


def standard_functions() -> dict[str, Function]:
    """Go's predefined functions, sprig's and the server's; later ones hide earlier ones."""
    return {**BUILTINS, **SPRIG, **DATES, **URLS, **SERVER}
