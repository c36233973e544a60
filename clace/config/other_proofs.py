"""SAML providers, authorities of client certificates, and forward auth: what each entry needs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clace.config.places import Steps
from clace.config.sections import Saml, Settings
from clace.config.sign_ins import wrong_callback
from clace.header_names import OUR_HEADERS

# The names are part of URLs, of apps' settings and of the ids of users.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_BAD_NAME = "expected a name of letters, digits, _ and -"
RANDOM_KEY = "random"
# Of the connection, of a body, or this server's own word.
_NOT_GIVEN = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_OURS = (*OUR_HEADERS, "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")


def wrong_proofs(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the places of entries that cannot be used, with the reason."""
    yield from _wrong_saml(settings)
    yield from _wrong_authorities(settings)
    yield from _wrong_forwards(settings)


def _wrong_saml(settings: Settings) -> Iterator[tuple[Steps, str]]:
    for name, entry in settings.saml.items():
        at = ("saml", name)
        if not _NAME.fullmatch(name):
            yield at, _BAD_NAME
        yield from _wrong_entry(at, entry)
    yield from wrong_callback(settings, "saml", settings.saml)


def _wrong_entry(at: Steps, entry: Saml) -> Iterator[tuple[Steps, str]]:
    if not entry.metadata_url and entry.metadata_file is None:
        yield (*at, "metadata_url"), "expected the URL of the provider's metadata, or metadata_file"
    if entry.metadata_url and entry.metadata_file is not None:
        yield (*at, "metadata_file"), "metadata_url is set already, and only one of them is read"
    if entry.sp_key_file == RANDOM_KEY:
        if entry.sp_cert_file is not None:
            yield (*at, "sp_cert_file"), "a random key comes with a certificate of its own"
    elif entry.sp_key_file and entry.sp_cert_file is None:
        yield (*at, "sp_cert_file"), "expected the certificate of sp_key_file"
    elif entry.sp_cert_file is not None and not entry.sp_key_file:
        yield (*at, "sp_key_file"), "expected the key of sp_cert_file"


def _wrong_authorities(settings: Settings) -> Iterator[tuple[Steps, str]]:
    for name, entry in settings.client_auth.items():
        at = ("client_auth", name)
        if not (name == "cert" or (name.startswith("cert_") and _NAME.fullmatch(name))):
            yield at, "expected the name cert or cert_NAME: an app asks for it by that"
        if entry.ca_cert_file is None:
            yield (*at, "ca_cert_file"), "expected the certificates of authorities, in PEM"


def _wrong_forwards(settings: Settings) -> Iterator[tuple[Steps, str]]:
    for name, entry in settings.forward.items():
        at = ("forward", name)
        if not _NAME.fullmatch(name):
            yield at, _BAD_NAME
        if not entry.auth_url:
            yield (*at, "auth_url"), "expected the URL that is asked about each request"
        for rule in entry.copy_response_headers:
            target = rule.partition(">")[2] or rule
            if target.lower() in _NOT_GIVEN or target.lower().startswith(_OURS):
                yield (*at, "copy_response_headers"), f"an app cannot be given the header {target}"
