"""The command line put together: which class fills which seam, and the reactor."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from clace.cli.commands import CommandLine, Lazy, hyphens
from clace.cli.completing import files
from clace.cli.outside import BackupTools, CommandSurroundings, Work
from clace.errors import ClaceError
from clace.server_target import ServerTarget

if TYPE_CHECKING:
    from clace.config import Config
    from clace.interfaces import IAdministration
    from clace.model import BackupRestored

T = TypeVar("T")


def main() -> None:
    """The ``clace`` program."""
    outside = CommandSurroundings(
        ask=ask,
        run_daemon=run_daemon,
        is_alive=is_alive,
        reveal=reveal,
        walls=walls,
        program_walls=program_walls,
        containers=containers,
        packages=packages,
        plugin_problems=plugin_problems,
        backups=backups,
        environ=os.environ,
        program=Path(sys.argv[0]),
    )
    clace.main(prog_name="clace", obj=outside)


@click.group(
    cls=CommandLine,
    lazy={
        "account": Lazy(
            "clace.cli.settings_commands:account", "Choose the accounts of plugins that apps use."
        ),
        "apply": Lazy(
            "clace.cli.apply_commands:apply",
            "Create and update the apps that FILE describes, of those that GLOB selects.",
        ),
        "export": Lazy(
            "clace.cli.apply_commands:export",
            "Write the apps that GLOB selects as a file that clace apply takes.",
        ),
        "fmt": Lazy(
            "clace.cli.fmt_command:fmt",
            "Lay out FILE, a file of declarations or of an app, and print it.",
        ),
        "pretty-print": Lazy(
            "clace.cli.apply_commands:pretty_print",
            "Evaluate FILE and print what it declares, as clace export writes it.",
        ),
        "preview": Lazy(
            "clace.cli.preview_commands:preview", "Serve other revisions of apps beside them."
        ),
        "plan": Lazy(
            "clace.cli.apply_commands:plan",
            "Show what clace apply would change, value by value; change nothing.",
        ),
        "app": Lazy("clace.cli.app_commands:app", "Install and manage apps."),
        "app-webhook": Lazy(
            "clace.cli.webhook_commands:app_webhook",
            "Let a git host reload and promote apps.",
        ),
        "audit": Lazy(
            "clace.cli.audit_commands:audit", "List, export and verify what was done, by whom."
        ),
        "backup": Lazy(
            "clace.cli.backup_commands:backup",
            "Back up everything that the server knows, verify and restore it.",
        ),
        "completion": Lazy(
            "clace.cli.completion_command:completion",
            "Print a script that lets SHELL complete commands, options and the paths of apps.",
        ),
        "config": Lazy("clace.cli.config_commands:config", "Check and show the configuration."),
        "doctor": Lazy(
            "clace.cli.doctor_command:doctor",
            "Show which walls around apps stand on this machine, and what is missing.",
        ),
        "lockout": Lazy(
            "clace.cli.lockout_commands:lockout",
            "List and clear lockouts of users and addresses that failed to sign in.",
        ),
        "param": Lazy("clace.cli.settings_commands:param", "Set the params of apps."),
        "password": Lazy(
            "clace.cli.password_command:password", "Hash the administrator's password."
        ),
        "rbac": Lazy("clace.cli.rbac_commands:rbac", "Explain who may do what."),
        "secret": Lazy(
            "clace.cli.secret_commands:secret", "Manage the secrets that the server keeps."
        ),
        "server": Lazy("clace.cli.server_commands:server", "Start, stop and watch the server."),
        "session": Lazy(
            "clace.cli.session_commands:session",
            "List and revoke sessions of browsers that have signed in.",
        ),
        "sync": Lazy(
            "clace.cli.sync_commands:sync", "Apply files of declarations again and again."
        ),
        "user": Lazy(
            "clace.cli.user_commands:user", "Manage the users of apps with authentication builtin."
        ),
        "token": Lazy("clace.cli.token_commands:token", "Make, list and revoke API tokens."),
        "version": Lazy(
            "clace.cli.version_command:version",
            "Show the version of Clace; list, compare and switch the versions of apps.",
        ),
    },
    context_settings={
        "token_normalize_func": hyphens,
        "help_option_names": ["--help", "-h"],
        "max_content_width": 100,
    },
    epilog="The exit status is 0 if it was done, 1 if it failed, 2 if the command line is wrong.",
)
@click.option(
    "--config-file",
    "-c",
    metavar="FILE",
    shell_complete=files,
    help="The configuration to use.",
)
@click.option(
    "--version",
    "-v",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, wanted: _print_version(context) if wanted else None,
    help="Show the version.",
)
@click.pass_context
def clace(context: click.Context, config_file: str | None) -> None:
    """Run and manage a server for a team's internal web apps."""
    if config_file == "":
        raise click.UsageError("--config-file is empty", context)
    if config_file:
        context.obj = context.obj._replace(config_file=config_file)


def _print_version(context: click.Context) -> None:
    from clace.cli.version_command import say_version  # noqa: PLC0415 - few ask for it

    say_version()
    context.exit()


def is_alive(target: ServerTarget, pid: int) -> bool:
    """Tell if a server that was told to stop is still there."""
    from clace.cli import liveness  # noqa: PLC0415 - only ``server stop`` asks

    return liveness.is_alive(target, pid)


