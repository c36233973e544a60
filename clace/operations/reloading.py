"""Fetching sources again: all apps of a glob, or none."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from clace.interfaces import Fetched, IAppStore, IInstalledApps, IRuntime, ISources, Revision
from clace.model.app import App, VersionMetadata
from clace.model.paths import AppGlob, AppPath
from clace.model.requests import ReloadOptions
from clace.model.results import Approval, AppsReloaded
from clace.operations.approval import held, needs_approval, report
from clace.operations.catalogue import Catalogue, naming
from clace.operations.creation import no_revision
from clace.operations.draft import Draft
from clace.operations.promotion import promote


class _Outcome(Struct, frozen=True):
    """What the reload of one app comes to."""

    reloaded: tuple[AppPath, ...] = ()
    approved: tuple[Approval, ...] = ()
    promoted: tuple[AppPath, ...] = ()
    skipped: tuple[AppPath, ...] = ()
    warnings: tuple[str, ...] = ()


class Reloading:
    """Brings staging twins, and dev apps, to what their sources are now."""

    def __init__(
        self, store: IAppStore, sources: ISources, runtime: IRuntime, installed: IInstalledApps
    ) -> None:
        self._store = store
        self._sources = sources
        self._runtime = runtime
        self._installed = installed

    async def reload(self, glob: AppGlob, options: ReloadOptions) -> AppsReloaded:
        """See ``IAdministration.reload_apps``."""
        catalogue = Catalogue(await self._store.apps())
        async with Draft(self._store, self._runtime, self._installed) as draft:
            outcomes = [
                await self._reload_one(draft, catalogue, main, options)
                for main in catalogue.matching(glob)
            ]
            await draft.commit(dry_run=options.dry_run)
        return AppsReloaded(
            dry_run=options.dry_run,
            changes=draft.changes,
            warnings=tuple(text for outcome in outcomes for text in outcome.warnings),
            reload_results=tuple(path for outcome in outcomes for path in outcome.reloaded),
            approve_results=tuple(one for outcome in outcomes for one in outcome.approved),
            promote_results=tuple(path for outcome in outcomes for path in outcome.promoted),
            skipped_results=tuple(path for outcome in outcomes for path in outcome.skipped),
        )

    async def _reload_one(
        self, draft: Draft, catalogue: Catalogue, main: App, options: ReloadOptions
    ) -> _Outcome:
        with naming(main):
            return await self._reload(draft, catalogue.edited(main), main, options)

    async def _reload(self, draft: Draft, seen: App, main: App, options: ReloadOptions) -> _Outcome:
        revision = self._revision(seen, options)
        if await self._is_current(seen, revision, options):
            return _Outcome(skipped=(seen.address,))
        fetched = await self._fetch(seen, revision)
        audited = await self._runtime.audit(seen, fetched.files)
        demands = audited.demands
        granted = await held(seen, self._store, self._sources, self._runtime)
        approval = report(seen, demands, granted, approve=options.approve)
        if approval.needs_approval and not options.approve:
            raise needs_approval(main, demands.missing_from(granted), *_approving(options))
        metadata = replace(
            seen.metadata,
            name=audited.name,
            version_metadata=VersionMetadata(
                git_branch=fetched.branch,
                git_commit=fetched.commit,
                git_message=fetched.message,
            ),
        )
        # A version has no approvals but of what it asks for: what it drops is asked for anew.
        metadata = metadata.granting(demands if options.approve else demands.granted_by(granted))
        if seen.is_dev:
            after = draft.point(seen, metadata)
        else:
            after = await draft.next_version(seen, metadata, fetched.files)
        await draft.load(after, fetched.files)
        promoted: tuple[AppPath, ...] = ()
        if options.promote and not seen.is_dev:
            await promote(draft, self._store, main, after, fetched.files)
            promoted = (main.address,)
        return _Outcome(
            reloaded=(seen.address,),
            approved=(approval,) if approval.needs_approval else (),
            promoted=promoted,
            warnings=tuple(f"{main}: {text}" for text in (*fetched.warnings, *audited.warnings)),
        )

    def _revision(self, seen: App, options: ReloadOptions) -> Revision:
        """What to fetch: what was asked for, else what the app was made from."""
        version = seen.metadata.version_metadata
        if not self._sources.is_git(seen.source_url):
            if options.branch or options.commit:
                raise no_revision(seen.source_url, options.branch, options.commit)
            return Revision(source_url=seen.source_url)
        # An app without a branch is pinned to its commit until it is given either.
        commit = options.commit or (
            "" if options.branch or version.git_branch else version.git_commit
        )
        return Revision(
            source_url=seen.source_url,
            branch="" if commit else options.branch or version.git_branch,
            commit=commit,
            git_auth=options.git_auth or seen.settings.git_auth_name,
        )

    async def _is_current(self, seen: App, revision: Revision, options: ReloadOptions) -> bool:
        version = seen.metadata.version_metadata
        if options.force_reload or not version.git_commit:
            return False
        if revision.commit and revision.commit == version.git_commit:
            return True
        if not revision.commit and revision.branch != version.git_branch:
            return False
        return await self._sources.head(revision) == version.git_commit

    async def _fetch(self, seen: App, revision: Revision) -> Fetched:
        if seen.is_dev:
            return Fetched(files=self._sources.live(seen.source_url))
        return await self._sources.fetch(revision)


def _approving(options: ReloadOptions) -> Iterator[str]:
    """The words of the same reload, approving."""
    yield from ("app", "reload", "--approve")
    if options.promote:
        yield "--promote"
    if options.force_reload:
        yield "--force-reload"
    for name in ("branch", "commit", "git_auth"):
        if value := getattr(options, name):
            yield f"--{name.replace('_', '-')}={value}"
