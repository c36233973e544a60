"""Fetching sources again: all apps of a glob, or none."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from clace.admin_api import Approval, AppsReloaded, ReloadApps
from clace.errors import BadRequest, NeedsApproval
from clace.interfaces import Asking, AuditedSource, FetchedSource, IFiles, SourceRevision
from clace.model import App, AppGlob, AppMetadata, AppPath, Demands, FileRef, VersionMetadata
from clace.operations.approval import check_approved, held, needs_approval, report
from clace.operations.catalogue import naming
from clace.operations.configured import ConfiguredSections
from clace.operations.creation import no_revision
from clace.operations.draft import AppsDraft
from clace.operations.edits import check_declared
from clace.operations.known import KnownApps, digest_of
from clace.operations.promotion import is_behind, promote
from clace.operations.rooms import OperationRooms
from clace.operations.together import together
from clace.telling import step

# Hosts compute while they load; more at once would only hold up requests.
_AT_ONCE = 2


class ReloadOutcome(Struct, frozen=True):
    """The outcome of the reload of one app."""

    reloaded: tuple[AppPath, ...] = ()
    approved: tuple[Approval, ...] = ()
    promoted: tuple[AppPath, ...] = ()
    skipped: tuple[AppPath, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: tuple[NeedsApproval, ...] = ()


class _ReloadedApp(Struct, frozen=True):
    """An app as it is when the reload is committed, for the next to know."""

    app: App
    digest: bytes
    audited: AuditedSource


class ReloadRun(Struct, frozen=True):
    """One reload of all apps of a glob; ``secrets`` are the versions of those stored before it."""

    query: ReloadApps
    secrets: str
    installed: list[_ReloadedApp]
    approving: tuple[str, ...]


class _FetchedSource(Struct, frozen=True):
    """A fetched source: its files, its declarations, and which of them are approved."""

    fetched: FetchedSource
    refs: Mapping[str, FileRef]
    audited: AuditedSource
    granted: Demands


class AppReloading:
    """Brings staging twins, and dev apps, to what their sources are now."""

    def __init__(
        self, rooms: OperationRooms, known: KnownApps, configured: ConfiguredSections
    ) -> None:
        self._rooms = rooms
        self._known = known
        self._configured = configured

    async def reload(self, query: ReloadApps, request: Asking) -> AppsReloaded:
        """See ``IVersionOperations.reload_apps``."""
        glob = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        mains = catalogue.selected(glob, request)
        self._configured.check_git_auth(query.git_auth)
        query = self._with_source(query, glob, mains)
        run = await self.begin(query)
        async with self._rooms.draft() as draft:
            works = [
                partial(self._reload_one, run, draft.part(), catalogue.edited(main), main)
                for main in mains
            ]
            outcomes = await together(works, _AT_ONCE)
            check_approved([each for outcome in outcomes for each in outcome.refused])
            if query.source:
                draft.move((mains[0], catalogue.edited(mains[0])), query.source)
            await draft.commit(dry_run=query.dry_run)
        if not query.dry_run:
            self.keep(run)
        return AppsReloaded(
            dry_run=query.dry_run,
            changes=draft.told(request.may_read, dry_run=query.dry_run),
            warnings=tuple(text for outcome in outcomes for text in outcome.warnings),
            reload_results=tuple(path for outcome in outcomes for path in outcome.reloaded),
            approve_results=tuple(one for outcome in outcomes for one in outcome.approved),
            promote_results=tuple(path for outcome in outcomes for path in outcome.promoted),
            skipped_results=tuple(path for outcome in outcomes for path in outcome.skipped),
        )

    def _with_source(self, query: ReloadApps, glob: AppGlob, mains: tuple[App, ...]) -> ReloadApps:
        """The query, with a new source as it is kept.

        :raises BadRequest: if not one app is named, or its source cannot be replaced.
        :raises SourceError: if the new source is missing.
        """
        if not query.source:
            return query
        if not glob.is_literal:
            raise BadRequest(f"a source is for one app, and {glob} is a glob")
        (main,) = mains
        source = self._rooms.sources.check(query.source)
        if query.branch or query.commit or query.git_auth or self._rooms.sources.is_git(source):
            raise BadRequest("only a folder or a file can replace the source of an app")
        check_replaceable(main, query, is_git=self._rooms.sources.is_git(main.source_url))
        return replace(query, source=source)

    async def begin(self, query: ReloadApps, approving: tuple[str, ...] = ()) -> ReloadRun:
        """Begin a reload of several apps in one draft; ``keep`` has to be called if it is made.

        ``approving`` are the words of the command that does the same, and approves.
        """
        words = approving or tuple(_approving(query))
        return ReloadRun(query, await self._known.secret_versions(), [], words)

    def keep(self, run: ReloadRun) -> None:
        """Know the apps as they are after a reload that was made."""
        for one in run.installed:
            self._known.keep(one.app, one.digest, one.audited)

    async def bring(
        self, run: ReloadRun, draft: AppsDraft, seen: App, edited: App, main: App, *, fetches: bool
    ) -> ReloadOutcome:
        """Give the app the metadata of ``edited``, with its source fetched again or as it is.

        :raises AppBroken: if it does not load.
        """
        with naming(main):
            return await self._reload(run, draft, seen, main, edited, fetches=fetches)

    async def _reload_one(
        self, run: ReloadRun, draft: AppsDraft, seen: App, main: App
    ) -> ReloadOutcome:
        with naming(main):
            edited = replace(seen, source_url=run.query.source or seen.source_url)
            outcome = await self._reload(run, draft, seen, main, edited, fetches=True)
        if outcome.skipped and run.query.promote and not seen.is_dev and is_behind(main, seen):
            # Production may have gone back from it on purpose.
            typed = shlex.join(("clace", "app", "promote", str(main)))
            told = f"{main}: nothing new; to promote what waits: {typed}"
            return replace(outcome, warnings=(told,))
        return outcome

    async def _reload(
        self,
        run: ReloadRun,
        draft: AppsDraft,
        seen: App,
        main: App,
        edited: App,
        *,
        fetches: bool,
    ) -> ReloadOutcome:
        query = run.query
        if fetches:
            revision = self._revision(edited, query)
            if edited == seen and await self._is_current(seen, revision, query):
                return ReloadOutcome(skipped=(seen.address,))
            edited = replace(edited, metadata=edited.metadata.for_new_images)
            found = await self._rooms.fetch(edited, revision)
        else:
            found = await self._stored(seen, edited)
        source = await self._source(run, seen, edited, found)
        fetched, audited, granted = source.fetched, source.audited, source.granted
        demands = audited.demands
        new = edited.metadata.param_values.keys() - seen.metadata.param_values.keys()
        check_declared(main, new, audited)
        approval = report(seen, demands, granted, approve=query.approve)
        if approval.needs_approval and not query.approve:
            missing = demands.missing_from(granted)
            return ReloadOutcome(refused=(needs_approval(main, missing, *run.approving),))
        # A version has no approvals but of what it asks for: what it drops is asked for anew.
        metadata = replace(fetched_metadata(edited, fetched), name=audited.name).granting(
            demands if query.approve else demands.granted_by(granted)
        )
        if seen.is_dev:
            after = draft.point(seen, metadata)
        else:
            after = await draft.next_version(seen, metadata, fetched.files)
        serve = partial(self._serve, run, source)
        await serve(draft, seen, after, fetched.files)
        promoted: tuple[AppPath, ...] = ()
        if query.promote and not seen.is_dev:
            await promote(draft, self._rooms.store, main, after, fetched.files, serve)
            promoted = (main.address,)
        return ReloadOutcome(
            reloaded=(seen.address,),
            approved=(approval,) if approval.needs_approval else (),
            promoted=promoted,
            warnings=tuple(f"{main}: {text}" for text in (*fetched.warnings, *audited.warnings)),
        )

    async def _source(
        self, run: ReloadRun, seen: App, edited: App, fetched: FetchedSource
    ) -> _FetchedSource:
        """Fetch the source; run its top level unless its declarations are known."""
        refs = dict(fetched.files.refs)
        digest = digest_of(fetched_metadata(edited, fetched), refs, run.secrets)
        stored = self._known.audited(seen)
        audited = None if run.query.force_reload else self._known.audited(seen, digest)
        if audited is None:
            with step(f"{edited.main_address}: read its declarations"):
                audited = await self._rooms.runtime.audit(edited, fetched.files)
        if stored is not None and not seen.is_dev:
            granted = stored.demands.granted_by(seen.metadata.approved)
        else:
            granted = await held(seen, self._rooms)
        return _FetchedSource(fetched, refs, audited, granted)

    async def _serve(
        self,
        run: ReloadRun,
        source: _FetchedSource,
        draft: AppsDraft,
        seen: App,
        after: App,
        files: IFiles,
    ) -> None:
        """Load the app aside, unless it would be loaded from what it is loaded from now."""
        digest = digest_of(after.metadata, source.refs, run.secrets)
        run.installed.append(_ReloadedApp(after, digest, source.audited))
        anew = run.query.force_reload or run.query.verify
        if not anew and self._known.audited(seen, digest) is not None:
            draft.carry(after)
        else:
            await draft.load(after, files)

    def _revision(self, seen: App, query: ReloadApps) -> SourceRevision:
        """Return the revision to fetch: the requested one, else the app's."""
        version = seen.metadata.version_metadata
        if not self._rooms.sources.is_git(seen.source_url):
            if query.branch or query.commit:
                raise no_revision(seen.source_url, query.branch, query.commit)
            return SourceRevision(source_url=seen.source_url)
        # An app without a branch is pinned to its commit until it is given either.
        commit = query.commit or ("" if query.branch or version.git_branch else version.git_commit)
        return SourceRevision(
            source_url=seen.source_url,
            branch="" if commit else query.branch or version.git_branch,
            commit=commit,
            git_auth=query.git_auth or seen.settings.git_auth_name,
        )

    async def _is_current(self, seen: App, revision: SourceRevision, query: ReloadApps) -> bool:
        version = seen.metadata.version_metadata
        if query.force_reload or not version.git_commit:
            return False
        if revision.commit and revision.commit == version.git_commit:
            return True
        if not revision.commit and revision.branch != version.git_branch:
            return False
        return await self._rooms.sources.head(revision) == version.git_commit

    async def _stored(self, seen: App, edited: App) -> FetchedSource:
        """Return the source that the app serves now, filled in for the spec that it is to have."""
        version = seen.metadata.version_metadata
        return replace(
            await self._rooms.refilled(seen, edited),
            branch=version.git_branch,
            commit=version.git_commit,
            message=version.git_message,
        )


