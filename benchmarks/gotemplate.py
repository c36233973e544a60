"""Templates beside Go's html/template, Jinja2 and MiniJinja, in one run: microseconds.

``python -m benchmarks.gotemplate`` needs Go and the ``benchmarks`` extra.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jinja2
import minijinja

from clace.gotemplate import compile_templates
from tests.support.gotemplate_oracle.answers import Go

ROUNDS = 20
ROWS = [
    {
        "id": number,
        "name": f"Person number {number}",
        "email": f"person{number}@example.com",
        "city": ("Berlin", "O'Fallon", "Lund & Malmö")[number % 3],
        "active": number % 2 == 0,
    }
    for number in range(50)
]
TABLE = """<table>
{{range .rows}}<tr><td>{{.id}}</td><td>{{.name}}</td><td>{{.email}}</td><td>{{.city}}</td>\
<td>{{.active}}</td></tr>
{{end}}</table>"""
JINJA_TABLE = """<table>
{% for row in rows %}<tr><td>{{ row.id }}</td><td>{{ row.name }}</td><td>{{ row.email }}</td>\
<td>{{ row.city }}</td><td>{{ row.active }}</td></tr>
{% endfor %}</table>"""
LAYOUT = {
    "base_templates/base.go.html": """{{define "full"}}<html><head><title>{{block "title" .}}\
Site{{end}}</title></head><body>{{template "menu" .}}<main>{{block "body" .}}{{end}}</main>\
</body></html>{{end}}{{define "menu"}}<ul>{{range .menu}}<li><a href="{{.url}}">{{.text}}</a>\
</li>{{end}}</ul>{{end}}""",
    "page.go.html": """{{template "full" .}}{{define "title"}}{{.title}}{{end}}{{define "body"}}\
<h1>{{.title}}</h1><p class="{{.kind}}">{{.text}}</p>{{if .note}}<p>{{.note}}</p>{{end}}{{end}}""",
}
JINJA_LAYOUT = {
    "base": """<html><head><title>{% block title %}Site{% endblock %}</title></head><body><ul>\
{% for item in menu %}<li><a href="{{ item.url }}">{{ item.text }}</a></li>{% endfor %}</ul><main>\
{% block body %}{% endblock %}</main></body></html>""",
    "page": """{% extends "base" %}{% block title %}{{ title }}{% endblock %}{% block body %}\
<h1>{{ title }}</h1><p class="{{ kind }}">{{ text }}</p>{% if note %}<p>{{ note }}</p>{% endif %}\
{% endblock %}""",
}
ACTIONS = "".join(f"<p>{{{{.v{number % 20}}}}}</p>\n" for number in range(200))
JINJA_ACTIONS = "".join(f"<p>{{{{ v{number % 20} }}}}</p>\n" for number in range(200))
PAGE: dict[str, Any] = {
    "menu": [{"url": f"/page/{number}", "text": f"Page {number}"} for number in range(8)],
    "title": "All about <templates>",
    "kind": "wide",
    "text": "A text with some words in it, none of them special.",
    "note": "",
}
VALUES = {f"v{number}": f"value {number}" for number in range(20)}


def best(work: Callable[[], object], times: int) -> float:
    """The best mean of several rounds, in microseconds."""
    found = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(times):
            work()
        found = min(found, (time.perf_counter() - start) / times * 1e6)
    return found


def ours(files: dict[str, str], name: str, data: Any) -> tuple[float, float]:
    templates = compile_templates(files)
    return best(lambda: templates.render(name, data), 100), best(
        lambda: compile_templates(files), 5
    )


def jinja(files: dict[str, str], name: str, data: Any) -> tuple[float, float]:
    def build() -> Any:
        loader = jinja2.DictLoader(files)
        return jinja2.Environment(loader=loader, autoescape=True).get_template(name)

    template = build()
    return best(lambda: template.render(data), 50), best(build, 5)


def mini(files: dict[str, str], name: str, data: Any) -> tuple[float, float]:
    def build() -> Any:
        made = minijinja.Environment(templates=files, auto_escape_callback=lambda _: True)
        made.render_template(name, **data)
        return made

    environment = minijinja.Environment(templates=files, auto_escape_callback=lambda _: True)
    render = best(lambda: environment.render_template(name, **data), 100)
    return render, max(best(build, 20) - render, 0.0)


def main() -> None:
    go = Go()
    pages = (
        ("table 50x5", {"t": TABLE}, "", {"t": JINJA_TABLE}, "t", {"rows": ROWS}),
        ("layout", LAYOUT, "base_templates/", JINJA_LAYOUT, "page", PAGE),
        ("200 actions", {"t": ACTIONS}, "", {"t": JINJA_ACTIONS}, "t", VALUES),
    )
    print(f"{'page':<12} {'engine':<18} {'render us':>10} {'compile us':>11}")
    for title, files, base, jinja_files, jinja_name, data in pages:
        name = next(key for key in files if not (base and key.startswith(base)))
        rows = {"clace.gotemplate": ours(files, name, data)}
        found = go.measure({"files": files, "base": base, "render": name, "d": data})
        rows["Go html/template"] = (found["render"], found["compile"])
        rows["Jinja2"] = jinja(jinja_files, jinja_name, data)
        rows["MiniJinja"] = mini(jinja_files, jinja_name, data)
        for engine, (render, compiling) in rows.items():
            print(f"{title:<12} {engine:<18} {render:>10.1f} {compiling:>11.0f}")
        ratio = rows["clace.gotemplate"][0] / rows["Go html/template"][0]
        print(f"{title:<12} ratio to Go {ratio:.2f}")


if __name__ == "__main__":
    main()
