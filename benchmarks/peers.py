"""The page of ``apps/page`` in two other servers: Starlette for uvicorn, Flask for gunicorn."""

from jinja2 import Environment

TEMPLATE = """<!doctype html>
<html><head><meta charset="utf-8"><title>{{ name }}</title></head>
<body><h1>Rows</h1><table>
{% for row in rows %}<tr><td>{{ row.id }}</td><td>{{ row.name }}</td><td>{{ row.owner }}</td>
<td>{{ row.size }}</td><td>{{ row.state }}</td></tr>
{% endfor %}</table></body></html>
"""
PAGE = Environment(autoescape=True).from_string(TEMPLATE)


def rows():
    return [
        {
            "id": i,
            "name": f"name {i}",
            "owner": f"owner <{i % 7}>",
            "size": i * 37,
            "state": "ok",
        }
        for i in range(50)
    ]


def starlette_app():
    from starlette.applications import Starlette  # noqa: PLC0415 - only one peer per process
    from starlette.responses import HTMLResponse, JSONResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    async def page(request):
        return HTMLResponse(PAGE.render(name="Page", rows=rows()))

    async def api(request):
        return JSONResponse(rows())

    return Starlette(routes=[Route("/", page), Route("/api/rows", api)])


def flask_app():
    from flask import Flask, jsonify  # noqa: PLC0415

    app = Flask(__name__)
    app.get("/", endpoint="page")(lambda: PAGE.render(name="Page", rows=rows()))
    app.get("/api/rows", endpoint="api")(lambda: jsonify(rows()))
    return app
