"""The rooms of data: apps, secrets, the audit log, and the administrator's account."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec.structs import asdict, replace
from twisted.application.service import MultiService

from clace.audit import PURPOSE, AuditEvents, AuditRetention, RationedAudit, open_audit
from clace.composition.users import OwnUsers
from clace.config import AppConfigs, AppSection, Config, policy_of, with_secrets
from clace.database import UpgradeOptions
from clace.errors import AppBroken, BadRequest
from clace.identity.passwords import AdminAccount, SignIns, SignInTrail
from clace.identity.rbac import Authorisation
from clace.identity.tokens import APITokens, TokenSurroundings
from clace.ids import request_ids
from clace.interfaces import BUILTIN
from clace.metadata import (
    open_delivery_rows,
    open_secret_rows,
    open_session_rows,
    open_store,
    open_sync_rows,
    open_token_rows,
    open_webhook_rows,
)
from clace.model import App, Identity
from clace.passwords import hash_password, random_password
from clace.secrets import ProviderOptions, SealingContext, open_providers
from clace.secrets import open_store as open_stored
from clace.threads import InThread, ThreadPool
from clace.units import MEBIBYTE

_OWN_USERS = f"{BUILTIN}:"


class Data:
    """Databases and secrets; ``config`` is the configuration with values in their places, and
    ``written`` as it is in the file.
    """

    def __init__(self, config: Config, reactor: Any, warn: Callable[[str], None]) -> None:
        self.config = self.written = config
        self._reactor = reactor
        self.new_id = request_ids(secrets.token_hex(6))
        self.secret_threads = MultiService()
        self.password_threads = ThreadPool(reactor, "passwords", 2, patient=True)
        upgrades = UpgradeOptions(
            auto_upgrade=config.metadata.auto_upgrade,
            ignore_higher_version=config.metadata.ignore_higher_version,
        )
        self._open_metadata(upgrades, warn)
        self.app_configs = AppConfigs(self.config, os.environ)
        retention = AuditRetention(
            http_days=config.system.http_event_retention_days,
            other_days=config.system.non_http_event_retention_days,
            max_bytes=config.system.audit_max_size_mb * MEBIBYTE,
        )
        audit_url = self.config.metadata.audit_db_connection
        read_key = partial(self.stored_secrets.own_key, PURPOSE)
        key_made = partial(self.stored_secrets.own_key_made, PURPOSE)
        self.audit = open_audit(audit_url, upgrades, retention, reactor, read_key, key_made)
        self.ration = RationedAudit(
            self.audit, reactor, self.new_id, a_minute=config.system.audit_events_per_minute
        )
        self.generated_password = self.generated_hash = ""
        self.events = AuditEvents(self.audit, self.ration, reactor.seconds, self.new_id)
        self.authorisation = Authorisation(policy_of(config.rbac), config.admin_user)
        self.sign_ins = SignIns(reactor, SignInTrail(self.events))
        self.account = AdminAccount(
            self.config.admin_user,
            self._password_hash(),
            reactor,
            self.password_threads.run,
            self.sign_ins,
        )
        self.people = OwnUsers(
            self.config,
            reactor,
            self._threads_for("users"),
            self.password_threads.run,
            self.sign_ins,
            self.stored_secrets,
        )
        self.tokens = APITokens(
            self.token_rows,
            TokenSurroundings(reactor, self._threads_for("tokens"), self.sign_ins, self.owner_now),
        )

    def owner_now(self, identity: Identity) -> Identity | None:
        """Return the user of a token as of now: a user of this server's own may be gone."""
        if not identity.user_id.startswith(_OWN_USERS):
            return identity
        found = self.people.users.of(identity.user_id)
        return replace(identity, groups=found.groups) if found else None

    def groups_of(self, user_id: str) -> tuple[str, ...]:
        """Return the groups of a user of this server's own; nothing of others is known.

        :raises BadRequest: if it would be such a user, and is missing.
        """
        found = self.people.users.of(user_id)
        if found is None and user_id.startswith(_OWN_USERS):
            raise BadRequest(f"user {user_id} does not exist")
        return found.groups if found else ()

    def settings_of(self, app: App) -> AppSection:
        """Return the app's settings in effect: its own, or the server's.

        :raises AppBroken: if this server does not know its own settings.
        """
        try:
            return self.app_configs.of(app.metadata.appconfig)
        except BadRequest as error:
            raise AppBroken(f"the settings of app {app} cannot be used: {error.message}") from error

    def _open_metadata(self, upgrades: UpgradeOptions, warn: Callable[[str], None]) -> None:
        """The store and the secrets, which need each other: secrets name the database, and it
        holds some.
        """
        sections = {
            name: ProviderOptions(**asdict(section)) for name, section in self.config.secret.items()
        }
        default = self.config.app_config.security.default_secrets_provider
        self.secrets = open_providers(default, sections, os.environ, self._threads_for)
        self._fill("metadata")
        url = self.config.metadata.db_connection
        self.store = open_store(url, upgrades, self._reactor)
        self.secret_rows = open_secret_rows(url)
        self.session_rows = open_session_rows(url)
        self.token_rows = open_token_rows(url)
        self.sync_rows = open_sync_rows(url)
        self.webhook_rows = open_webhook_rows(url)
        self.delivery_rows = open_delivery_rows(url)
        around = SealingContext(
            self._threads_for("store"), self._reactor.seconds, secrets.token_bytes
        )
        self.stored_secrets = open_stored(
            self.secrets, sections, self.secret_rows, self.config.home, around
        )
        if self.stored_secrets.problem:
            warn(f"warning: {self.stored_secrets.problem}")
        self._fill("plugin")
        self._fill("auth")

    def _threads_for(self, name: str) -> InThread:
        threads = ThreadPool(self._reactor, f"secrets-{name}", 4)
        threads.setServiceParent(self.secret_threads)
        return threads.run

    def _fill(self, section: str) -> None:
        """Put secrets in the place of their names."""
        self.config = with_secrets(self.config, section, os.environ, self.secrets.resolved)

    def _password_hash(self) -> str:
        """The configured hash, or that of a password made for this run."""
        security = self.config.security
        if security.admin_password_bcrypt or not self.config.admin_user:
            return security.admin_password_bcrypt
        self.generated_password = random_password()
        self.generated_hash = hash_password(self.generated_password)
        return self.generated_hash
