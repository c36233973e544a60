"""The documented file that the package ships; in the repository it is ``etc/clace.toml``."""

from importlib.resources import files


def shipped_text() -> str:
    """Every key with its default and what it is for."""
    return files("clace.config").joinpath("clace.toml").read_text("utf-8")
