"""A shell in which the commands of a page are typed, with a home and ports of its own."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.support.daemon import ROOT

FUNCTIONS = Path(__file__).with_name("session.sh")
BIN = Path(sys.executable).parent
# Where pages say that things are; here they are below the session's folder.
OUTSIDE = ("/opt/clace", "/var/lib/clace", "/var/log/clace", "/var/backups/clace", "/run/clace",
           "/etc/clace", "/srv/", "/etc/nginx", "/etc/caddy")  # fmt: skip
CHECKOUT = ("clace", "twisted", "etc", "examples", "docs", "tests", "benchmarks")
SECONDS = 120
OLD = 1_000_000_000


class Session:
    """One bash. As a context manager it ends with all that was started in it."""

    def __init__(self):
        # A short path: the name of a UNIX socket may have 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="docs-", dir="/tmp"))
        self.ports = {"25222": free_port(), "25223": free_port()}
        self.replaced = [(path, f"{self.folder}{path}") for path in OUTSIDE]
        self.replaced += list(self.ports.items())
        self.printed = self.folder / "printed"

    def __enter__(self) -> Self:
        for path in OUTSIDE:
            (self.folder / path.strip("/")).parent.mkdir(parents=True, exist_ok=True)
        home = self.folder / "home"
        home.mkdir()
        # As curl is at a terminal.
        (home / ".curlrc").write_text("silent\nshow-error\nnoproxy = *\n")
        checkout = self.folder / "checkout"
        copy_checkout(checkout)
        self.shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=checkout,
            env=self.environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.run(f"source {FUNCTIONS}")
        return self

    def environment(self, home: Path) -> dict[str, str]:
        return {
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "CL_HOME": str(home / "clace"),
            "CL_HTTP_PORT": self.ports["25222"],
            "CL_HTTPS_PORT": self.ports["25223"],
            "CL_HTTPS_HOST": "127.0.0.1",
            "FOLDER": str(self.folder),
            # Of a proxy in front.
            "HTTP_PORT": free_port(),
            "HTTPS_PORT": free_port(),
            "CERTIFICATE": str(home / "front.crt"),
            "KEY": str(home / "front.key"),
            # Packages come from the files of the first environment, not over the network.
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(Path(sys.prefix) / "downloads"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_COMPILE": "1",
            "PIP_QUIET": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }

    def __exit__(self, *_: object) -> None:
        for sent in (signal.SIGTERM, signal.SIGKILL):
            if not self.all_ended():
                os.killpg(self.shell.pid, sent)
                self.wait_until_ended(20)
        self.shell.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait_until_ended(self, seconds: float) -> None:
        limit = time.monotonic() + seconds
        while not self.all_ended() and time.monotonic() < limit:
            time.sleep(0.05)

    def all_ended(self) -> bool:
        self.shell.poll()
        try:
            os.killpg(self.shell.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def replace(self, old: str, new: str) -> None:
        """Read ``old`` as ``new`` from now on."""
        self.replaced.insert(0, (old, new))

    def value(self, text: str) -> str:
        """A text with the variables of the shell in it."""
        return re.sub(r"\$\w+", self.variable, text)

    def variable(self, name: re.Match[str]) -> str:
        return self.run(f'printf %s "{name.group()}"')[1]

    def here(self, text: str) -> str:
        """A text of a page with the names that hold here."""
        for old, new in self.replaced:
            # Not within a longer path or number.
            text = re.sub(rf"(?<!\w){re.escape(old)}", lambda _, new=new: new, text)
        return text

    def write(self, path: str, content: str) -> None:
        """A file of a page; a relative path is from where the shell is."""
        self.run(
            f'mkdir -p "$(dirname "{path}")"\ncat > "{path}" <<"END_OF_FILE"\n{content}END_OF_FILE'
        )

    def run(self, typed: str) -> tuple[int, str]:
        """The exit status of a command, and all that it printed."""
        self.send(f"{{ {typed}\n}} > {self.printed} 2>&1 < /dev/null")
        return self.status(), self.printed.read_text("utf-8", "replace")

    def stay(self, typed: str, said: str) -> str:
        """Start a command that goes on; what it printed until it has said something."""
        printed = self.folder / f"stayed-{time.monotonic_ns()}"
        printed.touch()
        self.send(f"{{ {typed}\n}} > {printed} 2>&1 < /dev/null &")
        self.status()
        limit = time.monotonic() + SECONDS
        while said not in (text := printed.read_text("utf-8", "replace")):
            ended = self.run("jobs -p -r")[1] == ""
            if ended or time.monotonic() > limit:
                raise AssertionError(f"{typed} did not say {said!r}:\n{text}")
            time.sleep(0.05)
        return text

    def send(self, lines: str) -> None:
        # The next command still knows the status of this one.
        told = "kept=$?; echo $kept; (exit $kept)"
        self.shell.stdin.write(f"{lines}\n{told}\n".encode())
        self.shell.stdin.flush()

    def status(self) -> int:
        if not select.select([self.shell.stdout], [], [], SECONDS)[0]:
            raise AssertionError(f"no end: {self.printed.read_text('utf-8', 'replace')}")
        return int(self.shell.stdout.readline() or 255)


def copy_checkout(folder: Path) -> None:
    """This repository as a reader has it, in a place where it may be built and changed."""
    folder.mkdir()
    left_out = shutil.ignore_patterns("__pycache__", "_build", "dropin.cache", "gotemplate_oracle")
    for name in CHECKOUT:
        shutil.copytree(ROOT / name, folder / name, ignore=left_out, copy_function=copy_old)
    for file in ROOT.iterdir():
        if file.is_file():
            copy_old(file, folder / file.name)
    (folder / ".ci").symlink_to(ROOT / ".ci")
    (folder / ".venv").symlink_to(sys.prefix)


def copy_old(source: str | Path, target: str | Path) -> None:
    """Copy a file as one older than the environment: make has nothing to renew in that."""
    shutil.copyfile(source, target)
    os.utime(target, (OLD, OLD))


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])
