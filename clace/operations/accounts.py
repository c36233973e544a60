"""Which accounts of plugins apps use."""

from __future__ import annotations

from collections.abc import Container

from msgspec.structs import replace

from clace.errors import BadRequest
from clace.interfaces import IAppStore, IInstalledApps, IRuntime
from clace.model.app import AccountLink, App
from clace.model.paths import AppGlob, AppPath
from clace.model.requests import LinkOptions
from clace.model.results import AccountsLinked
from clace.operations.catalogue import Catalogue
from clace.operations.draft import Draft
from clace.operations.promotion import is_behind, promote

UNLINK = "-"


class AccountLinking:
    """Links accounts to apps; ``sections`` are the plugins and accounts that are configured."""

    def __init__(
        self,
        store: IAppStore,
        runtime: IRuntime,
        installed: IInstalledApps,
        sections: Container[str],
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._installed = installed
        self._sections = sections

    async def link(self, glob: str, link: AccountLink, options: LinkOptions) -> AccountsLinked:
        """See ``IAdministration.link_account``."""
        pattern = AppGlob.parse(glob)
        self._check(link)
        catalogue = Catalogue(await self._store.apps())
        linked: list[AppPath] = []
        promoted: list[AppPath] = []
        async with Draft(self._store, self._runtime, self._installed) as draft:
            for main in catalogue.matching(pattern):
                seen = catalogue.edited(main)
                after = await self._linked(draft, seen, link)
                if after is not seen:
                    linked.append(seen.address)
                if options.promote and not main.is_dev and is_behind(main, after):
                    files = await self._store.files(seen.id, seen.version)
                    await promote(draft, self._store, main, after, files)
                    promoted.append(main.address)
            await draft.commit(dry_run=options.dry_run)
        return AccountsLinked(options.dry_run, tuple(linked), tuple(promoted))

    def _check(self, link: AccountLink) -> None:
        """:raises BadRequest: there is no such plugin, or no such account."""
        if link.plugin.partition("#")[0] not in self._sections:
            raise BadRequest(f"module {link.plugin} not found")
        if link.account_name != UNLINK and link.section not in self._sections:
            raise BadRequest(f'there is no section [plugin."{link.section}"] in the configuration')

    async def _linked(self, draft: Draft, seen: App, link: AccountLink) -> App:
        others = tuple(each for each in seen.metadata.accounts if each.plugin != link.plugin)
        accounts = others if link.account_name == UNLINK else (*others, link)
        if set(accounts) == set(seen.metadata.accounts):
            return seen
        metadata = replace(seen.metadata, accounts=accounts)
        # It is not loaded aside: that would fail for an app that waits for its approval.
        draft.retract(seen)
        return (
            draft.point(seen, metadata) if seen.is_dev else await draft.next_version(seen, metadata)
        )
