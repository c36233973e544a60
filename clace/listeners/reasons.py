"""Other people's exceptions, said in a few words behind ``cannot listen on ...:``."""

from __future__ import annotations

import re

from OpenSSL import SSL
from twisted.internet.error import CannotListenError

from clace.errors import ClaceError, ListenError

# Endpoint parsers are functions of Twisted: of no interest to who wrote the endpoint string.
_FUNCTION = re.compile(r"^[\w.<>]+\(\) ")


def reason(error: BaseException) -> str:
    """Why it failed, in one line that begins in lower case."""
    text = " ".join(_text(error).split()) or type(error).__name__
    first_word = text.partition(" ")[0]
    return text[0].lower() + text[1:] if first_word[1:].islower() else text


def refusal(endpoint: str, error: BaseException) -> ListenError:
    """The one line that stops a start."""
    return ListenError(f"cannot listen on {endpoint}: {reason(error)}")


def _text(error: BaseException) -> str:
    match error:
        case ClaceError():
            text = error.message
        case CannotListenError(socketError=BaseException() as cause):
            text = _text(cause)
        case CannotListenError():
            text = str(error.socketError)
        case OSError(strerror=str() as text):
            text += f": {error.filename}" if error.filename else ""
        case SSL.Error():
            text = _openssl(error)
        case TypeError():
            text = _FUNCTION.sub("", str(error))
        case LookupError():
            text = f"nothing was handed over by that number or name ({error})"
        case ValueError() | OverflowError():
            text = str(error)
        case _:
            text = f"{type(error).__name__}: {error}"
    return text


def _openssl(error: SSL.Error) -> str:
    entries = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return ", ".join(str(entry[-1]) for entry in entries) or "OpenSSL failed"
