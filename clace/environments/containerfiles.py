"""The files by which specs build containers of sources that have no container file of their own."""

from __future__ import annotations

from collections.abc import Mapping

_IGNORED = """\
.git
.env
.env.*
.venv
.web
.states
__pycache__
node_modules
"""
_FIRST = "# A Containerfile or Dockerfile of the source's own takes its place.\n"
_HONO = """\
# --carg NODE_IMAGE=... takes another image, NPM_CONFIG_REGISTRY another registry.
ARG NODE_IMAGE=docker.io/library/node:24-slim

FROM ${NODE_IMAGE} AS build
ARG NPM_CONFIG_REGISTRY=https://registry.npmjs.org/
WORKDIR /app
COPY package*.json ./
RUN if [ -f package-lock.json ]; then npm ci; else npm install; fi
COPY . .
RUN npm run build --if-present
# Without a script "start" the app that a module exports is bundled with a server.
ARG APP_FILE
RUN if [ "$(npm pkg get scripts.start)" = "{}" ]; then \\
      for file in "$APP_FILE" src/index.ts src/index.tsx src/index.js src/index.jsx \\
          index.ts index.tsx index.js index.jsx; do \\
        if [ -f "$file" ]; then break; fi; \\
      done && \\
      if ! [ -f "$file" ]; then \\
        echo 'package.json has no script "start": say with --param app_file=FILE which' \\
          'module exports the app' && exit 1; \\
      fi && \\
      npm install @hono/node-server && \\
      npx --yes esbuild clace_hono.mjs "--alias:the-app=./$file" --bundle --packages=external \\
        --platform=node --format=esm --outfile=.clace/server.mjs; \\
    fi && \\
    npm prune --omit=dev

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 NPM_CONFIG_CACHE=/tmp/npm NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /app
COPY --from=build /app /app
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
EXPOSE 3000
CMD ["sh", "-c", "[ -f .clace/server.mjs ] && exec node .clace/server.mjs || exec npm start"]
"""
_HONO_SERVER = """\
import { serve } from "@hono/node-server"
import app from "the-app"

const server = serve(
  { fetch: app.fetch, hostname: process.env.HOST, port: Number(process.env.PORT || 3000) },
  (at) => console.log(`listening on port ${at.port}`),
)
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => server.close(() => process.exit(0)))
}
"""
_REFLEX = """\
# --carg PYTHON_IMAGE=... takes another image, UV_DEFAULT_INDEX another index, and so on.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim
ARG NODE_IMAGE=docker.io/library/node:24-slim
ARG CADDY_IMAGE=docker.io/library/caddy:2

FROM ${NODE_IMAGE} AS node
FROM ${CADDY_IMAGE} AS caddy

FROM ${PYTHON_IMAGE} AS packages
ARG UV_DEFAULT_INDEX=https://pypi.org/simple
WORKDIR /app
COPY requirements.txt* pyproject.toml* uv.lock* rxconfig.py ./
RUN python -m venv /venv && python -m venv /uv && \\
    /uv/bin/pip install --index-url "$UV_DEFAULT_INDEX" uv
ENV PATH=/venv/bin:/uv/bin:$PATH VIRTUAL_ENV=/venv UV_PROJECT_ENVIRONMENT=/venv
RUN if [ -f uv.lock ]; then uv sync --locked --no-dev --no-install-project; \\
    elif [ -f requirements.txt ]; then uv pip install --requirement requirements.txt; \\
    elif [ -f pyproject.toml ]; then uv sync --no-dev --no-install-project; \\
    else uv pip install reflex; fi

FROM packages AS build
ARG NPM_CONFIG_REGISTRY=https://registry.npmjs.org/
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN for name in npm npx; do \\
      ln -sf "../lib/node_modules/npm/bin/$name-cli.js" "/usr/local/bin/$name"; \\
    done
COPY . .
# The pages get the path of the app when it is started; clace_reflex.py puts it in.
RUN REFLEX_USE_NPM=1 REFLEX_TELEMETRY_ENABLED=false \\
    REFLEX_FRONTEND_PATH=/clace-app-path REFLEX_API_URL=http://localhost/clace-app-path \\
    reflex export --frontend-only --no-zip && \\
    mv .web/build/client/clace-app-path /pages && rm -rf .web

FROM ${PYTHON_IMAGE}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 HOME=/tmp REFLEX_DIR=/tmp/reflex \\
    REFLEX_TELEMETRY_ENABLED=false REFLEX_CHECK_LATEST_VERSION=false \\
    REFLEX_UPLOADED_FILES_DIR=/tmp/uploads REFLEX_WEB_WORKDIR=/tmp/web \\
    REFLEX_STATES_WORKDIR=/tmp/states
COPY --from=caddy /usr/bin/caddy /usr/bin/caddy
COPY --from=packages /venv /venv
COPY --from=build /app /app
COPY --from=build /pages /pages
WORKDIR /app
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
EXPOSE 8080
CMD ["python", "clace_reflex.py"]
"""
_REFLEX_SERVER = r'''"""Serve a Reflex app: pages by Caddy, at its path; the rest by Reflex."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

BUILT, SERVED, BUILT_FOR = Path("/pages"), Path("/tmp/pages"), "/clace-app-path"
TEXTS = {".html", ".js", ".css", ".json", ".xml", ".txt", ".webmanifest"}
# The page asks the server that it is from, whatever name and port that has.
ADDRESS = re.compile(r"""([`"'])(http|ws)://localhost""" + BUILT_FOR)
# Else it would take the usual port on localhost.
HOSTS = re.compile(r"(SAME_DOMAIN_HOSTNAMES\s*=\s*)\[[^\]]*\]")
ORIGINS = {"http": "location.origin", "ws": "location.origin.replace(/^http/,'ws')"}
CADDY = """{{
\tadmin off
\tauto_https off
}}
:{port} {{
\tencode gzip
\t@backend path /_event /_event/* /ping /_upload /_upload/* /_health /_all_routes /auth-codespace
\thandle @backend {{
\t\treverse_proxy 127.0.0.1:{backend} {{
\t\t\ttrusted_proxies private_ranges
\t\t}}
\t}}
\thandle {{
\t\troot * {root}
\t\ttry_files {{path}} {{path}}.html {{path}}/index.html /404.html
\t\tfile_server
\t}}
}}
"""


def move(path):
    """Make a copy of the pages for the path of the app; what has no text in it is a link."""
    for file in BUILT.rglob("*"):
        target = SERVED / file.relative_to(BUILT)
        if file.is_dir() or file.suffix in {".gz", ".br", ".zst"}:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix not in TEXTS:
            target.symlink_to(file)
            continue
        text = file.read_text("utf-8")
        if file.suffix == ".js":
            text = ADDRESS.sub(lambda found: f"{ORIGINS[found[2]]}+{found[1]}{path}", text)
            text = HOSTS.sub(r"\1[]", text)
        target.write_text(text.replace(BUILT_FOR, path), "utf-8")


def main():
    path, port = os.environ.get("CL_APP_PATH", ""), int(os.environ.get("PORT", "8080"))
    backend = 8000 if port != 8000 else 8001
    move(path)
    caddyfile = Path("/tmp/Caddyfile")
    caddyfile.write_text(CADDY.format(port=port, backend=backend, root=SERVED))
    # Its path is a part of the name by which the page and Reflex know each other.
    address = os.environ.get("CL_APP_URL", f"http://localhost{path}").rstrip("/")
    environment = {**os.environ, "REFLEX_FRONTEND_PATH": path, "REFLEX_API_URL": address}
    words = ("reflex", "run", "--env", "prod", "--backend-only", "--backend-host", "127.0.0.1")
    programs = [
        subprocess.Popen((*words, "--backend-port", str(backend)), env=environment),
        subprocess.Popen(("caddy", "run", "--adapter", "caddyfile", "--config", caddyfile)),
    ]
    signal.signal(signal.SIGTERM, lambda *_: [program.terminate() for program in programs])
    # Also reaps what others have left: this is the first process of the container.
    ended, status = os.wait()
    while ended not in {program.pid for program in programs}:
        ended, status = os.wait()
    for program in programs:
        program.terminate()
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


main()
'''
CONTAINER_TEXTS: Mapping[str, Mapping[str, str]] = {
    "js-hono": {
        "Containerfile": _FIRST + _HONO,
        "clace_hono.mjs": _HONO_SERVER,
        ".dockerignore": _IGNORED,
    },
    "python-reflex": {
        "Containerfile": _FIRST + _REFLEX,
        "clace_reflex.py": _REFLEX_SERVER,
        ".dockerignore": _IGNORED,
    },
}
"""By spec, the files that a source without a container file gets besides its programs."""
CONTAINER_NAMES = frozenset(name for texts in CONTAINER_TEXTS.values() for name in texts)
