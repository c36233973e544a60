"""Names for all that programs are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from clace.interfaces import WorkloadOrder
from clace.model import NO_RELOAD


def order_key(order: WorkloadOrder) -> str:
    """A name for all that a program is made and started of."""
    app = order.app
    metadata = app.metadata
    refs: Mapping[str, Any] = order.files.refs
    dev = order.config.dev
    if app.is_dev and dev.reload == NO_RELOAD and not dev.disable:
        refs = {name: ref for name, ref in refs.items() if dev.builds(name)}
    parts = (
        (app.id, app.address, app.is_dev),
        sorted((name, ref.sha256) for name, ref in refs.items()),
        (metadata.spec, metadata.container_options, metadata.container_args),
        metadata.container_volumes,
        metadata.image_pins,
        (order.config, order.prefix),
        sorted(order.environment.items()),
    )
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
