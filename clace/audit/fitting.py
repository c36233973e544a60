"""Events as any database takes them."""

from __future__ import annotations

import msgspec

from clace.model import AuditEvent
from clace.text import printable, shortened

_LONGEST = {"target": 1024, "detail": 4096}
_USUAL = 256
_TIME = "create_time"


def fitted(event: AuditEvent) -> AuditEvent:
    """Return the event with texts that any database takes and any terminal can show, none so long
    that it fills the log.
    """
    texts = {name: value for name, value in msgspec.structs.asdict(event).items() if name != _TIME}
    return msgspec.structs.replace(
        event, **{name: _fitted(text, _LONGEST.get(name, _USUAL)) for name, text in texts.items()}
    )


def _fitted(text: str, longest: int) -> str:
    return shortened(printable(text[: longest + 1]), longest)
