"""The configuration's reference page, from the documented file that the package ships."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from clace.config.overrides import VARIABLES
from clace.config.places import dotted
from clace.config.schema import keys

HEAD = "| key | default | takes | meaning |\n| --- | --- | --- | --- |"
TAKES = {dotted(key.at): key.rule.expected for key in keys()}


class Key(NamedTuple):
    """A key of the file: ``name`` is what stands before the equals sign."""

    name: str
    default: str
    meaning: str


class Section(NamedTuple):
    """A section: of a commented one there is an ``example`` in place of keys."""

    header: str
    about: str
    keys: list[Key]
    example: list[str]


def configuration_reference(file: Path) -> str:
    """The page as Markdown."""
    text = file.read_text("utf-8")
    about, _, rest = text.partition("\n\n")
    parts = ["# Configuration reference", _prose(about.splitlines()), "## Top level"]
    for section in _sections(rest.splitlines()):
        if section.header:
            parts.append(f"## `{section.header}`")
        parts += [section.about] if section.about else []
        parts += ["\n".join(_table(section))] if section.keys else []
        parts += ["\n".join(["```toml", *section.example, "```"])] if section.example else []
    return "\n\n".join([*parts, _variables()]) + "\n"


def _sections(lines: list[str]) -> Iterator[Section]:
    section = Section("", "", [], [])
    for blank, group in groupby(lines, lambda line: not line):
        if blank:
            continue
        block = list(group)
        comments = [line for line in block if line.startswith("#")]
        last = block[-1]
        start = next((i for i, line in enumerate(block) if line.startswith("# [")), None)
        if start is not None:
            example = [line.removeprefix("# ") for line in block[start:]]
            yield section
            section = Section(example[0], _prose(block[:start]), [], example)
        elif last.startswith("["):
            yield section
            section = Section(last, _prose(comments), [], [])
        else:
            name, _, default = last.partition(" = ")
            section.keys.append(Key(name, default, _prose(comments)))
    yield section


def _table(section: Section) -> Iterator[str]:
    yield HEAD
    for key in section.keys:
        takes = TAKES[_full_name(section.header, key)]
        yield f"| `{key.name}` | `{key.default}` | {_cell(takes)} | {_cell(key.meaning)} |"


def _full_name(header: str, key: Key) -> str:
    return f"{header.strip('[]')}.{key.name}" if header else key.name


def _variables() -> str:
    rows = [f"| `{name}` | `{key}` |" for key, name in VARIABLES.items()]
    return "\n".join(
        ["## Variables of the environment\n", "| variable | key |", "| --- | --- |", *rows]
    )


def _prose(comments: list[str]) -> str:
    return "\n".join(line.removeprefix("#").strip() for line in comments)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
