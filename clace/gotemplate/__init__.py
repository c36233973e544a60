"""Go's ``html/template`` with the sprig functions, compiled to Python.

Templates are untrusted: they reach the data they are given and the functions listed in
``functions``, and nothing of Python.
"""

from __future__ import annotations

from clace.gotemplate.errors import LimitError, TemplateError
from clace.gotemplate.go.printing import text_of
from clace.gotemplate.go.values import HTML, Map, Record, URLValues
from clace.gotemplate.language.program import is_rendering
from clace.gotemplate.language.sets import TemplateSet, compile_templates
from clace.gotemplate.limits import Limits

__all__ = [
    "HTML",
    "LimitError",
    "Limits",
    "Map",
    "Record",
    "TemplateError",
    "TemplateSet",
    "URLValues",
    "compile_templates",
    "is_rendering",
    "text_of",
]
