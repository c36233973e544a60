"""Events as any database takes them."""

from __future__ import annotations

import msgspec

from clace.model.traffic import AuditEvent

_LONGEST = 4096
_TIME = "create_time"


def fitted(event: AuditEvent) -> AuditEvent:
    """The event with texts that any database takes, none so long that it fills the log."""
    texts = {name: value for name, value in msgspec.structs.asdict(event).items() if name != _TIME}
    return msgspec.structs.replace(event, **{name: _text(text) for name, text in texts.items()})


def _text(text: str) -> str:
    return text[:_LONGEST].encode(errors="replace").decode().replace("\0", "?")
