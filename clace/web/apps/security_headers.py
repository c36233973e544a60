"""Headers that tell browsers to be careful, in levels; each level includes those below it."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

_HSTS = "Strict-Transport-Security"
_FRAMES = "X-Frame-Options"


class HeaderAdvice(Struct, frozen=True):
    """A header for answers that lack it; one that is ``forced`` replaces what the app says."""

    name: str
    value: str
    forced: bool = False


_LEVEL_2 = (
    HeaderAdvice("X-Content-Type-Options", "nosniff"),
    HeaderAdvice(_FRAMES, "SAMEORIGIN"),
    HeaderAdvice("Referrer-Policy", "strict-origin-when-cross-origin"),
)
_LEVEL_5 = (
    HeaderAdvice(_FRAMES, "DENY", forced=True),
    HeaderAdvice(_HSTS, "max-age=31536000; includeSubDomains"),
    HeaderAdvice("Cross-Origin-Opener-Policy", "same-origin"),
    HeaderAdvice("X-Permitted-Cross-Domain-Policies", "none"),
)
_LEVEL_10 = (
    HeaderAdvice(_HSTS, "max-age=63072000; includeSubDomains; preload", forced=True),
    HeaderAdvice("Content-Security-Policy", "default-src 'self'"),
    HeaderAdvice("Cross-Origin-Embedder-Policy", "require-corp"),
    HeaderAdvice("Cross-Origin-Resource-Policy", "same-origin"),
    HeaderAdvice("Permissions-Policy", "geolocation=(), microphone=(), camera=()"),
)


def _advice(*steps: tuple[HeaderAdvice, ...]) -> tuple[HeaderAdvice, ...]:
    return tuple({advice.name: advice for step in steps for advice in step}.values())


LEVELS: dict[int, tuple[HeaderAdvice, ...]] = {
    0: (),
    2: _advice(_LEVEL_2),
    5: _advice(_LEVEL_2, _LEVEL_5),
    10: _advice(_LEVEL_2, _LEVEL_5, _LEVEL_10),
}


def missing(level: int, present: Collection[str], *, secure: bool) -> tuple[tuple[str, str], ...]:
    """The headers to set on an answer that has those of ``present`` (names in lower case).

    A level between two is the lower one. Without TLS, Strict-Transport-Security is left out:
    browsers ignore it there, and a proxy might not.
    """
    advice = LEVELS[max((step for step in LEVELS if step <= level), default=0)]
    return tuple(
        (entry.name, entry.value)
        for entry in advice
        if (entry.forced or entry.name.lower() not in present)
        and (secure or entry.name is not _HSTS)
    )
