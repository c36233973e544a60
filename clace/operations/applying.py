"""Declarations applied: apps created and updated until they are what files say."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from attrs import Factory, define
from msgspec.structs import replace
from zope.interface import implementer

from clace.admin_api import (
    MATCHED,
    NONE,
    RELOADS,
    ApplyFiles,
    ExportedText,
    FilesApplied,
    NewApp,
    PrettyPrint,
    ReloadApps,
    Right,
)
from clace.errors import BadRequest, NoSuchApp
from clace.interfaces import (
    Asking,
    IDeclarationOperations,
    PrunedApp,
    RemoveApp,
    ReplaceVersion,
)
from clace.locations import DEFAULT_BRANCH
from clace.model import ANY_APP, App, AppGlob, AppPath, DeclaredApp
from clace.operations.approval import check_approved
from clace.operations.catalogue import AppCatalogue, naming
from clace.operations.configured import ConfiguredSections
from clace.operations.creation import (
    DEFAULT_AUTH,
    AddedApp,
    AppCreation,
    AppOrigin,
)
from clace.operations.declared_settings import WRITES, check_writes, merged_settings, on_twin
from clace.operations.declaring import DeclarationFiles, calls_of
from clace.operations.draft import AppsDraft
from clace.operations.edits import check_stays
from clace.operations.merging import merged_metadata, read, written
from clace.operations.properties import ACCOUNTS
from clace.operations.pruning import digest_of, doomed
from clace.operations.reloading import AppReloading, ReloadOutcome, ReloadRun
from clace.operations.rooms import OperationRooms
from clace.operations.settings import check_own_host
from clace.operations.withheld import resolved, unresolved
from clace.telling import step


@define
class _Application:
    """One application: its query, and what was done so far."""

    query: ApplyFiles
    request: Asking
    catalogue: AppCatalogue
    draft: AppsDraft
    origin: str
    pruned: tuple[PrunedApp, ...]
    added: list[AddedApp] = Factory(list)
    updated: list[AppPath] = Factory(list)
    outcomes: list[ReloadOutcome] = Factory(list)
    runs: list[ReloadRun] = Factory(list)
    warnings: list[str] = Factory(list)


@implementer(IDeclarationOperations)
class DeclarationOperations:
    """Applies files: all apps that they describe, or on any failure none."""

    def __init__(
        self,
        rooms: OperationRooms,
        creation: AppCreation,
        reloading: AppReloading,
        configured: ConfiguredSections,
        files: DeclarationFiles,
    ) -> None:
        self._rooms = rooms
        self._creation = creation
        self._reloading = reloading
        self._configured = configured
        self._files = files

    async def apply_files(self, query: ApplyFiles, request: Asking) -> FilesApplied:
        if query.reload not in {"", *RELOADS}:
            raise BadRequest(f"invalid reload {query.reload!r:.40}, expected {', '.join(RELOADS)}")
        # Before the files are read nobody knows which apps they describe.
        request.check(ANY_APP)
        glob = AppGlob.parse(query.app_path_glob)
        self._configured.check_git_auth(query.git_auth)
        with step(f"read {query.apply_path}"):
            declared = await self._files.read(query)
        wanted = {path: one for path, one in declared.apps.items() if glob.matches(path)}
        catalogue = await self._rooms.catalogue(request)
        gone = doomed(query, declared, catalogue, glob)
        if not wanted and not gone and glob.is_literal:
            raise NoSuchApp(f"{query.apply_path} declares no app at {glob}")
        for path in wanted:
            request.check(str(path))
        request.check_apps(gone)
        pruned = await self._rooms.store.pruned()
        async with self._rooms.draft() as draft:
            work = _Application(query, request, catalogue, draft, declared.origin, pruned)
            await self._make(work, wanted, gone)
        unmatched = () if wanted or gone else (_unmatched(query),)
        report = _report(work)
        return replace(
            report,
            warnings=(*unmatched, *report.warnings),
            dry_run=query.dry_run,
            commit_id=declared.commit,
            filtered_apps=tuple(sorted(declared.apps.keys() - wanted.keys())),
            prune_results=tuple(app.address for app in gone),
            prune_digest=digest_of(gone) if query.prune else "",
            changes=draft.changes_by_value(request.may_read),
        )

    async def _make(
        self, work: _Application, wanted: Mapping[AppPath, DeclaredApp], gone: tuple[App, ...]
    ) -> None:
        """Bring the apps to what is declared, and remove those that are gone."""
        self._remove(work, gone)
        for path in sorted(wanted):
            with naming(path, BadRequest):
                await self._apply(work, path, wanted[path])
        check_approved([each for one in work.outcomes for each in one.refused])
        await work.draft.commit(dry_run=work.query.dry_run)
        if not work.query.dry_run:
            self._keep(work)

    async def pretty_print(self, query: PrettyPrint, request: Asking) -> ExportedText:
        request.check(ANY_APP)
        apps = (await self._files.read(ApplyFiles(query.apply_path))).apps
        return ExportedText(calls_of(apps[path] for path in sorted(apps)))

    def _remove(self, work: _Application, gone: tuple[App, ...]) -> None:
        for main in gone:
            for app in (*work.catalogue.twins_of(main), main):
                work.draft.change(RemoveApp(app, keeps_data=True))
                work.draft.retract(app)

    async def _apply(self, work: _Application, path: AppPath, one: DeclaredApp) -> None:
        """Create the app, or bring it to what is declared."""
        check_writes(one)
        main = next((app for app in work.catalogue.apps if app.address == path), None)
        if main is not None:
            await self._update(work, main, one)
            return
        self._configured.check_links(ACCOUNTS.kept(one.accounts))
        added = await self._creation.add(
            work.draft,
            new_app(resolved(one, {})),
            work.request.needing(Right.APP_CREATE),
            approve=work.query.approve,
            origin=_origin(work, one),
        )
        work.added.append(added)
        work.warnings += (_lacking(path, name) for name in unresolved(one, {}))

    async def _update(self, work: _Application, main: App, one: DeclaredApp) -> None:
        query, draft = work.query, work.draft
        one = replace(one, spec=self._rooms.specs.check(one.spec))
        self._check_same(work.catalogue, main, one)
        last = read(work.catalogue.edited(main).metadata.version_metadata.apply_info)
        main, seen, changed = self._settle(work, main, last, one)
        metadata = merged_metadata(seen.metadata, last, one, clobber=query.clobber)
        self._configured.check_config(metadata.appconfig)
        check_stays(seen.metadata, metadata)
        self._configured.check_links(metadata.accounts, seen.metadata.accounts)
        edited = replace(seen, metadata=metadata)
        revision = self._revision(seen, last, one, clobber=query.clobber)
        differs = not _is_only_remembered(seen, edited)
        changed = changed or any(revision) or differs
        if changed:
            work.updated.append(seen.address)
        fetches = any(revision) or query.reload == MATCHED or (query.reload != NONE and changed)
        if fetches or differs:
            await self._bring(work, main, seen, edited, revision, fetches=fetches)
        elif edited != seen:
            draft.point(seen, metadata)
            if not seen.is_dev:
                draft.change(ReplaceVersion(seen.id, metadata))

    def _settle(
        self, work: _Application, main: App, last: DeclaredApp | None, one: DeclaredApp
    ) -> tuple[App, App, bool]:
        """Return the app and the one that is edited as they are with their settings, which hold at
        once, and whether these changed.
        """
        clobber, catalogue = work.query.clobber, work.catalogue
        live, seen = main.settings, catalogue.edited(main)
        defaults = self._creation.defaults
        after = merged_settings(live, last, one, defaults, clobber=clobber)
        changed = after != live
        after = replace(after, applied_from=work.origin)
        drifted = clobber and on_twin(seen.settings, after) != seen.settings
        if after == live and not drifted:
            return main, seen, False
        if changed:
            self._configured.check_auth(after.authn_type)
            self._configured.check_git_auth(after.git_auth_name)
        check_own_host(self._configured, self._rooms, main, after, work.request.may_read)
        settled = {
            app.id: work.draft.settle(app, on_twin(app.settings, after))
            for app in (main, *catalogue.twins_of(main))
        }
        return settled[main.id], settled[seen.id], changed or drifted

    async def _bring(
        self,
        work: _Application,
        main: App,
        seen: App,
        edited: App,
        revision: tuple[str, str],
        *,
        fetches: bool,
    ) -> None:
        """Make a new version of an app, from its source or from the files that it has."""
        query = work.query
        branch, commit = revision
        declared = read(edited.metadata.version_metadata.apply_info)
        run = await self._reloading.begin(
            ReloadApps(
                str(main.address),
                promote=query.promote,
                approve=query.approve,
                force_reload=query.force_reload,
                verify=query.verify or (declared is not None and declared.verify),
                branch=branch,
                commit=commit,
            ),
            approving=("apply", "--approve", query.apply_path),
        )
        outcome = await self._reloading.bring(run, work.draft, seen, edited, main, fetches=fetches)
        work.runs.append(run)
        work.outcomes.append(outcome)

    def _check_same(self, catalogue: AppCatalogue, main: App, one: DeclaredApp) -> None:
        """:raises BadRequest: if another app is at the path, or it cannot be as it is declared."""
        if self._rooms.sources.check(one.source) != main.source_url:
            url = main.source_url
            raise BadRequest(f"app {main} already exists with different source url: {url}")
        if one.dev != main.is_dev:
            dev = str(main.is_dev).lower()
            raise BadRequest(f"app {main} already exists with different dev status: {dev}")
        if one.stage_at and not main.is_dev:
            staging = catalogue.staging_of(main).address
            if self._creation.defaults.places.of(main.address, one.stage_at) != staging:
                raise BadRequest(f"app {main} already exists with its staging app at {staging}")

    def _revision(
        self, seen: App, last: DeclaredApp | None, one: DeclaredApp, *, clobber: bool
    ) -> tuple[str, str]:
        """Return the branch and the commit to fetch from now on; empty if they stay."""
        if not self._rooms.sources.is_git(seen.source_url):
            return one.git_branch, one.git_commit
        same = last and (last.git_branch, last.git_commit) == (one.git_branch, one.git_commit)
        if same and not clobber:
            return "", ""
        live = seen.metadata.version_metadata
        if one.git_commit:
            stays = not live.git_branch and live.git_commit.startswith(one.git_commit)
            return "", "" if stays else one.git_commit
        branch = one.git_branch or (DEFAULT_BRANCH if last or clobber else "")
        return "" if branch == live.git_branch else branch, ""

    def _keep(self, work: _Application) -> None:
        """Know the apps as they are after what was done."""
        for added in work.added:
            self._creation.keep(added)
        for run in work.runs:
            self._reloading.keep(run)


def new_app(one: DeclaredApp) -> NewApp:
    """Return the request to install an app as it is declared."""
    return NewApp(
        path=one.path,
        source_url=one.source,
        is_dev=one.dev,
        app_authn=one.auth or DEFAULT_AUTH,
        git_branch=one.git_branch,
        git_commit=one.git_commit,
        git_auth_name=one.git_auth,
        spec=one.spec,
        stage_at=one.stage_at,
        param_values=one.params,
        appconfig=one.app_config,
        container_options=one.container_opts or None,
        container_args=one.container_args or None,
        container_volumes=list(one.container_vols) or None,
    )


def _origin(work: _Application, one: DeclaredApp) -> AppOrigin:
    writes = {name: getattr(one, name) for name in WRITES}
    return AppOrigin(
        apply_info=written(one),
        applied_from=work.origin,
        pruned=work.pruned,
        accounts=ACCOUNTS.kept(one.accounts),
        writes={name: on for name, on in writes.items() if on is not None},
    )


def _unmatched(query: ApplyFiles) -> str:
    return f"{query.apply_path} declares no app that matches {AppGlob.parse(query.app_path_glob)}"


def _lacking(path: AppPath, name: str) -> str:
    command = shlex.join(("clace", "param", "update", "--promote", name, "VALUE", str(path)))
    return f"the file does not have the value of param {name} of {path}, give it with: {command}"


def _is_only_remembered(seen: App, edited: App) -> bool:
    """Tell an edit that changes no more than which declaration the app is from."""
    version = edited.metadata.version_metadata
    return replace(seen.metadata, version_metadata=version) == edited.metadata


def _report(work: _Application) -> FilesApplied:
    outcomes = work.outcomes
    warnings = (text for one in outcomes for text in one.warnings)
    return FilesApplied(
        create_results=tuple(added.created for added in work.added),
        update_results=tuple(work.updated),
        approve_results=tuple(each for one in outcomes for each in one.approved),
        promote_results=tuple(each for one in outcomes for each in one.promoted),
        reload_results=tuple(each for one in outcomes for each in one.reloaded),
        skipped_results=tuple(each for one in outcomes for each in one.skipped),
        warnings=(
            *work.warnings,
            *(text for added in work.added for text in added.created.warnings),
            *warnings,
        ),
    )
