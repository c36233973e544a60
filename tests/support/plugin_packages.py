"""Installed packages with plugins, as far as Python can tell."""

import tomllib
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "docs" / "plugin_example"


def install(folder, name, code, entries):
    """Put a package into a folder of ``sys.path``: a module, and what its metadata says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = (f"{plugin} = {place}\n" for plugin, place in entries.items())
    (info / "entry_points.txt").write_text("[clace.plugins]\n" + "".join(lines))


def install_example(folder):
    """The example of the documentation, by its own metadata."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    entries = project["project"]["entry-points"]["clace.plugins"]
    for module in project["tool"]["setuptools"]["py-modules"]:
        install(folder, module, (EXAMPLE / f"{module}.py").read_text(), entries)