def ask(target: ServerTarget, work: Work[T]) -> T:
    """Do work with a server; see ``Ask``."""
    return (_ask_socket if target.is_socket else _ask_url)(target, work)


def _ask_socket(target: ServerTarget, work: Work[T]) -> T:
    # A socket needs neither TLS nor a reactor; Twisted would take longer than the answer.
    from clace.client import AdminClient, SocketExchange  # noqa: PLC0415 - few commands ask a server

    client = AdminClient(SocketExchange(target.uri, as_user=target.as_user), target.uri)
    with _interruptible():
        return finished(work(cast("IAdministration", client)))


def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that blocks where others wait."""
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise RuntimeError("a client that blocks has to be done when it returns")


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM end the work as SIGINT does, both as an abort of the command."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise click.Abort from interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def _ask_url(target: ServerTarget, work: Work[T]) -> T:
    """Perform it in a reactor of its own."""
    from twisted.internet.task import react  # noqa: PLC0415 - only URLs need Twisted
    from twisted.logger import globalLogBeginner  # noqa: PLC0415 - as above

    from clace.client import admin_client  # noqa: PLC0415 - as above

    # What Twisted would log is not for operators; they are told what failed in a line.
    globalLogBeginner.beginLoggingTo([], redirectStandardIO=False)
    answers: list[T] = []
    problems: list[Exception] = []
    interrupts: list[Exception] = []

    async def perform(reactor: Any) -> None:
        # An interrupt closes the connection, which then looks as if the server had done it.
        reactor.addSystemEventTrigger("before", "shutdown", interrupts.append, click.Abort())
        try:
            client = cast("IAdministration", admin_client(target, reactor))
            answers.append(await work(client))
        except Exception as problem:  # noqa: BLE001 - raised where react cannot log it
            problems.extend(interrupts or [problem])

    # react would end the process; we have still to print what came of it.
    with suppress(SystemExit):
        react(perform)
    if problems:
        raise problems[0]
    if not answers:
        raise click.Abort
    return answers[0]


def reveal(config: Config, text: str) -> str:
    """The text with the secrets that it names, from providers that need no server.

    :raises ClaceError: one cannot be had.
    """
    from msgspec import structs  # noqa: PLC0415 - few need it

    from clace.secrets import ProviderOptions, open_providers  # noqa: PLC0415 - few need it

    sections = {
        name: ProviderOptions(**structs.asdict(section)) for name, section in config.secret.items()
    }
    default = config.app_config.security.default_secrets_provider
    return open_providers(default, sections, os.environ, lambda _name: at_once).resolved(text)


async def at_once(work: Callable[[], T]) -> T:
    """There is nothing to hold up here."""
    return work()


def run_daemon(arguments: Sequence[str]) -> None:
    """Be twistd with these arguments."""
    gc.enable()  # commands do without, and this is no command any more
    from twisted.python.usage import UsageError  # noqa: PLC0415
    from twisted.scripts.twistd import (  # type: ignore[attr-defined]  # noqa: PLC0415
        ServerOptions,
        runApp,
    )

    options = ServerOptions()
    try:
        options.parseOptions(list(arguments))
    except UsageError as error:
        raise ClaceError(str(error)) from error
    runApp(options)


def walls(config: Config) -> Mapping[str, str]:
    """Why each wall around apps does not stand on this machine, ``""`` for those that do."""
    from clace.runtime.hosts import Probe, program_for  # noqa: PLC0415

    return Probe(program_for(config.sandbox, config.security.sandbox)).report()


def backups() -> BackupTools:
    """Return what reads and restores backups."""
    from clace import backups as room  # noqa: PLC0415 - few commands need it
    from clace.database import MigratedSchema  # noqa: PLC0415 - as above

    schemas = {
        name: MigratedSchema(f"clace.{name}:migrations").newest for name in ("metadata", "audit")
    }

    def restore(file: Path, home: Path, secret: bytes | None, in_place: bool) -> BackupRestored:  # noqa: FBT001 - a callable, whose parameters have no names
        return room.restore_backup(file, home, secret, schemas, in_place=in_place)

    return BackupTools(room.derived_key, room.verify_backup, restore)


def program_walls(config: Config) -> Mapping[str, str]:
    """Why each wall around the programs of apps does not stand here, ``""`` for those that do."""
    from clace.processes.walled import rehearse  # noqa: PLC0415

    return rehearse(config.sandbox.program_uid_base)


def containers(config: Config) -> tuple[tuple[str, str, str], ...]:
    """Facts of containers on this machine: a name, what is so, and why it is not."""
    from clace.containers import engine_facts, found_engine, way_in  # noqa: PLC0415

    path = os.environ.get("PATH", os.defpath)
    command = config.system.container_command
    engine = found_engine(command, path)
    return engine_facts(engine, way_in(engine, path, is_root=os.geteuid() == 0), command)


def packages(config: Config) -> tuple[tuple[str, str, str], ...]:
    """Facts of the packages that builds have downloaded, as those of containers."""
    from clace.environments import cache_fact  # noqa: PLC0415

    return (cache_fact(config.home, config.python.cache_mb),)


def plugin_problems(config: Config) -> tuple[str, ...]:
    """Problems with the plugins of packages that a server would have."""
    from clace.plugins import not_installed  # noqa: PLC0415

    return tuple(not_installed(config.plugins.enabled))
