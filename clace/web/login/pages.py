"""The pages of signing in and out: plain forms, no script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from http import HTTPStatus
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from clace.errors import ClaceError
from clace.interfaces import Departure, Way
from clace.model import AppResponse
from clace.web.pages import framed, policy_for

LOGIN = "/_clace/auth/login"
FACTOR = "/_clace/auth/factor"
PASSKEY = "/_clace/auth/passkey"
_PLAIN = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Cache-Control", "no-store"),
    # With "no-referrer" browsers would send "Origin: null" with the form.
    ("Referrer-Policy", "same-origin"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


class SignInPage(Struct, frozen=True, kw_only=True):
    """A page to sign in: a form for accounts, links to providers, and an error of the last try."""

    state: str
    ways: tuple[Way, ...]
    origin: str
    has_passkeys: bool = False
    error: str = ""
    user: str = ""
    chosen: str = ""


def sign_in_page(page: SignInPage, status: int = 200) -> AppResponse:
    """The page to sign in; its form may lead back to the app's host, and no further."""
    return answer("Sign in", _sign_in(page), status, f"'self' {page.origin}")


def departure_page(departure: Departure, title: str, button: str) -> AppResponse:
    """A page whose button posts a form to a provider."""
    fields = "".join(hidden(name, value) for name, value in departure.fields)
    body = (
        f"<h1>{escape(title)}</h1>"
        f'<form method="post" action="{escape(departure.url)}">{fields}'
        f"<button autofocus>{escape(button)}</button></form>"
    )
    place = urlsplit(departure.url)
    return answer(title, (body,), 200, f"{place.scheme}://{place.netloc}")


def onward_page(title: str, url: str) -> AppResponse:
    """A page that goes on by itself, and has a link for browsers that do not."""
    body = (
        f"<h1>{escape(title)}</h1>",
        f'<p><a class="button" href="{escape(url)}">Go on</a></p>',
    )
    return with_headers(answer(title, body), ("Refresh", f"0; url={url}"))


def message_page(title: str, *paragraphs: str, status: int = 200) -> AppResponse:
    """A page with nothing to do on it."""
    body = (f"<h1>{escape(title)}</h1>", *(f"<p>{escape(text)}</p>" for text in paragraphs))
    return answer(title, body, status)


def answer(
    title: str,
    body: Iterable[str],
    status: int = 200,
    form_action: str = "'self'",
    script: str = "",
) -> AppResponse:
    """A page whose body is HTML already, whose forms lead only to ``form_action``, and that has no
    script but the one with the hash ``script``.
    """
    headers = (*_PLAIN, ("Content-Security-Policy", policy_for(form_action, script)))
    return AppResponse(status=status, headers=headers, body=framed(title, "\n".join(body)))


def see_other(place: str, *headers: tuple[str, str]) -> AppResponse:
    """Send a browser to another page."""
    located = (("Location", place), ("Cache-Control", "no-store"))
    return AppResponse(status=HTTPStatus.SEE_OTHER, headers=(*located, *headers))


def with_headers(page: AppResponse, *headers: tuple[str, str]) -> AppResponse:
    """Return the page with more headers."""
    return replace(page, headers=(*page.headers, *headers))


def sentence(error: ClaceError) -> str:
    """Return the message of an error with a capital, as a page shows it."""
    return error.message[:1].upper() + error.message[1:]


def problem(error: str) -> str:
    """Return the line that tells an error of the last try, as HTML; nothing without one."""
    return f'<p class="error" id="problem" role="alert">{escape(error)}</p>' if error else ""


def _sign_in(page: SignInPage) -> Iterator[str]:
    yield "<h1>Sign in</h1>"
    host = page.origin.partition("://")[2]
    yield f'<p>to go on to <strong class="host">{escape(host)}</strong></p>'
    if page.error:
        yield problem(page.error)
    with_password = [way for way in page.ways if way.accounts]
    for way in with_password:
        yield from _form(page, way, is_only=len(with_password) == 1)
    if page.has_passkeys:
        link = f"{PASSKEY}?state={page.state}"
        yield f'<p><a class="button" href="{escape(link)}">Sign in with a passkey</a></p>'
    providers = [way for way in page.ways if way.provider]
    if providers and with_password:
        yield "<p>or</p>"
    for way in providers:
        link = f"{LOGIN}/{way.name}?state={page.state}"
        yield f'<p><a class="button" href="{escape(link)}">Sign in with {escape(way.title)}</a></p>'


def _form(page: SignInPage, way: Way, *, is_only: bool) -> Iterator[str]:
    name = escape(way.name)
    mine = page.chosen == way.name
    blamed = ' aria-describedby="problem" aria-invalid="true"' if page.error and mine else ""
    user = escape(page.user) if mine else ""
    name_focus, password_focus = _focus(is_there=is_only, has_name=bool(user))
    yield f'<form method="post" action="{LOGIN}/{name}">'
    yield hidden("state", page.state)
    if not is_only:
        yield f"<h2>{escape(way.title)}</h2>"
    yield (
        f'<label>Name <input name="{name}-username" value="{user}" autocomplete="username"'
        f' autocapitalize="none" spellcheck="false" maxlength="256" required{name_focus}{blamed}>'
        "</label>"
    )
    yield (
        f'<label>Password <input name="{name}-password" type="password"'
        f' autocomplete="current-password" maxlength="1024" required{password_focus}{blamed}>'
        "</label>"
    )
    yield "<button>Sign in</button></form>"


def _focus(*, is_there: bool, has_name: bool) -> tuple[str, str]:
    """The attributes of both fields: the first that is still empty has the focus."""
    focus = " autofocus" if is_there else ""
    return ("", focus) if has_name else (focus, "")


def hidden(name: str, value: str) -> str:
    """A field that a form brings along."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
