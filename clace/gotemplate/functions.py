"""All functions a template may use, and those it may not with the reason."""

from __future__ import annotations

from typing import Final

from clace.gotemplate.builtins import BUILTINS
from clace.gotemplate.semver import SEMVER
from clace.gotemplate.signatures import Function, Library
from clace.gotemplate.sprig_case import CASES
from clace.gotemplate.sprig_dates import DATES
from clace.gotemplate.sprig_dicts import DICTS
from clace.gotemplate.sprig_encoding import ENCODINGS
from clace.gotemplate.sprig_lists import LISTS
from clace.gotemplate.sprig_numbers import NUMBERS
from clace.gotemplate.sprig_paths import PATHS
from clace.gotemplate.sprig_regex import REGEXES
from clace.gotemplate.sprig_strings import STRINGS
from clace.gotemplate.sprig_urls import URLS
from clace.gotemplate.sprig_values import VALUES
from clace.gotemplate.values import HTML

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
