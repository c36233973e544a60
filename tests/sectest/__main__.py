"""Try the promises of a running server: ``python -m tests.sectest --server URL``."""

import argparse
import os
import ssl
import sys
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

from .frame import REGISTRY, Promise, run
from .server import Server

USAGE = 2
HERE = Path(__file__).parent
for module in sorted(HERE.glob("*_promises.py")):
    import_module(f".{module.stem}", __package__)


def main(arguments: list[str]) -> int:
    """Print a line for each promise; 1 if one is broken, 2 if nothing could be tried."""
    options = parser().parse_args(arguments)
    if options.list:
        for one in chosen(options.only):
            mark = " (destructive)" if one.destructive else ""
            sys.stdout.write(f"{one.name:<28}{one.text}{mark}\n")
        return 0
    if not options.server:
        parser().error("--server is required: the URL of a server that runs")
    server = server_of(options)
    try:
        server.ask("GET", "/_clace/health")
    except OSError as error:
        sys.stderr.write(f"error: cannot reach {options.server}: {error}\n")
        return USAGE
    return run(chosen(options.only), server, destructive=options.destructive)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.sectest", description=__doc__)
    made.add_argument("--server", metavar="URL", type=url, help="http(s)://host:port of the server")
    made.add_argument("--admin-socket", metavar="PATH", type=Path, help="its admin socket")
    made.add_argument(
        "--admin-user",
        metavar="NAME",
        help="the administrator; the password is in CL_ADMIN_PASSWORD or the file below",
    )
    made.add_argument("--password-file", metavar="FILE", type=Path, help="holds the password")
    made.add_argument("--ca-file", metavar="FILE", type=Path, help="roots for its certificate, PEM")
    made.add_argument("--insecure", action="store_true", help="do not verify its certificate")
    made.add_argument(
        "--folder",
        metavar="DIR",
        type=Path,
        help="where the server can read the sources of trial apps; that of temporary files if"
        " not given",
    )
    made.add_argument(
        "--only", metavar="NAME", action="append", help="try this promise alone; may be repeated"
    )
    made.add_argument("--list", action="store_true", help="list the promises and try none")
    made.add_argument(
        "--destructive",
        action="store_true",
        help="try those too that may lock somebody out, slow the server down or leave something",
    )
    return made


def server_of(options: argparse.Namespace) -> Server:
    login = None
    if options.admin_user:
        login = (options.admin_user, password_of(options))
    context = None
    if options.server.startswith("https"):
        context = ssl.create_default_context(cafile=options.ca_file)
        if options.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
    return Server(
        options.server,
        admin_socket=options.admin_socket,
        login=login,
        context=context,
        folder=options.folder,
    )


def password_of(options: argparse.Namespace) -> str:
    if options.password_file:
        return options.password_file.read_text("utf-8").rstrip("\n")
    password = os.environ.get("CL_ADMIN_PASSWORD", "")
    if not password:
        parser().error("--admin-user needs a password: --password-file, or CL_ADMIN_PASSWORD")
    return password


def chosen(only: list[str] | None) -> list[Promise]:
    """The promises of these names, or all, in the order of the modules."""
    unknown = set(only or ()) - REGISTRY.keys()
    if unknown:
        parser().error(f"no such promise: {', '.join(sorted(unknown))}; see --list")
    return [one for one in REGISTRY.values() if not only or one.name in only]


def url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise argparse.ArgumentTypeError(f"expected http(s)://host:port, got {text}")
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
