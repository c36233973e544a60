"""The table of specs in the page about Python apps, from the one that the server reads.

``python docs/spec_table.py`` writes it anew.
"""

from pathlib import Path

from clace.environments.table import SPECS, Spec

PAGE = Path(__file__).parent / "python-apps.md"
BEGIN, END = "<!-- specs -->\n", "<!-- end of specs -->"


def spec_table() -> str:
    """The table as Markdown."""
    rows = ["| spec | kind of app | recognised by | served by |", "| --- | --- | --- | --- |"]
    rows += [f"| `{spec.name}` | {spec.title} | {_marks(spec)} | {spec.server} |" for spec in SPECS]
    return "\n".join(rows) + "\n"


def _marks(spec: Spec) -> str:
    if spec.packages:
        return ", ".join(f"`import {name}`" for name in spec.packages)
    return spec.marks or "`--spec` alone"


def page_with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{spec_table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text("utf-8")), "utf-8")
