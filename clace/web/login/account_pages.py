"""The pages of a user's own account, and of an invitation."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from msgspec import Struct

from clace.interfaces import CodeOffer, FactorKind, FactorListed, PasskeyOffer
from clace.model import AppResponse
from clace.passwords import MIN_LENGTH
from clace.web.login import pages
from clace.web.login.factor_pages import codes_form, passkey_enrolment, recovery_list
from clace.web.login.passkey_script import SOURCE, passkey_form

ACCOUNT = "/_clace/auth/account"
INVITATION = "/_clace/auth/invite"
_BACK = f'<p><a href="{ACCOUNT}">Back to your account</a></p>'
_DAY = "%Y-%m-%d"


class AccountView(Struct, frozen=True, kw_only=True):
    """A user's account as its page shows it."""

    name: str
    has_password: bool
    factors: tuple[FactorListed, ...]
    error: str = ""


class InvitationView(Struct, frozen=True):
    """The page of a one-time link; ``offer`` is for a passkey in place of a password."""

    name: str
    token: str
    offer: PasskeyOffer | None = None
    error: str = ""


def account_page(view: AccountView) -> AppResponse:
    """Show what a user can change."""
    return pages.answer("Your account", _account(view))


def codes_page(offer: CodeOffer, error: str) -> AppResponse:
    """Have a user enrol an authenticator app."""
    body = (
        "<h1>Authenticator app</h1>",
        pages.problem(error),
        *codes_form(f"{ACCOUNT}/codes", offer, ""),
    )
    return pages.answer("Authenticator app", (*body, _BACK))


def passkey_page(offer: PasskeyOffer, error: str) -> AppResponse:
    """Have a user enrol a passkey."""
    form = passkey_enrolment(f"{ACCOUNT}/passkey", offer, "")
    body = ("<h1>Passkey</h1>", pages.problem(error), *form, _BACK)
    return pages.answer("Passkey", body, 200, "'self'", SOURCE)


def enrolled_page(recovery: tuple[str, ...]) -> AppResponse:
    """Show recovery codes, once."""
    title = "Recovery codes" if recovery else "Second factor set up"
    return pages.answer(title, (f"<h1>{title}</h1>", *recovery_list(recovery), _BACK))


def invitation_page(view: InvitationView) -> AppResponse:
    """Ask an invited user for a password, or for a passkey in place of one."""
    script = SOURCE if view.offer else ""
    return pages.answer("Welcome", _invitation(view), 200, "'self'", script)


def welcome_page(name: str, kept: str = "password") -> AppResponse:
    """Tell an invited user that the password or the passkey is set."""
    title = f"The {kept} is set"
    body = (
        f"<h1>{title}</h1>",
        f"<p>Sign in as <strong>{escape(name)}</strong> where you open an app.</p>",
        f'<p><a href="{ACCOUNT}">Your account</a>: password, authenticator app, passkeys.</p>',
    )
    return pages.answer(title, body)


def _invitation(view: InvitationView) -> Iterator[str]:
    name, token = escape(view.name), pages.hidden("token", view.token)
    yield f"<h1>Welcome, {name}</h1>"
    yield "<p>Choose a password. This link works once.</p>"
    yield pages.problem(view.error)
    yield f'<form method="post" action="{INVITATION}">{token}'
    yield f'<input name="username" value="{name}" autocomplete="username" hidden>'
    yield from _new_password()
    yield "<button>Set the password</button></form>"
    if view.offer is not None:
        action = f"{INVITATION}/passkey"
        yield "<h2>Or do without one</h2>"
        yield "<p>A passkey that checks a finger, a face or a PIN signs you in by itself.</p>"
        yield passkey_form(action, view.offer, "create", token, "Use a passkey instead")


def _account(view: AccountView) -> Iterator[str]:
    yield "<h1>Your account</h1>"
    yield f"<p>Signed in as <strong>{escape(view.name)}</strong></p>"
    yield pages.problem(view.error)
    yield "<h2>Second factors</h2>"
    yield from _factors(view)
    yield f'<p><a class="button" href="{ACCOUNT}/codes">Set up an authenticator app</a></p>'
    yield f'<p><a class="button" href="{ACCOUNT}/passkey">Set up a passkey</a></p>'
    if view.has_password:
        yield "<h2>Password</h2>"
        yield f'<form method="post" action="{ACCOUNT}/password">'
        yield f'<input name="username" value="{escape(view.name)}" autocomplete="username" hidden>'
        yield (
            '<label>Present password <input name="current" type="password"'
            ' autocomplete="current-password" maxlength="1024" required></label>'
        )
        yield from _new_password()
        yield "<button>Change the password</button></form>"
    yield '<p><a href="/_clace/logout">Sign out</a></p>'


def _factors(view: AccountView) -> Iterator[str]:
    chosen = [each for each in view.factors if each.kind is not FactorKind.RECOVERY]
    if not chosen:
        yield "<p>You sign in with the password alone.</p>"
        return
    for each in chosen:
        label = escape(each.label)
        yield (
            f'<form method="post" action="{ACCOUNT}/remove">{pages.hidden("id", each.id)}'
            f"<p>{label}, last used {each.use_time:{_DAY}}</p>"
            f'<button aria-label="Remove {label}">Remove</button></form>'
        )
    left = len(view.factors) - len(chosen)
    yield (
        f'<form method="post" action="{ACCOUNT}/recovery"><p>{left} recovery codes are left.</p>'
        "<button>Make new recovery codes</button></form>"
    )


def _new_password() -> Iterator[str]:
    for name, label in (("new", "New password"), ("again", "New password again")):
        yield (
            f'<label>{label} <input name="{name}" type="password" autocomplete="new-password"'
            f' minlength="{MIN_LENGTH}" maxlength="72" required></label>'
        )
