"""Sources filled in: a spec gives an app the files that its source lacks."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from msgspec.structs import replace
from zope.interface import implementer

from clace.encodings import Unencoded
from clace.environments.generated import APP_FILE, GENERATED, generated_files, is_generated
from clace.environments.recognition import main_page, recognised, unrecognised
from clace.environments.table import BY_NAME, Spec
from clace.errors import BadRequest
from clace.interfaces import FetchedSource, IFiles, ISpecs
from clace.model import App, FileRef

NO_SPEC = frozenset({"", "-", "none"})


@implementer(IFiles)
class FilledFiles(Unencoded):
    """The files of a source, and those given for names that it does not have."""

    def __init__(self, files: IFiles, given: Mapping[str, bytes], without: frozenset[str]) -> None:
        self._files, self._given = files, given
        self._without = without
        self._refs = {name: FileRef.of(name, content) for name, content in given.items()}

    @property
    def refs(self) -> Mapping[str, FileRef]:
        own = self._files.refs
        if self._without:
            own = {name: ref for name, ref in own.items() if name not in self._without}
        return {**self._refs, **own}

    async def read(self, name: str) -> bytes:
        if name in self._given and (name in self._without or name not in self._files.refs):
            return self._given[name]
        return await self._files.read(name)


@implementer(ISpecs)
class Specs:
    """The specs of ``SPECS``."""

    def check(self, spec: str) -> str:
        if spec in NO_SPEC:
            return ""
        return found(spec).name

    async def fill(self, fetched: FetchedSource, app: App) -> FetchedSource:
        files = await self._own(fetched.files)
        spec, reason = app.metadata.spec, ""
        if APP_FILE in files.refs:
            return fetched
        if not spec:
            seen = await recognised(files)
            if seen is None:
                raise await unrecognised(files)
            spec, reason = seen
        filled = self._filled(files, spec, app)
        return replace(fetched, files=filled, spec=spec, spec_reason=reason)

    def live(self, files: IFiles, app: App) -> IFiles:
        if not app.metadata.spec:
            return files
        return self._filled(files, app.metadata.spec, app)

    def _filled(self, files: IFiles, spec: str, app: App) -> FilledFiles:
        given = generated_files(found(spec), _name(app), main_page(files), files.refs)
        return FilledFiles(files, given, frozenset())

    async def _own(self, files: IFiles) -> IFiles:
        """The files without those that a spec wrote for an earlier version."""
        written = [
            name
            for name in GENERATED
            if name in files.refs and is_generated(await files.read(name))
        ]
        return FilledFiles(files, {}, frozenset(written)) if written else files


def found(name: str) -> Spec:
    """:raises BadRequest: if no spec has the name; the text has the nearest."""
    spec = BY_NAME.get(name)
    if spec is None:
        near = difflib.get_close_matches(name, BY_NAME, 1)
        hint = f"did you mean {near[0]}?" if near else f"the specs are {', '.join(BY_NAME)}"
        raise BadRequest(f"unknown spec {name:.80}: {hint}")
    return spec


def _name(app: App) -> str:
    """The name of an app by the end of its path, or by its domain."""
    main = app.main_address
    return main.path.rpartition("/")[2] or main.domain or "app"
