"""Files for containers that are made of templates and the values of params (``cl_secret:``)."""

from __future__ import annotations

from collections.abc import Mapping

from clace.errors import AppBroken


def rendered(name: str, template: str, params: Mapping[str, str]) -> str:
    """The text of a Go template with ``.params``; values are not escaped.

    :raises AppBroken: if the template is malformed, or fails.
    """
    # Seventy modules, which every start would load for the few apps with such files.
    from clace.gotemplate import HTML, TemplateError, compile_templates  # noqa: PLC0415

    try:
        # As values that are HTML already they are written as they are, which is what a text wants.
        values = {key: HTML(value) for key, value in params.items()}
        return compile_templates({name: template}).render(name, {"params": values})
    except TemplateError as error:
        raise AppBroken(f"{name}: {error}") from None
