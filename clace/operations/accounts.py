"""Accounts of plugins that apps use."""

from __future__ import annotations

from collections.abc import Container

from msgspec.structs import replace

from clace.admin_api import REMOVE
from clace.errors import BadRequest
from clace.model import AccountLink, AppMetadata


def check_link(link: AccountLink, sections: Container[str]) -> None:
    """Check that ``sections``, the configured plugins and accounts, have what is linked.

    :raises BadRequest: if the plugin or the account is unknown.
    """
    if link.plugin.partition("#")[0] not in sections:
        raise BadRequest(f"module {link.plugin} not found")
    if link.account_name != REMOVE and link.section not in sections:
        raise BadRequest(f'there is no section [plugin."{link.section}"] in the configuration')


def linked(metadata: AppMetadata, link: AccountLink) -> AppMetadata:
    """The metadata with the link; it replaces one of the same plugin."""
    others = tuple(each for each in metadata.accounts if each.plugin != link.plugin)
    accounts = others if link.account_name == REMOVE else (*others, link)
    if set(accounts) == set(metadata.accounts):
        return metadata
    return replace(metadata, accounts=accounts)
