"""The pages of second factors: plain forms; where passkeys are asked for, one script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from msgspec import Struct

from clace.interfaces import CodeOffer, PasskeyOffer
from clace.model import AppResponse
from clace.web.login import pages
from clace.web.login.passkey_script import SOURCE, passkey_form

FACTOR, PASSKEY = pages.FACTOR, pages.PASSKEY
_SECRET_GROUP = 4


class Proof(Struct, frozen=True, kw_only=True):
    """A page that asks for a second factor; its forms may lead back to ``origin``."""

    state: str
    origin: str
    has_codes: bool
    challenge: PasskeyOffer | None = None
    error: str = ""


class Offers(Struct, frozen=True, kw_only=True):
    """The factors that somebody can enrol."""

    codes: CodeOffer
    passkey: PasskeyOffer


def proof_page(proof: Proof, status: int = 200) -> AppResponse:
    """Ask for a code or for a passkey, or for either."""
    return _page("Second step", _proof(proof), status, proof.origin, script=bool(proof.challenge))


def enrolment_page(state: str, offers: Offers, error: str, status: int = 200) -> AppResponse:
    """Have somebody enrol a first factor."""
    body = (
        "<h1>Set up a second factor</h1>",
        "<p>This server asks for a second factor besides the password. Choose one.</p>",
        pages.problem(error),
        "<h2>Authenticator app</h2>",
        *codes_form(f"{FACTOR}/codes", offers.codes, pages.hidden("state", state)),
        "<h2>Passkey</h2>",
        *passkey_enrolment(f"{FACTOR}/new-passkey", offers.passkey, pages.hidden("state", state)),
    )
    return _page("Set up a second factor", body, status, script=True)


def enrolled_page(state: str, recovery: tuple[str, ...], origin: str) -> AppResponse:
    """Show recovery codes once, and go on with the sign-in."""
    body = (
        "<h1>Second factor set up</h1>",
        *recovery_list(recovery),
        f'<form method="post" action="{FACTOR}/done">',
        pages.hidden("state", state),
        "<button>Go on</button></form>",
    )
    return _page("Second factor set up", body, 200, origin)


def passkey_page(
    state: str, origin: str, challenge: PasskeyOffer, error: str, status: int = 200
) -> AppResponse:
    """Ask for a passkey alone."""
    inside = pages.hidden("state", state)
    link = f"{pages.LOGIN}?state={state}"
    body = (
        "<h1>Sign in with a passkey</h1>",
        pages.problem(error),
        passkey_form(PASSKEY, challenge, "get", inside, "Use a passkey"),
        f'<p><a href="{escape(link)}">Sign in another way</a></p>',
    )
    return _page("Sign in with a passkey", body, status, origin, script=True)


def codes_form(action: str, offer: CodeOffer, inside: str) -> Iterator[str]:
    """Yield the QR code of an offer and the form for its first code, as HTML."""
    groups = [
        offer.secret[start : start + _SECRET_GROUP]
        for start in range(0, len(offer.secret), _SECRET_GROUP)
    ]
    yield "<p>Scan this with an authenticator app, or type the key into it.</p>"
    yield f'<p role="img" aria-label="QR code">{qr_code(offer.uri)}</p>'
    yield f"<p><code>{escape(' '.join(groups))}</code></p>"
    yield f'<form method="post" action="{escape(action)}">{inside}'
    yield pages.hidden("ticket", offer.ticket)
    yield code_field("Code that the app shows")
    yield "<button>Set up the app</button></form>"


def passkey_enrolment(action: str, offer: PasskeyOffer, inside: str) -> Iterator[str]:
    """Yield the form that enrols a passkey, as HTML."""
    label = (
        '<label>Name of the passkey <input name="label" maxlength="64" value="Passkey"'
        ' autocomplete="off"></label>'
    )
    yield "<p>A security key, or the lock of this device.</p>"
    yield passkey_form(action, offer, "create", inside + label, "Set up a passkey")


def recovery_list(recovery: Iterable[str]) -> Iterator[str]:
    """Yield recovery codes with what they are for, as HTML; nothing without codes."""
    codes = tuple(recovery)
    if codes:
        yield "<p>Each of these codes signs you in once if you lose the factor. Keep them safe: "
        yield "they are not shown again.</p>"
        yield f"<pre>{escape(chr(10).join(codes))}</pre>"


def code_field(label: str, focus: str = "") -> str:
    """Return the field for a code, as HTML."""
    return (
        f'<label>{escape(label)} <input name="code" autocomplete="one-time-code"'
        f' autocapitalize="none" spellcheck="false" maxlength="40" required{focus}></label>'
    )


def qr_code(text: str) -> str:
    """Return a QR code as SVG; a description is for those who cannot see it."""
    import segno  # noqa: PLC0415 - few pages show one

    image = segno.make(text, micro=False).svg_inline(
        scale=4,
        border=4,
        light="white",
        title="QR code for an authenticator app",
        svgclass=None,
        lineclass=None,
    )
    return str(image)


def _proof(proof: Proof) -> Iterator[str]:
    inside = pages.hidden("state", proof.state)
    yield "<h1>Second step</h1>"
    yield pages.problem(proof.error)
    if proof.challenge is not None:
        action = f"{FACTOR}/passkey"
        yield passkey_form(action, proof.challenge, "get", inside, "Use a passkey")
        yield "<p>or</p>"
    focus = "" if proof.challenge else " autofocus"
    label = "Code of the authenticator app, or a recovery code"
    yield f'<form method="post" action="{FACTOR}/code">{inside}'
    yield code_field(label if proof.has_codes else "Recovery code", focus)
    yield "<button>Go on</button></form>"


def _page(
    title: str, body: Iterable[str], status: int, origin: str = "", *, script: bool = False
) -> AppResponse:
    places = f"'self' {origin}".strip()
    return pages.answer(title, body, status, places, SOURCE if script else "")
