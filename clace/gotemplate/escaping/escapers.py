"""The escapers by the names that generated code calls them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from clace.gotemplate.escaping import (
    escapers_css,
    escapers_html,
    escapers_htmx,
    escapers_js,
    escapers_url,
)
from clace.gotemplate.go.printing import sprint

ESCAPING: Final[dict[str, Callable[..., str]]] = {
    "eval_args": lambda *args: sprint(args),
    "comment": escapers_html.comment,
    "html_text": escapers_html.html_text,
    "html_value": escapers_html.html_value,
    "html_attribute": escapers_html.html_attribute,
    "html_rcdata": escapers_html.html_rcdata,
    "html_nospace": escapers_html.html_nospace,
    "html_name": escapers_html.html_name,
    "attribute_value": escapers_html.attribute_value,
    "rcdata_value": escapers_html.rcdata_value,
    "css_string": escapers_css.css_string,
    "css_value": escapers_css.css_value,
    "hx_filter_text": escapers_htmx.hx_filter_text,
    "hx_filter_value": escapers_htmx.hx_filter_value,
    "hx_name": escapers_htmx.hx_name,
    "hx_trigger": escapers_htmx.hx_trigger,
    "hx_values": escapers_htmx.hx_values,
    "js_value": escapers_js.js_value,
    "js_string": escapers_js.js_string,
    "js_template": escapers_js.js_template,
    "js_regexp": escapers_js.js_regexp,
    "url_filter": escapers_url.url_filter,
    "url_escape": escapers_url.url_escape,
    "url_normalize": escapers_url.url_normalize,
    "srcset": escapers_url.srcset,
}
