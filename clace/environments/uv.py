"""The program ``uv`` as builds use it: locks and environments, and the words for its refusals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from uv import find_uv_bin

from clace.environments.requirements import BUILDING
from clace.environments.settings import PythonOptions
from clace.errors import AppBroken

_NOT_FOUND = re.compile(
    r"(?:Because (?:there (?:is|are) no versions? of |only (?:the following versions of )?)?"
    r"|download `)([A-Za-z0-9][\w.-]*)"
)
_OF_INDEX = re.compile(r"(?:simple|/)/?([A-Za-z0-9][\w.-]*)/?[`)]")
_UNREACHED = re.compile(r"failed to fetch|error sending request|dns error|timed out", re.IGNORECASE)
_UNKNOWN = re.compile(
    r"not found in the (?:package registry|cache|provided)|no versions? of|Because only"
)
_NO_WHEEL = re.compile(r"no usable wheels|no wheels|--no-build|only-binary|building from source")
_HASH = re.compile(r"hash mismatch", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")


class UvCalls(Struct, frozen=True):
    """The command lines and variables of one build; ``folder`` is its own, ``cache`` shared."""

    options: PythonOptions
    program: str
    cache: str
    folder: str
    index: str
    links: tuple[str, ...]
    builds: bool = False
    copies: bool = False

    def environment(self) -> dict[str, str]:
        """Return all variables that uv gets."""
        found = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": self.folder,
            "TMPDIR": self.folder,
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "UV_CACHE_DIR": self.cache,
            "UV_NO_CONFIG": "1",
            "UV_NO_ENV_FILE": "1",
            "UV_NO_PROGRESS": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_KEYRING_PROVIDER": "disabled",
            "UV_SYSTEM_CERTS": "1",
            "UV_HTTP_TIMEOUT": "60",
            "UV_LINK_MODE": "copy" if self.copies else "hardlink",
        }
        if self.options.offline:
            found["UV_OFFLINE"] = "1"
        if self.index:
            found["UV_DEFAULT_INDEX"] = self.index
        if self.links:
            found["UV_FIND_LINKS"] = ",".join(self.links)
        if self.options.ca_file:
            found["SSL_CERT_FILE"] = self.options.ca_file
        return found

    def export(self) -> tuple[str, ...]:
        """Print the packages of a ``uv.lock`` as requirements."""
        return (
            *(self.program, "export", "--frozen", "--no-dev", "--no-emit-project", "--no-header"),
            *("--no-annotate", "--quiet", "--format", "requirements-txt"),
        )

    def compile(self, wanted: str, made: str, python: str, constraints: str) -> tuple[str, ...]:
        """Choose a version of each package, and write them with the hashes of their files."""
        return (
            *(self.program, "pip", "compile", "--generate-hashes", "--no-header", "--no-annotate"),
            *("--quiet", "--no-sources", "--python", python, "--output-file", made),
            *("--constraints", constraints) * bool(constraints),
            *self._ways,
            wanted,
        )

    def venv(self, folder: str, python: str) -> tuple[str, ...]:
        """Make an empty environment that may be moved."""
        words = ("venv", "--quiet", "--relocatable", "--no-project", "--python", python, folder)
        return (self.program, *words)

    def install(self, lock: str, python: str) -> tuple[str, ...]:
        """Install exactly what a lock names."""
        return (
            *(self.program, "pip", "sync", "--require-hashes"),
            *("--python", python, "--no-sources"),
            *self._ways,
            lock,
        )

    @property
    def _ways(self) -> tuple[str, ...]:
        """The options of getting packages; without an index none is asked, PyPI neither."""
        wheels = () if self.builds else ("--only-binary", ":all:")
        return wheels if self.index else (*wheels, "--no-index")


def uv_program() -> str:
    """:raises AppBroken: if the package uv is not installed beside the server."""
    try:
        return str(Path(find_uv_bin()).resolve())
    except FileNotFoundError as error:
        raise AppBroken(f"the program uv is missing: {error}") from None


def without_password(text: str) -> str:
    """Return the text without names and passwords in its URLs."""
    return _PASSWORD.sub("", text)


def refusal(lines: Sequence[str], options: PythonOptions, place: str, reason: str) -> AppBroken:
    """The error of a build: the package, the index, the next step, and the last lines."""
    text = without_password("\n".join(lines))
    found = _NOT_FOUND.search(text) or _OF_INDEX.search(text)
    package = found[1] if found else "the packages"
    index = options.index_url or "no index"
    whole = f"{reason}; {text}" if reason else text
    return AppBroken(
        f"cannot install {package} of {place} from {index}: {_next(text, options)}\n{whole}"
    )


def _next(text: str, options: PythonOptions) -> str:
    wheels = (
        "put its wheels into a folder wheels/ of the source, or name theirs in [python] find_links"
    )
    if _HASH.search(text):
        return "a file is not the one that the lock names; reload the app to lock anew"
    if options.offline or not options.index_url:
        return f"this server asks no index; {wheels}"
    if _UNREACHED.search(text):
        return f"the index is not reached; see [python] index_url and ca_file, or {wheels}"
    if _NO_WHEEL.search(text):
        return f"it has no wheel for this Python; {BUILDING}"
    if _UNKNOWN.search(text):
        return "the index does not have it; look at its name and version"
    return "see the last lines"
