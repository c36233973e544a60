"""The whole server: its parts, and the order in which they start and stop."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any, TextIO

from twisted.application.service import IService
from twisted.internet.defer import Deferred
from twisted.logger import Logger, globalLogPublisher

from clace.composition.apps import Apps
from clace.composition.data import Data
from clace.composition.edge import Edge
from clace.composition.identity import Identities
from clace.composition.plugins import Plugins
from clace.composition.users import static_users
from clace.config import Config, changed_keys, policy_of
from clace.containers import missing_engine
from clace.errors import ClaceError
from clace.logs import LogOptions, LogService, make_logs
from clace.processes import ProgramStarter
from clace.runtime.hosts import HostSupply
from clace.service import AtStart, InOrder, OnStop, SignalService, WhenRunning, settle_memory
from clace.threads import ThreadPool
from clace.units import MEBIBYTE

log = Logger()
# Keys that SIGHUP puts in force.
REREAD = ("admin_user", "security.admin_password_bcrypt", "builtin_auth", "rbac")


def is_reread(key: str) -> bool:
    """Tell a key that SIGHUP puts in force from one that waits for the next start."""
    return any(key == each or key.startswith(f"{each}.") for each in REREAD)


class Composition:
    """The whole server, put together and not started; ``read`` gives the configuration anew, and so
    many ``descriptors`` may be open.

    :raises ClaceError: it cannot start as it is configured.
    """

    def __init__(
        self,
        config: Config,
        read: Callable[[], Config],
        reactor: Any,
        hosts: HostSupply,
        stdout: TextIO,
        stderr: TextIO,
        descriptors: int = 1024,
    ) -> None:
        self._read = read
        self._reactor = reactor
        self._stdout = stdout
        self._stderr = stderr
        self._warnings: list[str] = []
        self._started = config
        self._admin_user = config.admin_user
        for warning in config.warnings:
            self.warn(warning)
        self.logs = self._make_logs(config)
        self.file_threads = ThreadPool(reactor, "files", 8)
        self.data = Data(config, reactor, self.tell)
        self.starter = ProgramStarter(reactor)
        self.identities = Identities(self.data, reactor)
        self.plugins = Plugins(self.data, self.identities, reactor, self.file_threads, self.starter)
        self.apps = Apps(
            self.data,
            self.plugins,
            reactor,
            self.file_threads,
            self.starter,
            version("clace"),
            hosts,
        )
        self.edge = Edge(
            self.data, self.plugins, self.apps, reactor, self.file_threads, descriptors
        )
        self.data.people.close()
        self.data.secret_rows.close()  # a process that forks must not hand connections down
        self.data.session_rows.close()
        self.data.token_rows.close()
        self.data.sync_rows.close()
        self.data.webhook_rows.close()
        self.data.delivery_rows.close()

    def parts(self) -> IService:
        """Return the parts in the order of their start; they stop in the reverse."""
        drain = self.data.config.restart.drain_timeout_secs
        parts = InOrder()
        for part in (
            self.logs,
            self.starter,
            self.file_threads,
            self.data.password_threads,
            self.data.store,
            self.apps.retention,
            self.apps.preview_expiry,
            self.apps.programs.data_removal(),
            self.apps.backup_threads,
            self.data.secret_rows,
            self.data.session_rows,
            self.data.token_rows,
            self.data.sync_rows,
            self.data.webhook_rows,
            self.data.delivery_rows,
            *self.data.people.rows,
            self.data.secret_threads,
            self.data.tokens,
            self.identities.threads,
            self.identities.elsewhere.xml_threads,
            self.identities.sessions,
            self.identities.rechecks,
            self.data.audit,
            self.data.ration,
            self.plugins.documents,
            self.apps.git,
            AtStart(self.plugins.temp_files.begin, self._stderr),
            OnStop(self.plugins.temp_files.stop),
            OnStop(self.plugins.programs.stop),
            OnStop(self.plugins.container_commands.stop),
            AtStart(self.apps.programs.open, self._stderr),
            AtStart(self.apps.sent.open, self._stderr),
            OnStop(self.apps.programs.stop_builds),
            self.apps.programs.starter,
            self.apps.programs.workloads,
            self.apps.programs.sweeper,
            self.apps.runtime,
            self.apps.background.threads,
            self.apps.webhooks.deliveries,
            self.edge.access_log,
            self.edge.proxy,
            *(OnStop(partial(site.drain, drain)) for site in self.edge.sites.values()),
            self.edge.listeners,
            SignalService(self._reactor, self._reactor.stop, self.read_again),
            AtStart(self.apps.find, self._stderr),
            self.apps.syncs.runs,
            WhenRunning(self._reactor, self.begin),
        ):
            part.setServiceParent(parts)
        engine = self._started.system.container_command
        path = os.environ.get("PATH", os.defpath)
        for warning in (*self.apps.missing_walls(), *missing_engine(engine, path)):
            self.warn(warning)
        self.edge.listeners.open()
        self._announce()
        return parts

    def begin(self) -> None:
        """Begin the work that needs a running reactor."""
        settle_memory()
        for warning in self._warnings:
            log.warn("{warning}", warning=warning)  # noqa: G010 - Twisted's name for it
        if self.data.stored_secrets.problem:
            log.error("The {problem}", problem=self.data.stored_secrets.problem)
        self.tell("Server ready")

    def read_again(self) -> None:
        """Let a changed password, and changed roles and grants hold, and say what of the file does
        not; one that cannot be used changes nothing.
        """
        try:
            config = self._read()
        except ClaceError as error:
            self._complain(f"The configuration cannot be used: {error.message}")
            return
        renewed = self._renew_account(config)
        self._admin_user = config.admin_user if renewed else self._admin_user
        self.data.authorisation.replace(policy_of(config.rbac), self._admin_user)
        self.identities.roles_changed()
        self._renew_users(config)
        changed = changed_keys(self._started, config)
        held = [key for key in changed if not is_reread(key)]
        if held:
            self._complain(f"Changed, but not before the next start: {', '.join(sorted(held))}")

    def _renew_users(self, config: Config) -> None:
        renewed = Deferred.fromCoroutine(self.data.people.users.read_again(static_users(config)))
        renewed.addErrback(lambda failure: log.failure("Users were not read again", failure))

    def _renew_account(self, config: Config) -> bool:
        """Let the account be as configured; return false if it stays as it was."""
        hashed = config.security.admin_password_bcrypt or self.data.generated_hash
        if config.admin_user and not hashed:
            self._complain(
                "security.admin_password_bcrypt is empty, which is refused: the admin account "
                "stays as it was. Set another hash, or start again for a random password"
            )
            return False
        self.data.account.replace(config.admin_user, hashed)
        ended = Deferred.fromCoroutine(self.identities.users_changed())
        ended.addErrback(lambda failure: log.failure("Sessions of before may go on", failure))
        log.info("The configuration was read again; the admin account is as it says")
        return True

    def _complain(self, text: str) -> None:
        """Say what an operator who sent a signal has to know, where it is seen."""
        self.tell(f"warning: {text}")
        log.warn("{text}", text=text)  # noqa: G010 - Twisted's name for it

    def warn(self, text: str) -> None:
        """Tell it now, and the log as soon as there is one."""
        self.tell(f"warning: {text}")
        self._warnings.append(text)

    def tell(self, line: str) -> None:
        print(line, file=self._stderr, flush=True)

    def _announce(self) -> None:
        """Say where the server is, and the password if it was made for this run."""
        if self.data.generated_password:
            print(f"Admin user    : {self.data.config.admin_user}", file=self._stdout)
            password = self.data.generated_password
            print(f"Admin password: {password}", file=self._stdout, flush=True)
        for address in self.edge.listeners.addresses():
            if address.scheme != "unix":
                self.tell(f"Server listening on {address.url}")

    def _make_logs(self, config: Config) -> LogService:
        logging = config.logging
        options = LogOptions(
            folder=config.home / "logs",
            level=logging.level,
            file=logging.file,
            console=logging.console,
            max_bytes=logging.max_size_mb * MEBIBYTE,
            backups=logging.max_backups,
        )
        return make_logs(options, globalLogPublisher, self._stderr)
