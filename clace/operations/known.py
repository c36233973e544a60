"""Knowledge of installed apps: their sources when last loaded, while the server runs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from clace.interfaces import AuditedSource
from clace.model import App, AppMetadata, FileRef

_MOST = 10_000


class _KnownApp(Struct, frozen=True):
    """An app as it is stored, the digest of all that it was loaded from, and what it said then."""

    metadata: AppMetadata
    digest: bytes
    audited: AuditedSource


class KnownApps:
    """Tells apps that would be loaded from what they are loaded from now.

    Plugins, their settings and the server itself are the same until the process ends, and nothing
    is known when it starts.
    """

    def __init__(self, secret_versions: Callable[[], Awaitable[str]]) -> None:
        self.secret_versions = secret_versions
        self._known: OrderedDict[str, _KnownApp] = OrderedDict()

    def keep(self, app: App, digest: bytes, audited: AuditedSource) -> None:
        """``app`` is installed like this from now on."""
        self._known[app.id] = _KnownApp(app.metadata, digest, audited)
        self._known.move_to_end(app.id)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)

    def audited(self, seen: App, digest: bytes | None = None) -> AuditedSource | None:
        """Return the declarations of an app stored as it was kept, if its source has the digest."""
        known = self._known.get(seen.id)
        if known is None or known.metadata != seen.metadata:
            return None
        return known.audited if digest in {None, known.digest} else None


def digest_of(metadata: AppMetadata, refs: Mapping[str, FileRef], secrets: str) -> bytes:
    """One for all that decides how an app is loaded; ``secrets`` are the versions of those stored.

    Its name and its recognised spec follow from its files, and its numbers of versions it is not
    told.
    """
    version = replace(metadata.version_metadata, version=0, previous_version=0, apply_info="")
    told = replace(metadata, name="", recognised_spec="", version_metadata=version)
    tree = sorted((ref.name, ref.sha256) for ref in refs.values())
    return sha256(msgspec.json.encode((told, tree, secrets))).digest()
