"""Other people's exceptions, said in a few words behind ``cannot listen on ...:``."""

from __future__ import annotations

import errno
import re
from socket import gaierror

from OpenSSL import SSL, crypto
from twisted.internet.error import CannotListenError, VerifyError

from clace.errors import ClaceError, ListenError

_LOW = range(1, 1024)
_PEM = "privateKey and certKey: expected PEM, a key and its certificate"
# Endpoint parsers are functions of Twisted: of no interest to who wrote the endpoint string.
_FUNCTION = re.compile(r"^[\w.<>]+\(\) ")


def reason(error: BaseException) -> str:
    """Why it failed, in one line that begins in lower case."""
    text = " ".join(_text(error).split()) or type(error).__name__
    first_word = text.partition(" ")[0]
    return text[0].lower() + text[1:] if first_word[1:].islower() else text


def refusal(endpoint: str, error: BaseException, place: str = "") -> ListenError:
    """The one line that stops a start; ``place`` is that of the endpoint in the configuration."""
    where = f" ({place})" if place else ""
    return ListenError(f"cannot listen on {endpoint}: {reason(error)}{where}")


def _text(error: BaseException) -> str:
    match error:
        case ClaceError():
            text = error.message
        case CannotListenError(port=int() as port, socketError=PermissionError()) if port in _LOW:
            text = f"permission denied: port {port} is for root, or CAP_NET_BIND_SERVICE"
        case CannotListenError(socketError=BaseException() as cause):
            text = _text(cause)
        case CannotListenError():
            text = str(error.socketError)
        case OSError(strerror=str()):
            text = _system(error)
        case SSL.Error() | crypto.Error() | VerifyError():
            text = _openssl(error)
        case TypeError():
            text = _FUNCTION.sub("", str(error))
        case LookupError():
            text = "systemd handed over nothing by that number or name, see LISTEN_FDNAMES"
        case ValueError() | OverflowError():
            text = str(error)
        case _:
            text = f"{type(error).__name__}: {error}"
    return text


def _system(error: OSError) -> str:
    if isinstance(error, gaierror):
        return f"interface: expected an address of this machine ({error.strerror})"
    if error.errno == errno.EADDRNOTAVAIL:
        return "interface: this machine does not have that address"
    return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)


def _openssl(error: Exception) -> str:
    if isinstance(error, VerifyError):
        return "privateKey and certKey: the key is not that of the certificate"
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    said = ", ".join(str(entry[-1]) for entry in entries) or "OpenSSL failed"
    return f"{_PEM}: {said}" if isinstance(error, crypto.Error) else said
