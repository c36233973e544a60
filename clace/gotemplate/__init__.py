"""Go's ``html/template`` with the sprig functions, compiled to Python.

Templates are untrusted: they reach the data they are given and the functions listed in
``functions``, and nothing of Python.
"""

from __future__ import annotations

from clace.gotemplate.errors import LimitError, TemplateError
from clace.gotemplate.limits import Limits
from clace.gotemplate.program import is_rendering
from clace.gotemplate.sets import TemplateSet, compile_templates
from clace.gotemplate.values import Record, URLValues

__all__ = [
    "LimitError",
    "Limits",
    "Record",
    "TemplateError",
    "TemplateSet",
    "URLValues",
    "compile_templates",
    "is_rendering",
]
