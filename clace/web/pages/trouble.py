"""Refusals in the media type that a client wants: what it is, and what to do next."""

from __future__ import annotations

import shlex
from functools import lru_cache
from http import HTTPStatus
from math import ceil

import msgspec
from msgspec import Struct

from clace.admin_api import Refusal
from clace.assets import FAVICON, asset
from clace.model import AppResponse
from clace.web.pages.document import Page, PageStep, document, policy
from clace.web.pages.negotiation import MediaType

_MINUTE = 60
_SHORT = 200
# Apps choose headers too; what they could make us keep is bounded.
_FEW = 1000
_ASK = PageStep("If it stays so, tell whoever runs this server the request below.")
_SIGN_OUT = PageStep(
    "Have you another account? Sign out here, and open the app again:", "/_clace/logout"
)
_AGAIN = PageStep("Load the page again in a moment.")


class Trouble(Struct, frozen=True, kw_only=True):
    """A refusal: ``message`` is for whoever asked.

    ``detail``, ``app`` (its path as commands take it) and ``lines`` (the last lines of its log) are
    only set for those who may mend it, ``has_session`` for a visitor who can sign out, and
    ``is_root`` if the front page of a host was asked for. A page that ``reloads`` is asked for
    again by the browser itself, after a second.
    """

    status: int
    code: str
    message: str = ""
    detail: str = ""
    request_id: str = ""
    app: str = ""
    retry_after: int = 0
    has_session: bool = False
    is_root: bool = False
    lines: tuple[str, ...] = ()
    reloads: bool = False


def trouble_answer(
    trouble: Trouble, media: MediaType, headers: tuple[tuple[str, str], ...] = ()
) -> AppResponse:
    """The answer that tells of it, with these headers beside its own."""
    is_usual = (
        not trouble.request_id
        and not trouble.detail
        and len(trouble.message) <= _SHORT
        and sum(len(name) + len(value) for name, value in headers) <= _FEW
    )
    return (_answer if is_usual else _answer.__wrapped__)(trouble, media, headers)


@lru_cache(maxsize=256)
def _answer(
    trouble: Trouble, media: MediaType, headers: tuple[tuple[str, str], ...]
) -> AppResponse:
    ours = [("Content-Type", _TYPES[media]), ("Vary", "Accept"), ("Vary", "HX-Request")]
    if trouble.retry_after:
        ours.append(("Retry-After", str(trouble.retry_after)))
    if media is MediaType.HTML and trouble.reloads:
        ours.append(("Refresh", "1"))
    if media is MediaType.HTML:
        ours += [("Content-Security-Policy", policy()), ("Cache-Control", "no-store")]
    return AppResponse(
        status=trouble.status, headers=(*headers, *ours), body=_ENCODERS[media](trouble)
    )


def favicon() -> AppResponse:
    """The icon of a server on which no app has one."""
    headers = (("Content-Type", "image/x-icon"), ("Cache-Control", "public, max-age=86400"))
    return AppResponse(headers=headers, body=asset(FAVICON))


def _text(trouble: Trouble) -> str:
    """One line: why, if it may be told, and the request if it has to be looked up."""
    text = trouble.detail or trouble.message
    if not trouble.request_id:
        return text
    return f"{text.removesuffix('.')}, request {trouble.request_id}"


def _json(trouble: Trouble) -> bytes:
    refusal = Refusal(_text(trouble), trouble.status, trouble.code, trouble.retry_after)
    return msgspec.json.encode(refusal) + b"\n"


def _html(trouble: Trouble) -> bytes:
    return document(page_of(trouble))


_TYPES = {
    MediaType.TEXT: "text/plain; charset=utf-8",
    MediaType.HTML: "text/html; charset=utf-8",
    MediaType.JSON: "application/json",
}
_ENCODERS = {
    MediaType.TEXT: lambda trouble: _text(trouble).encode("utf-8", "replace"),
    MediaType.HTML: _html,
    MediaType.JSON: _json,
}


def page_of(trouble: Trouble) -> Page:
    """The page for it; the steps for operators name an app only if the trouble does."""
    if trouble.is_root and trouble.code == "no_such_app":
        return _WELCOME
    title, steps = _WORDING.get(trouble.code) or (phrase(trouble.status), (_AGAIN,))
    return Page(
        status=f"{trouble.status} {phrase(trouble.status)}",
        title=title,
        lead=_LEADS.get(trouble.code) or _sentence(trouble.message),
        detail=trouble.detail,
        lines=trouble.lines,
        steps=(*_waiting(trouble), *(_mending(trouble) or steps), *_leaving(trouble)),
        request_id=trouble.request_id,
    )


