"""Containerfiles as far as the server has to know them: ports, volumes, and the last stage."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*")
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*([\"']?)([A-Za-z_][A-Za-z0-9_]*)\1")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_PORT = re.compile(r"(\d{1,5})(?:/(tcp|udp))?")
_MOST_LINES = 10_000
_MAX_PORT = 65_535
_TAKES_HEREDOC = frozenset({"RUN", "COPY", "ADD"})


class ContainerFile(Struct, frozen=True, kw_only=True):
    """The last numeric port that is exposed, 0 for none, the volumes, and the folder of the last
    stage; ``copies_all`` tells that this stage has the whole source in it, ``starts`` that it says
    what is run. ``before`` are the other stages, in their order.
    """

    name: str = ""
    port: int = 0
    volumes: tuple[str, ...] = ()
    folder: str = ""
    copies_all: bool = False
    starts: bool = False
    before: tuple[ContainerFile, ...] = ()

    @property
    def stages(self) -> tuple[ContainerFile, ...]:
        return (*self.before, self)


class _FileReading:
    """The state of a file that is read from top to bottom."""

    def __init__(self, args: Mapping[str, str]) -> None:
        self._given = args
        self._before: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._in_stage = False
        self._stages: list[tuple[ContainerFile, dict[str, str]]] = []
        self._stage = ContainerFile()

    @property
    def whole(self) -> ContainerFile:
        return replace(self._stage, before=tuple(stage for stage, _ in self._stages))

    def take(self, name: str, rest: str) -> None:
        match name:
            case "FROM":
                self._begin(self._filled(rest))
            case "ARG":
                self._argument(rest)
            case "ENV":
                self._values.update(_assignments(self._filled(rest)))
            case "EXPOSE":
                self._expose(self._filled(rest))
            case "VOLUME":
                added = (*self._stage.volumes, *_listed(self._filled(rest)))
                self._stage = replace(self._stage, volumes=tuple(dict.fromkeys(added)))
            case "WORKDIR":
                self._enter(self._filled(rest).strip().strip("\"'"))
            case "COPY" | "ADD":
                self._copy(self._filled(rest))
            case "CMD" | "ENTRYPOINT":
                self._stage = replace(self._stage, starts=rest.strip() != "[]")

    def _begin(self, rest: str) -> None:
        """Begin a stage, which has all of an earlier one if it is made from that."""
        if self._in_stage:
            self._stages.append((self._stage, self._values))
        self._in_stage = True
        base, *words = [word for word in rest.split() if not word.startswith("--")] or [""]
        named = len(words) > 1 and words[0].lower() == "as"
        earlier = {stage.name.lower(): (stage, values) for stage, values in self._stages}
        parent, values = (earlier.get(base.lower()) if base else None) or (ContainerFile(), {})
        self._stage = replace(parent, name=words[1] if named else "")
        self._values = dict(values)

    def _argument(self, rest: str) -> None:
        for word in _WORD.findall(rest):
            name, equals, default = word.partition("=")
            value = self._given.get(name, self._before.get(name, ""))
            if name not in self._given and equals:
                value = self._filled(_bare(default))
            (self._values if self._in_stage else self._before)[name] = value

    def _expose(self, rest: str) -> None:
        for word in rest.split():
            found = _PORT.fullmatch(_bare(word))
            if found and found[2] != "udp" and 0 < int(found[1]) <= _MAX_PORT:
                self._stage = replace(self._stage, port=int(found[1]))

    def _enter(self, folder: str) -> None:
        if folder and not folder.startswith("/"):
            folder = f"{self._stage.folder.rstrip('/')}/{folder}"
        if folder:
            self._stage = replace(self._stage, folder=folder)

    def _copy(self, rest: str) -> None:
        if "--from" in rest:
            return
        words = [word for word in _listed(rest) if not word.startswith("--")]
        into = words[-1].rstrip("/") if words else ""
        folder = self._stage.folder
        here = {".", "", folder.rstrip("/")}
        if folder and words[:-1] in (["."], ["./"]) and into.removesuffix("/.") in here:
            self._stage = replace(self._stage, copies_all=True)

    def _filled(self, text: str) -> str:
        values = {**self._before, **self._values} if self._in_stage else self._before

        def value(match: re.Match[str]) -> str:
            found = values.get(match[1] or match[2], "")
            if match[3] == "-":
                return found or str(match[4])
            return (str(match[4]) if found else "") if match[3] == "+" else found

        return _VARIABLE.sub(value, text)


def read_containerfile(text: str, args: Mapping[str, str] | None = None) -> ContainerFile:
    """Read a Containerfile or Dockerfile; ``args`` are values of its build arguments. Lines that no
    engine would take are left to the engine.
    """
    reading = _FileReading(args or {})
    for name, rest in _instructions(text):
        reading.take(name, rest)
    return reading.whole


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """The instructions, with lines that go on joined, and without comments and heredocs."""
    lines = iter(text.removeprefix("\ufeff").splitlines()[:_MOST_LINES])
    escape = _escape(text)
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole = _joined(line, lines, escape)
        found = _INSTRUCTION.fullmatch(whole)
        if found is None:
            continue
        name = found[1].upper()
        if name in _TAKES_HEREDOC:
            for _, end in _HEREDOC.findall(whole):
                _skip_to(end, lines)
        yield name, found[2]


def _joined(line: str, lines: Iterator[str], escape: str) -> str:
    parts = []
    while line.rstrip().endswith(escape):
        parts.append(line.rstrip()[:-1])
        line = next((one for one in lines if not one.lstrip().startswith("#")), "")
    return "".join((*parts, line))


def _skip_to(end: str, lines: Iterator[str]) -> None:
    for line in lines:
        if line.strip() == end:
            return


def _escape(text: str) -> str:
    """The character that lets a line go on: a comment at the top of the file may name another."""
    for line in text.removeprefix("\ufeff").splitlines():
        found = _DIRECTIVE.fullmatch(line.strip())
        if found is None:
            break
        if found[1].lower() == "escape" and found[2] in {"`", "\\"}:
            return found[2]
    return "\\"


def _assignments(rest: str) -> Iterator[tuple[str, str]]:
    words = _WORD.findall(rest)
    if words and "=" not in words[0]:
        yield words[0], rest.strip()[len(words[0]) :].strip()
        return
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield name, _bare(value)


def _listed(rest: str) -> list[str]:
    """The words of an instruction, which may be written as a JSON array."""
    if rest.lstrip().startswith("["):
        try:
            found = json.loads(rest)
        except ValueError:
            found = None
        if isinstance(found, list):
            return [one for one in found if isinstance(one, str)]
    return [_bare(word) for word in _WORD.findall(rest)]


def _bare(word: str) -> str:
    return word.replace('"', "").replace("'", "")
