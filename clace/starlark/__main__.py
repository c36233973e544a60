"""``python -m clace.starlark --dump FILE``: the Python that a file compiles to."""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

from clace.starlark.emit.statements import emit
from clace.starlark.errors import SourceError
from clace.starlark.program import resolved

STANDARD = ("struct", "json")


def main(arguments: list[str]) -> int:
    """Print the generated module; 1 and the error if the file cannot be read or compiled."""
    parser = argparse.ArgumentParser(prog="python -m clace.starlark")
    parser.add_argument("--dump", metavar="FILE", required=True, type=Path)
    parser.add_argument("--predeclared", metavar="NAME", action="append", default=[])
    options = parser.parse_args(arguments)
    names = (*STANDARD, *options.predeclared)
    try:
        source = options.dump.read_text("utf-8-sig")
        tree, _notes = emit(resolved(str(options.dump), source, predeclared=names))
    except UnicodeDecodeError:
        sys.stderr.write(f"error: {options.dump} is not UTF-8\n")
        return 1
    except (OSError, SourceError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(ast.unparse(tree) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
