"""Sphinx settings; the reference of the configuration is made from what the server itself reads."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent))

from configuration_reference import configuration_reference  # noqa: E402

project = "Clace"
copyright = "The Clace maintainers"
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Clace"
exclude_patterns = ["_build"]

GENERATED = HERE / "reference" / "generated"
PAGES = {
    "configuration.md": lambda: configuration_reference(HERE.parent / "etc" / "clace.toml"),
}

GENERATED.mkdir(parents=True, exist_ok=True)
for name, render in PAGES.items():
    page = GENERATED / name
    text = render()
    if not page.exists() or page.read_text("utf-8") != text:
        page.write_text(text, "utf-8")
