"""``python -m clace.gotemplate --dump FILE``: the Python that a template file compiles to."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from clace.gotemplate.errors import TemplateError
from clace.gotemplate.language.sets import compile_templates


def _stand_in(*_: object) -> str:
    """Stand in for a server's function while its code is shown."""
    return ""


# The server defines these for pages that do not.
_SERVED = ("clace_gen_import", "openrun_gen_import")


def _served(files: dict[str, str]) -> dict[str, str]:
    """Empty templates in place of those that a server adds to the files."""
    text = "".join(files.values())
    missing = [name for name in _SERVED if not re.search(rf'(define|block)\s+["`]{name}["`]', text)]
    return {"": "".join(f'{{{{ define "{name}" }}}}{{{{ end }}}}' for name in missing)}


def main(arguments: list[str]) -> int:
    """Print the generated module; 1 and the error if the file does not compile."""
    parser = argparse.ArgumentParser(prog="python -m clace.gotemplate")
    parser.add_argument("--dump", metavar="FILE", required=True, type=Path, nargs="+")
    parser.add_argument("--function", metavar="NAME", action="append", default=[])
    options = parser.parse_args(arguments)
    names = ("static", "fileNonEmpty", *options.function)
    files = {path.name: path.read_text("utf-8-sig") for path in options.dump}
    files = _served(files) | files
    try:
        templates = compile_templates(files, functions=dict.fromkeys(names, _stand_in))
    except TemplateError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(templates.sources()[""] + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
