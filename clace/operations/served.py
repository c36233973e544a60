"""Files that an app serves, found by their bytes."""

from __future__ import annotations

import posixpath
from hashlib import sha256
from typing import NoReturn

from clace.admin_api import FileVerified, ServedBytes
from clace.errors import BadRequest, NoSuchFile
from clace.interfaces import IFiles
from clace.model import App, FileRef
from clace.operations.rooms import OperationRooms

_DIGITS = frozenset("0123456789abcdef")
_SHOWN = 12


async def served_as(rooms: OperationRooms, app: App, digest: str, name: str) -> FileVerified:
    """The files of the app that are served and have these bytes, which are read to be sure.

    :raises BadRequest: if ``digest`` is not a SHA-256, or a name is needed.
    :raises NoSuchFile: without such a file; the text has the reason.
    """
    if len(digest) != sha256().digest_size * 2 or not _DIGITS.issuperset(digest):
        raise BadRequest("sha256 has to be 64 digits of a hexadecimal number")
    if app.metadata.stays_on_disk and not app.is_dev and not name:
        raise BadRequest(f"the files of {app} stay on the disk and are found by name: give it")
    files = await rooms.served_files(app)
    # Beside a site that stays on the disk there may be anything: nothing is told of what is hidden.
    if app.metadata.stays_on_disk and name and not await rooms.runtime.addresses(app, name):
        raise NoSuchFile(f"{app} serves no file {name}")
    named = _named(files, name, app)
    same = [ref for ref in named if ref.sha256 == digest]
    if not same:
        _refuse(app, name, named, digest)
    found = [await _served(rooms, app, files, ref) for ref in same]
    served = tuple(one for one in found if one.paths)
    if not served:
        raise NoSuchFile(f"{app} has these bytes as {found[0].name}, which it does not serve")
    return FileVerified(
        app_path_domain=app.address, version=app.version, sha256=digest, files=served
    )


def _named(files: IFiles, name: str, app: App) -> list[FileRef]:
    """:raises NoSuchFile: if a file is asked for by a name that is not there."""
    if not name:
        return sorted(files.refs.values(), key=lambda ref: ref.name)
    if name not in files.refs:
        raise NoSuchFile(f"{app} has no file {name}")
    return [files.refs[name]]


def _refuse(app: App, name: str, named: list[FileRef], digest: str) -> NoReturn:
    if name:
        theirs = f"SHA-256 {named[0].sha256[:_SHOWN]}... in place of {digest[:_SHOWN]}..."
        raise NoSuchFile(f"{app} serves other bytes as {name}: {theirs}")
    raise NoSuchFile(f"{app} has no file with these bytes (SHA-256 {digest[:_SHOWN]}...)")


async def _served(rooms: OperationRooms, app: App, files: IFiles, ref: FileRef) -> ServedBytes:
    whole = await files.read(ref.name)
    if sha256(whole).hexdigest() != ref.sha256:
        raise NoSuchFile(f"file {ref.name} of {app} changed while it was read, try again")
    paths = await rooms.runtime.addresses(app, ref.name)
    prefix = app.path.rstrip("/")
    return ServedBytes(ref.name, ref.size, tuple(prefix + posixpath.join("/", p) for p in paths))