def phrase(status: int) -> str:
    """The standard's words for a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _sentence(text: str) -> str:
    """The text as a sentence of its own; the messages of refusals begin small and have no end."""
    text = text.strip()
    end = "" if not text or text[-1] in ".!?" else "."
    return text[:1].upper() + text[1:] + end


def _waiting(trouble: Trouble) -> tuple[PageStep, ...]:
    if not trouble.retry_after:
        return ()
    minutes = ceil(trouble.retry_after / _MINUTE)
    return (PageStep(f"Try again in {minutes} minute{'s' if minutes > 1 else ''}."),)


def _leaving(trouble: Trouble) -> tuple[PageStep, ...]:
    return (_SIGN_OUT,) if trouble.has_session else ()


def _mending(trouble: Trouble) -> tuple[PageStep, ...]:
    """The commands for those who may mend the app."""
    if not trouble.app:
        return ()
    app = shlex.quote(trouble.app)
    approving = f"clace app approve --promote {app}"
    if trouble.code == "app_not_approved":
        return (PageStep("Read what it asks for, and approve it:", approving),)
    if trouble.code == "call_not_approved":
        return (
            PageStep("Read what it asks for and what of it is approved:", f"clace app show {app}"),
            PageStep("If it asks for this call, approve it:", approving),
            PageStep(
                "If it does not, add the call to permissions of ace.app in its app.star, with these"
                " arguments or a pattern for them."
            ),
        )
    if trouble.request_id:
        found = f'grep {trouble.request_id} "$CL_HOME/logs/clace.json"'
        return (
            PageStep("See what the app failed on last:", f"clace app show {app}"),
            PageStep("Look this request up in the log of the server:", found),
        )
    return ()


_LEADS = {
    "no_such_route": "Nothing is served at this address.",
    "app_not_approved": "Not all that it asks for is approved.",
    "call_not_approved": "It made a call that is not approved.",
    "method_not_allowed": "Nothing at this address takes such a request.",
    "not_authenticated": "This page is not open to everybody.",
}
_WELCOME = Page(
    title="Clace is running",
    lead="No app is served at this address.",
    steps=(
        PageStep(
            "Looking for an app? Its address goes on behind the name of the server. Ask whoever"
            " gave you this one."
        ),
        PageStep(
            "Running this server? Install an app here:", "clace app create --approve ./my-app /"
        ),
        PageStep("See which apps it has:", "clace app list"),
    ),
)
_WORDING: dict[str, tuple[str, tuple[PageStep, ...]]] = {
    "bad_request": ("This request cannot be answered", (PageStep("Check the address."),)),
    "not_authenticated": (
        "Sign in to go on",
        (
            PageStep(
                "Load the page again, and enter your name and password when the browser asks."
            ),
            PageStep("If you have none, ask whoever runs this server."),
        ),
    ),
    "not_allowed": (
        "This request was refused",
        (
            PageStep("Open the app by its own address, and try from there."),
            PageStep("Running this server behind a proxy? Set security.trusted_proxies."),
        ),
    ),
    "no_access": (
        "You may not open this app",
        (PageStep("Ask whoever runs this server to let you in."),),
    ),
    "no_such_route": (
        "Page not found",
        (PageStep("Check the address."), PageStep("Go back, or to the front page of the app.")),
    ),
    "no_such_app": (
        "Page not found",
        (
            PageStep("Check the address."),
            PageStep("Running this server? See which apps it has:", "clace app list"),
        ),
    ),
    "method_not_allowed": (
        "Not possible here",
        (PageStep("Go back, and use the links and forms of the app."),),
    ),
    "too_large": ("That is too large", (PageStep("Send less at a time."),)),
    "locked_out": (
        "Too many wrong passwords",
        (PageStep("Make sure that nothing on your device still signs in with an old password."),),
    ),
    "app_failed": ("The app failed", (_AGAIN, _ASK)),
    "app_crashed": ("The app failed", (_AGAIN, _ASK)),
    "app_broken": ("The app does not start", (_ASK,)),
    "bad_source": ("The app does not start", (_ASK,)),
    "app_not_approved": (
        "The app waits for approval",
        (PageStep("Ask whoever runs this server to read and approve what the app asks for."),),
    ),
    "call_not_approved": (
        "The app may not do this",
        (PageStep("Ask whoever runs this server to read and approve what the app asks for."),),
    ),
    "app_busy": ("The app is busy", (_AGAIN,)),
    "app_starting": ("The app is being started", (PageStep("This page loads itself again."),)),
    "app_stopped": ("The app is stopped", (_ASK,)),
    "program_failed": ("The app does not start", (_AGAIN, _ASK)),
    "upstream_failed": ("The app is out of reach", (_AGAIN, _ASK)),
    "upstream_timed_out": ("The app took too long", (_AGAIN, _ASK)),
    "app_timed_out": ("The app took too long", (_AGAIN, _ASK)),
    "internal": ("Something went wrong", (_AGAIN, _ASK)),
}
