"""A server with the example apps, in ``.clace`` below the working directory: ``make run``."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import IO, NoReturn

EXAMPLES = Path(__file__).parent
APPS = {
    "/hello": "hello",
    "/disk": "disk_usage",
    "/memory": "memory_usage",
    "/bookmarks": "bookmarks",
}
BIN = Path(sys.executable).parent
LISTENING = re.compile(r"Server listening on (https?://\S+)")
READY = "Server ready"
TAKEN = "another server"


def main() -> None:
    home = Path.cwd() / ".clace"
    os.environ["CL_HOME"] = str(home)
    prepare(home)
    server = subprocess.Popen(
        [BIN / "twistd", "-n", "--pidfile=", "clace"], stderr=subprocess.PIPE, text=True
    )
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    try:
        serve(server, home)
    except KeyboardInterrupt:
        pass  # the server has heard it too
    except BaseException:
        server.terminate()
        raise
    sys.exit(server.wait())


def serve(server: subprocess.Popen[str], home: Path) -> None:
    """Wait for the server, install the apps, say where they are, and wait for its end."""
    assert server.stderr
    bases = list(addresses(server, server.stderr))
    Thread(target=pass_on, args=(server.stderr,), daemon=True).start()
    announce(bases, list(deploy()), home)
    server.wait()


def prepare(home: Path) -> None:
    """Make the home folder with a configuration and a password, once."""
    home.mkdir(mode=0o700, exist_ok=True)
    if (home / "clace.toml").exists():
        return
    made = clace("password", "--random", "--save")
    if made.returncode:
        sys.exit(made.stderr.strip())
    password = made.stderr.split("Generated password is:", 1)[1].strip()
    write_private(home / "admin_password", password + "\n")


def write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)


def clace(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / "clace", *arguments], capture_output=True, text=True, check=False)


def addresses(server: subprocess.Popen[str], said: IO[str]) -> Iterator[str]:
    """The URLs that our own server listens on, once it is ready; ends with it if it is not."""
    lines = []
    for line in said:
        print(line, end="", file=sys.stderr, flush=True)
        lines.append(line)
        if found := LISTENING.match(line):
            yield found[1]
        if line.strip() == READY:
            return
    not_started(server.wait(), "".join(lines))


def not_started(code: int, said: str) -> NoReturn:
    """End as the server did, with what to do if another one is in its place."""
    if TAKEN in said or "address already in use" in said:
        stop = f"CL_HOME={os.environ['CL_HOME']} {BIN / 'clace'} server stop"
        print(
            f"A server of this folder may be running; this ends it: {stop}\n"
            "Other ports than 25222 and 25223 are chosen with CL_HTTP_PORT and CL_HTTPS_PORT.",
            file=sys.stderr,
        )
    sys.exit(code or 1)


def pass_on(said: IO[str]) -> None:
    for line in said:
        print(line, end="", file=sys.stderr, flush=True)


def deploy() -> Iterator[str]:
    """Install and approve every example that is not installed yet; the paths of those that are."""
    listed = clace("app", "list", "--format", "json")
    if listed.returncode:
        sys.exit(listed.stderr.strip())
    there = {app["path"] for app in json.loads(listed.stdout)}
    for path, folder in APPS.items():
        if path not in there:
            print(f"Installing {path} from {EXAMPLES / folder}", flush=True)
            made = clace("app", "create", "--approve", str(EXAMPLES / folder), path)
            if made.returncode:
                print(made.stderr, end="", file=sys.stderr, flush=True)
                continue
        yield path


def announce(bases: list[str], paths: list[str], home: Path) -> None:
    print("Apps are served at")
    for path in paths:
        print("  " + "   ".join(base.rstrip("/") + path for base in bases))
    print(f"Admin user: admin, its password is in {home / 'admin_password'}")
    print("To use the clace command in another terminal:")
    print(f"  export CL_HOME={shlex.quote(str(home))} PATH={shlex.quote(str(BIN))}:$PATH")
    print("Ctrl-C ends the server.", flush=True)


if __name__ == "__main__":
    main()
