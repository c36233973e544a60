"""A server with the example apps, in ``.clace`` below the working directory: ``make run``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

EXAMPLES = Path(__file__).parent
APPS = {
    "/hello": "hello",
    "/disk": "disk_usage",
    "/memory": "memory_usage",
    "/bookmarks": "bookmarks",
}
BIN = Path(sys.executable).parent
START_SECONDS = 60


def prepare(home: Path) -> None:
    """Make the home folder with a configuration and a password, once."""
    home.mkdir(mode=0o700, exist_ok=True)
    config = home / "clace.toml"
    if config.exists():
        return
    made = subprocess.run(
        [BIN / "clace", "password", "--random"], capture_output=True, text=True, check=True
    )
    password = made.stderr.split("Generated password is:", 1)[1].strip()
    write_private(home / "admin_password", password + "\n")
    write_private(config, made.stdout)


def write_private(file: Path, text: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)


def clace(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BIN / "clace", *arguments], capture_output=True, text=True, check=False)


def wait_for(server: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + START_SECONDS
    while clace("server", "status").returncode:
        if server.poll() is not None:
            sys.exit(server.returncode or 1)
        if time.monotonic() > limit:
            server.terminate()
            sys.exit("error: the server does not answer")
        time.sleep(0.1)


def deploy() -> None:
    """Install and approve every example that is not installed yet."""
    for path, folder in APPS.items():
        if path not in clace("app", "list", "--format", "csv", path).stdout:
            made = clace("app", "create", "--approve", str(EXAMPLES / folder), path)
            print(made.stdout or made.stderr, end="\n", flush=True)


def main() -> None:
    home = Path.cwd() / ".clace"
    os.environ["CL_HOME"] = str(home)
    prepare(home)
    server = subprocess.Popen([BIN / "twistd", "-n", "--pidfile=", "clace"])
    try:
        wait_for(server)
        deploy()
        print("Apps are served at")
        for path in APPS:
            print(f"  https://localhost:25223{path}   http://localhost:25222{path}")
        print(f"Admin user: admin, its password is in {home / 'admin_password'}")
        print("Ctrl-C ends the server.", flush=True)
        sys.exit(server.wait())
    except KeyboardInterrupt:
        sys.exit(server.wait())


if __name__ == "__main__":
    main()
