"""Names of headers in which the server tells apps who asks: nobody else may set them."""

OUR_HEADERS = ("x-clace-", "x-openrun-")
"""The first letters of their names."""

_CLAIMS = frozenset(
    {
        "cf-connecting-ip",
        "client-cert",
        "client-cert-chain",
        "client-ip",
        "forwarded",
        "front-end-https",
        "path-info",
        "proxy",
        "script-name",
        "true-client-ip",
        "x-client-cert",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-real-ip",
        "x-rewrite-url",
        "x-scheme",
        "x-script-name",
        "x-url-scheme",
    }
)
_CLAIMS_BEGIN = (
    "x-forwarded-",
    "x-original-",
    "remote-",
    "x-remote-",
    "x-auth-request-",
    "x-authenticated-",
    "x-webauth-",
    "ssl-client-",
    "x-ssl-client-",
    *OUR_HEADERS,
)


def is_claim(plain: str) -> bool:
    """Tell whether a header says who asks, from where or for what. Servers believe these of what
    stands before them, so none of a client is passed on.

    ``plain`` is the name in lower case, with a hyphen for all that is neither letter nor digit:
    servers that put headers into variables, as CGI and WSGI do, cannot tell the spellings apart.
    """
    return plain in _CLAIMS or plain.startswith(_CLAIMS_BEGIN)
