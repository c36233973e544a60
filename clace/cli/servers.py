"""The options that every command for a server takes, and which server they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import click

from clace.cli.outside import CommandSurroundings, Work
from clace.cli.progress import telling
from clace.cli.text import warn
from clace.server_target import ServerTarget

if TYPE_CHECKING:
    from clace.admin_api import Operation, Q, R
    from clace.config import Config, Location
    from clace.interfaces import IAdministration

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OPTION_KEYS = {
    "server_uri": "server_uri",
    "admin_user": "admin_user",
    "admin_password": "client.admin_password",
    "skip_cert_check": "client.skip_cert_check",
}


def _somebody(context: click.Context, _option: click.Parameter, user: str | None) -> str | None:
    """Refuse an empty name, as of an unset variable, which would act as the administrator.

    :raises UsageError: if the name is empty.
    """
    if user is not None and not user.strip():
        raise click.UsageError("--as is empty, expected the id of a user", context)
    return user


_OPTIONS = (
    click.option("--server-uri", "-s", metavar="URI", help="Socket or URL of the server."),
    click.option("--admin-user", "-u", metavar="USER", help="User to sign in as, over TCP."),
    click.option("--admin-password", "-w", metavar="TEXT", help="Password, over TCP."),
    click.option(
        "--skip-cert-check/--no-skip-cert-check",
        "-k",
        default=None,
        help="Do not verify the server's certificate.",
    ),
    click.option(
        "--as",
        "as_user",
        metavar="USER",
        callback=_somebody,
        help="Act as USER, with no more than their rights.",
    ),
)


class GoesOn(click.Abort):
    """An interrupt of a command whose work the server does not stop."""

    told = "; the server goes on with it, and `clace audit list` tells how it ended"


class ChosenServer:
    """The server that a command line, the environment and the configuration mean together."""

    def __init__(
        self, outside: CommandSurroundings, flags: dict[str, object], as_user: str = ""
    ) -> None:
        self.outside = outside
        self._as_user = as_user
        self._flags = flags

    @cached_property
    def config(self) -> Config:
        """Return the client's configuration.

        :raises ConfigError: if the configuration cannot be used.
        """
        # Here and below: help and completion read no configuration.
        from clace.config import load  # noqa: PLC0415 - see above

        return load(self._location(), self.outside.environ, self._flags)

    @cached_property
    def target(self) -> ServerTarget:
        config = self.config
        return ServerTarget(
            uri=config.server_uri,
            user=config.admin_user,
            password=self._revealed(config, config.client.admin_password),
            token=self._revealed(config, config.client.token),
            as_user=self._as_user,
            skip_cert_check=config.client.skip_cert_check,
            ca_file=config.client.ca_file,
        )

    def ask(self, operation: Operation[Q, R], query: Q) -> R:
        """Perform one operation of the server and return its result.

        :raises ClaceError: if it refuses, or cannot be asked.
        """
        return self.ask_telling(operation, query, lambda admin: admin.perform(operation, query))

    def ask_telling(self, operation: Operation[Q, R], query: Q, work: Work[T]) -> T:
        """Do work of which an operation is the main part, and tell what goes on meanwhile.

        :raises ClaceError: if the server refuses, or cannot be asked.
        """
        changes = operation.target is not None and not query.is_dry
        try:
            with telling(operation.summary):
                return self.ask_for(work)
        except click.Abort as abort:
            if changes and operation.method != "GET":
                raise GoesOn from abort
            raise

    def each(
        self, operation: Operation[Q, R], query: Q, take: Callable[[tuple[R, ...]], object]
    ) -> None:
        """Perform an operation that streams; ``take`` gets its results, some at a time.

        :raises ClaceError: if the server refuses, or fails in the middle of its answer.
        """

        async def work(admin: IAdministration) -> None:
            async for results in admin.stream(operation, query):
                take(results)

        self.ask_for(work)

    def ask_for(self, work: Work[T]) -> T:
        """Do work with several operations of the server and return its result.

        :raises ClaceError: if the server refuses one, or cannot be asked.
        """
        _warn_of(self.target)
        return self.outside.ask(self.target, work)

    def _revealed(self, config: Config, password: str) -> str:
        """A socket asks for none, so no provider is asked either."""
        from clace.model import is_reference  # noqa: PLC0415 - see ``config``

        if config.socket or not is_reference(password):
            return password
        return self.outside.reveal(config, password)

    def _location(self) -> Location:
        from clace.config import Location, NoHome, find  # noqa: PLC0415 - see ``config``

        outside = self.outside
        try:
            return find(outside.config_file, outside.environ, program=outside.program)
        except NoHome:
            # Whoever names the server needs no home on this machine.
            if self._flags.get("server_uri") or outside.environ.get("CL_SERVER_URI"):
                return Location(Path.cwd())
            raise


def client_flags(given: Mapping[str, Any]) -> dict[str, object]:
    """Return the values of a client's options by key of the configuration."""
    return {key: given.get(name) for name, key in _OPTION_KEYS.items()}


def for_server(function: F) -> F:
    """Gives a command the options of a client, and a ``ChosenServer`` as its first argument."""

    def command(
        outside: CommandSurroundings,
        /,
        **given: Any,
    ) -> Any:
        flags = client_flags(given)
        as_user = given.pop("as_user") or ""
        arguments = {name: value for name, value in given.items() if name not in _OPTION_KEYS}
        return function(ChosenServer(outside, flags, as_user), **arguments)

    decorated: Any = click.pass_obj(command)
    update_wrapper(decorated, function)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]


def _warn_of(target: ServerTarget) -> None:
    url = urlsplit(target.uri)
    if url.scheme == "https" and target.skip_cert_check:
        warn("the server's certificate is not verified (--skip_cert_check)")
    proof = "token" if target.token else "password" if target.password else ""
    if url.scheme == "http" and proof and url.hostname not in _LOOPBACK:
        warn(f"the {proof} goes to {url.hostname} unencrypted; use https")
