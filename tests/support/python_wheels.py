"""A tiny Flask and a tiny gunicorn as wheels, for servers that reach no index."""

from tests.environments.support import make_wheel

FLASK = """
class Flask:
    def __init__(self, name):
        self.views = {}

    def get(self, path):
        def keep(view):
            self.views[path] = view
            return view
        return keep

    def __call__(self, environ, start_response):
        view = self.views.get(environ["PATH_INFO"] or "/")
        start_response("200 OK" if view else "404 Not Found", [("Content-Type", "text/plain")])
        return [view().encode() if view else b"nothing"]
"""
GUNICORN = """
import importlib, os, socket, sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

class Handler(WSGIRequestHandler):
    def address_string(self):
        return "local"

    def log_message(self, *words):
        print("asked", self.path, flush=True)

class Server(WSGIServer):
    def get_request(self):
        connection, _ = self.socket.accept()
        return connection, ("local", 0)

def stripped(application):
    prefix = os.environ.get("SCRIPT_NAME", "")
    def call(environ, start_response):
        environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(prefix)
        return application(environ, start_response)
    return call

assert os.environ["LISTEN_PID"] == str(os.getpid()), "the socket is not ours"
module, _, name = sys.argv[-1].partition(":")
sys.path.insert(0, os.getcwd())
server = Server(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=3)
server.server_name, server.server_port = "local", 0
server.setup_environ()
server.set_app(stripped(getattr(importlib.import_module(module), name)))
server.serve_forever()
"""


def make_wheels(folder, version="1.0"):
    """Write both: each does what an app of a few lines needs."""
    make_wheel(folder, "flask", version, modules={"flask.py": f"version = {version!r}\n{FLASK}"})
    modules = {"gunicorn/__init__.py": "", "gunicorn/__main__.py": GUNICORN}
    make_wheel(folder, "gunicorn", modules=modules)
