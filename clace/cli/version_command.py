"""``clace version``: the version of this program, and those of apps."""

from __future__ import annotations

import importlib.metadata
import json

import click
from msgspec import Struct

from clace.cli.commands import Group, Lazy
from clace.cli.formats import BASIC, result_format_option, say_result

_COMMANDS = "clace.cli.history_commands"
UNKNOWN = "dev"
UNKNOWN_BUILD = "dev_build"


class _VersionGroup(Group):
    """Without a command it says which version of Clace this is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return click.Group.parse_args(self, ctx, args)


@click.group(
    cls=_VersionGroup,
    invoke_without_command=True,
    lazy={
        "list": Lazy(f"{_COMMANDS}:list_", "List the versions of an app."),
        "files": Lazy(f"{_COMMANDS}:files", "List the files of a version of an app."),
        "cat": Lazy(f"{_COMMANDS}:cat", "Print a file of a version of an app."),
        "diff": Lazy(f"{_COMMANDS}:diff", "Show how two versions of an app differ."),
        "switch": Lazy(f"{_COMMANDS}:switch", "Let an app be another of its versions."),
        "revert": Lazy(f"{_COMMANDS}:revert", "Let an app be the version that it was before."),
    },
)
@result_format_option
@click.pass_context
def version(context: click.Context, form: str) -> None:
    """Show the version of Clace; list, compare and switch the versions of apps."""
    if context.invoked_subcommand is None:
        say_version(form)


def say_version(form: str = BASIC) -> None:
    """Print it in one of the formats."""
    found = installed_version()
    say_result(found, (str(found),), form)


class BuildVersion(Struct, frozen=True):
    """A version with its build: the commit, for what was installed from git."""

    version: str
    build: str

    def __str__(self) -> str:
        return f"Clace version {self.version} build {self.build}"


def installed_version() -> BuildVersion:
    """The version of this program."""
    try:
        installed = importlib.metadata.distribution("clace")
    except importlib.metadata.PackageNotFoundError:
        return BuildVersion(UNKNOWN, UNKNOWN_BUILD)
    return BuildVersion(installed.version, commit(installed.read_text("direct_url.json")))


def commit(direct_url: str | None) -> str:
    """The commit in what an installer noted of where a package came from (PEP 610)."""
    noted = json.loads(direct_url) if direct_url else {}
    return str(noted.get("vcs_info", {}).get("commit_id", UNKNOWN_BUILD))
