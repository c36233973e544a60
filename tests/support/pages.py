"""The pages of the documentation, as the steps that a reader takes in their order.

A step is a block of commands (```console). HTML comments, which readers do not see, say what else a
test has to know; those after ``needs`` are about the next block:

``<!-- run: COMMANDS -->``        prepare something: a server, an app that the page takes for given
``<!-- replace: OLD => NEW -->``  from here on, for names and ports that the page can only make up
``<!-- needs: PROGRAM -->``       without it the rest of the page is left out
``<!-- file: PATH -->``           the block is the content of this file
``<!-- background: TEXT -->``     the last command of the block stays; it is there once it said TEXT
``<!-- not run: REASON -->``      the block cannot run here
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.daemon import ROOT

COMMENT = re.compile(
    r"(?P<kind>run|needs|replace|file|background|not run): *(?P<text>.*?)-->$", re.DOTALL
)
FENCE = re.compile(r"(?P<indent> *)(?P<fence>```+)(?P<language>\S*)")
PLACES = ("README.md", "docs/*.md", "docs/*/*.md", "examples/*/README.md")


class Step(NamedTuple):
    """Something to do at a line of a page: a kind of comment, or ``commands``."""

    kind: str
    text: str
    line: int
    note: str = ""


class Command(NamedTuple):
    """A command as it is typed, and the lines that the page shows after it."""

    typed: str
    shown: list[str]


def pages() -> list[Path]:
    """The pages that have commands."""
    found = [page for place in PLACES for page in sorted(ROOT.glob(place))]
    return [page for page in found if "```console" in page.read_text("utf-8")]


def steps(text: str) -> Iterator[Step]:
    """The steps of a page; blocks in other languages count only after a ``file``."""
    lines = iter(enumerate(text.splitlines(), 1))
    about = Step("", "", 0)
    for number, line in lines:
        if line.lstrip().startswith("<!--"):
            step = comment(number, line.lstrip(), lines)
            if step.kind in ("run", "replace", "needs"):
                yield step
            else:
                about = step
        elif opened := FENCE.match(line):
            block = fenced(opened, lines)
            if about.kind == "file":
                yield Step("file", block, number, about.text)
            elif opened["language"] == "console" and about.kind != "not run":
                yield Step("commands", block, number, about.text)
            about = Step("", "", 0)


def comment(number: int, line: str, lines: Iterator[tuple[int, str]]) -> Step:
    whole = line
    while not whole.rstrip().endswith("-->"):
        whole += "\n" + next(lines)[1]
    said = COMMENT.match(whole.rstrip().removeprefix("<!--").lstrip())
    if said is None:
        raise ValueError(f"line {number}: a comment that no test understands: {whole}")
    return Step(said["kind"], said["text"].strip(), number)


def fenced(opened: re.Match[str], lines: Iterator[tuple[int, str]]) -> str:
    """The block up to the end of its fence, without its indentation."""
    width = len(opened["indent"])
    block = []
    for _, line in lines:
        if line.strip() == opened["fence"]:
            return "\n".join(block) + "\n"
        block.append(line[width:])
    raise ValueError("a block without an end")


def commands(block: str) -> list[Command]:
    """The commands after each ``$ ``, over as many lines as bash takes to understand them."""
    found: list[Command] = []
    lines = iter(block.splitlines())
    for line in lines:
        if not line.startswith("$ "):
            found[-1].shown.append(line)
            continue
        typed = line[2:]
        while not is_whole(typed):
            typed += "\n" + next(lines).removeprefix("> ")
        found.append(Command(typed, []))
    return found


def is_whole(typed: str) -> bool:
    bash = shutil.which("bash")
    assert bash
    read = subprocess.run([bash, "-n"], input=typed, capture_output=True, text=True, check=False)
    return not read.returncode and not read.stderr and not typed.endswith("\\")


# What is another each time; a page shows an example of it.
VARYING = (
    r"app_(?:prd|stg|dev|pre)_[0-9A-Za-z]{4,}",
    r"rid_[0-9A-Za-z]+",
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?",
    r"(?<=tls_)[a-z0-9]{8}\b",
    r"(?<=\bdb_)[0-9a-f]{32}\b",
    r"(?<=password is: )\S+",
    r"(?<=Admin password: )\S+",
    r"\$2b\$\d\d\$[./0-9A-Za-z]+",
    r"\b[0-9a-f]{40}\b",
)
VARIES = re.compile("|".join(f"(?:{one})" for one in VARYING))


def shows(shown: list[str], output: str) -> bool:
    """Compare what a page shows with what a command printed.

    ``...`` stands for any text within a line, and alone on a line for any lines. Empty lines at
    the end do not count.
    """
    shown = "\n".join(shown).rstrip().splitlines()
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else line_pattern(line) + r"[ ]*\n" for line in shown
    )
    printed = "".join(f"{line.rstrip()}\n" for line in output.rstrip().splitlines())
    return re.fullmatch(pattern, printed) is not None


def line_pattern(line: str) -> str:
    """What a line shows, with anything for ``...`` and for what is another each time."""
    parts, end = [], 0
    for varying in re.finditer(rf"{VARIES.pattern}|\.\.\.", line):
        parts.append(re.escape(line[end : varying.start()]))
        text = varying.group()
        parts.append(".*" if text == "..." else alike(text))
        end = varying.end()
    return "".join(parts) + re.escape(line[end:].rstrip())


def alike(text: str) -> str:
    """Anything of the same kind: the same beginning up to what is random in it."""
    for kind in VARYING[:2]:
        if re.fullmatch(kind, text):
            return re.escape(text[: text.rindex("_") + 1]) + "[0-9A-Za-z]+"
    return r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?" if re.match(r"\d{4}-", text) else r"\S+"