def check_replaceable(main: App, query: ReloadApps, *, is_git: bool) -> None:
    """:raises BadRequest: if the source of the app cannot be replaced by a folder."""
    if is_git:
        raise BadRequest(f"app {main} is from git: --branch and --commit say what of it is served")
    if main.is_dev:
        raise BadRequest(f"app {main} is a dev app, which is always what its folder is")
    if file := main.settings.applied_from:
        raise BadRequest(f"app {main} is declared by {file}, which says what its source is")
    if main.metadata.stays_on_disk and not query.promote:
        raise BadRequest(f"app {main} serves files of its folder: add --promote")


def fetched_metadata(seen: App, fetched: FetchedSource) -> AppMetadata:
    """Return the app's metadata with the fetched revision, and the spec of its files."""
    revision = VersionMetadata(
        git_branch=fetched.branch,
        git_commit=fetched.commit,
        git_message=fetched.message,
        apply_info=seen.metadata.version_metadata.apply_info,
    )
    return replace(seen.metadata, version_metadata=revision).with_files_of(fetched.spec)


def _approving(query: ReloadApps) -> Iterator[str]:
    """The words of the same reload, approving."""
    yield from ("app", "reload", "--approve")
    if query.promote:
        yield "--promote"
    if query.force_reload:
        yield "--force-reload"
    for name in ("branch", "commit", "git_auth", "source"):
        if value := getattr(query, name):
            yield f"--{name.replace('_', '-')}={value}"
