"""A page as HTML, with its stylesheet inside and a policy that allows nothing else."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from html import escape

from msgspec import Struct

from clace.assets import STYLESHEET, asset


class PageStep(Struct, frozen=True):
    """A thing to do, and the command for it if there is one."""

    text: str
    command: str = ""


class Page(Struct, frozen=True, kw_only=True):
    """The parts of a page, all plain text; ``status`` stands small above the title."""

    title: str
    lead: str = ""
    status: str = ""
    steps: tuple[PageStep, ...] = ()
    detail: str = ""
    lines: tuple[str, ...] = ()
    request_id: str = ""


@cache
def policy() -> str:
    """The content security policy of our pages: their own style, and an icon of this server."""
    return policy_for("'self'")


def policy_for(form_action: str, script: str = "") -> str:
    """The policy of a page whose forms lead to these places, with a script of this hash."""
    digest = b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    scripts = f" script-src {script};" if script else ""
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self';{scripts}"
        f" base-uri 'none'; form-action {form_action}; frame-ancestors 'none'"
    )


def document(page: Page) -> bytes:
    """The page as HTML; every part of it is escaped."""
    return framed(page.title, "\n".join(_body(page)))


def framed(title: str, body: str) -> bytes:
    """A page with this body, which is HTML already."""
    return _FRAME.format(title=escape(title), style=_style(), body=body).encode("utf-8", "replace")


@cache
def _style() -> str:
    return asset(STYLESHEET).decode()


def _body(page: Page) -> Iterator[str]:
    if page.status:
        yield f'<p class="status">{escape(page.status)}</p>'
    yield f"<h1>{escape(page.title)}</h1>"
    if page.lead:
        yield f"<p>{escape(page.lead)}</p>"
    if page.detail:
        yield f"<pre>{escape(page.detail)}</pre>"
    if page.lines:
        yield "<h2>Last lines of its log</h2>"
        yield f"<pre>{escape(chr(10).join(page.lines))}</pre>"
    if page.steps:
        yield "<h2>What you can do</h2>"
        yield f"<ul>{''.join(map(_step, page.steps))}</ul>"
    if page.request_id:
        yield f'<p class="faint">Request <code>{escape(page.request_id)}</code></p>'


def _step(step: PageStep) -> str:
    command = f"<pre>{escape(step.command)}</pre>" if step.command else ""
    return f"<li>{escape(step.text)}{command}</li>"


_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main class="notice">
{body}
</main>
</body>
</html>
"""
