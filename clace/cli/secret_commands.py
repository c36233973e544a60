"""``clace secret``: store secrets in the server, list and show them, seal them anew."""

from __future__ import annotations

import sys
from base64 import b64decode, b64encode
from pathlib import Path

import click
from msgspec import UNSET

from clace.admin_api import secrets as api
from clace.cli import reports, secret_listing
from clace.cli.app_commands import yes_option
from clace.cli.commands import Group, misused
from clace.cli.completing import files
from clace.cli.deleting import agree, tell_unasked
from clace.cli.formats import (
    JSON_FORMATS,
    format_option,
    list_format_option,
    result_format_option,
    say_list,
    say_result,
)
from clace.cli.globs import dry_run_option
from clace.cli.servers import ChosenServer, for_server
from clace.cli.text import say, warn
from clace.errors import BadRequest
from clace.text import one_line
from clace.units import MEBIBYTE

MAX_INPUT = 4 * MEBIBYTE

provider_option = click.option(
    "--provider", "-p", default="", metavar="NAME", help="The secret provider.  [default: db]"
)


@click.group(cls=Group)
def secret() -> None:
    """Manage the secrets that the server keeps."""


@secret.command()
@click.option("--name", "-n", default="", help="Its name; without one it is made of PREFIX.")
@click.option("--value", "-v", metavar="TEXT", help="The secret; others can see the command line.")
@click.option(
    "--file", "-f", metavar="FILE", shell_complete=files, help="A file that holds the secret."
)
@click.option("--description", "-d", default="", metavar="TEXT", help="What it is for.")
@click.option("--update", is_flag=True, help="Replace the secret if there is one.")
@provider_option
@dry_run_option
@result_format_option
@click.argument("prefix", default="")
@for_server
def create(
    server: ChosenServer,
    *,
    update: bool,
    dry_run: bool,
    prefix: str,
    form: str,
    **given: str | None,
) -> None:
    """Store a secret.

    It is read from standard input unless there is a value or a file.
    """
    content, source_file = _content(given["value"], given["file"])
    value, encoding = _written(content)
    new = api.NewSecret(
        name=given["name"] or "",
        prefix=prefix,
        value=value,
        encoding=encoding,
        description=given["description"] or "",
        provider=given["provider"] or "",
        source_file=source_file,
    )
    result = server.ask(api.CREATE_SECRET, api.CreateSecret(new, update=update, dry_run=dry_run))
    say_result(result, reports.secret_created(result), form)


@secret.command(name="list")
@provider_option
@list_format_option
@click.argument("glob", default="")
@for_server
def list_(server: ChosenServer, glob: str, provider: str, form: str | None) -> None:
    """List secrets: those whose name GLOB selects, or all. Values are not told."""
    result = server.ask(api.LIST_SECRETS, api.ListSecrets(glob, provider))
    form = form or server.config.client.default_format
    say_list(result.secrets, form, secret_listing.FORMATS)
    if glob and not result.secrets:
        warn(f"no secret matches {glob}")


@secret.command()
@provider_option
@click.option("--reveal", "-r", is_flag=True, help="Write the secret itself, and nothing else.")
@format_option(JSON_FORMATS, None, told="json")
@click.argument("name")
@for_server
def show(server: ChosenServer, name: str, provider: str, form: str | None, *, reveal: bool) -> None:
    """Show what is known of the secret NAME, or the secret.

    With --reveal and --format the value is in the JSON, in Base64 if its "encoding" says so.
    """
    if not reveal:
        found = server.ask(api.GET_SECRET, api.GetSecret(name, provider))
    else:
        found = server.ask(api.REVEAL_SECRET, api.NamedSecret(name, provider))
    if form or not reveal:
        say_result(found, (), form or "json")
        return
    sys.stdout.buffer.write(_value(found))
    sys.stdout.buffer.flush()


@secret.command()
@provider_option
@yes_option
@dry_run_option
@result_format_option
@click.argument("name")
@for_server
def delete(
    server: ChosenServer, name: str, provider: str, *, yes: bool, dry_run: bool, form: str
) -> None:
    """Delete the secret NAME; on a terminal it asks first."""
    asked = server.outside.is_terminal()
    if asked and not (yes or dry_run):
        agree(f"Delete the secret {one_line(name)}? Nobody can bring it back.")
    result = server.ask(api.DELETE_SECRET, api.DeleteSecret(name, provider, dry_run=dry_run))
    if not (asked or yes or dry_run):
        tell_unasked()
    say_result(result, (f"Secret deleted: {result.name}",), form)


@secret.command()
@provider_option
@dry_run_option
@result_format_option
@for_server
def rekey(server: ChosenServer, provider: str, *, dry_run: bool, form: str) -> None:
    """Seal all secrets with the first key of the server's key file."""
    result = server.ask(api.REKEY_SECRETS, api.RekeySecrets(provider, dry_run=dry_run))
    told = f"Secrets re-encrypted: {result.rekeyed} rekeyed, {result.skipped} skipped"
    say_result(result, (told,), form)


def _content(value: str | None, file: str | None) -> tuple[bytes, str]:
    """The secret, and the file that it is from."""
    if value is not None and file is not None:
        raise misused("cannot specify both --value and --file")
    if value is not None:
        return value.encode("utf-8", "surrogateescape"), ""
    if file is not None:
        path = Path(file).absolute()
        return _read(path), str(path)
    say("Reading secret value from stdin...", to_stderr=True)
    content = sys.stdin.buffer.read(MAX_INPUT)
    # What is no text may well end with this byte.
    return (content.removesuffix(b"\n") if _is_text(content) else content), ""


def _read(path: Path) -> bytes:
    """:raises BadRequest: the file cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_INPUT)
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror}") from error


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _written(content: bytes) -> tuple[str, str]:
    """The secret as the server takes it, and the encoding."""
    if _is_text(content):
        return content.decode("utf-8"), ""
    return b64encode(content).decode("ascii"), "base64"


def _value(found: api.SecretFound) -> bytes:
    if found.value is UNSET:
        raise BadRequest("the server did not tell the value")
    return b64decode(found.value) if found.encoding == "base64" else found.value.encode()
