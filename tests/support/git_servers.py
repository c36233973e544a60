"""Servers of git repositories on this machine, as real as they can be had, and as bad."""

import base64

from twisted.internet import reactor
from twisted.web.resource import Resource
from twisted.web.server import Site
from twisted.web.twcgi import CGIScript

_BACKEND = "/usr/lib/git-core/git-http-backend"


class _Backend(CGIScript):
    """Git's own server: each answer is a program."""

    def __init__(self, root):
        super().__init__(_BACKEND)
        self._root = root

    def runProcess(self, env, request, qargs=()):
        encoding = request.getHeader("Content-Encoding")
        env = {
            **env,
            "PATH_INFO": request.path.decode(),
            "GIT_PROJECT_ROOT": str(self._root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.getHeader("Git-Protocol") or "",
            **({"HTTP_CONTENT_ENCODING": encoding} if encoding else {}),
        }
        super().runProcess(env, request, list(qargs))


class GitHTTP(Resource):
    """The repositories below ``root`` over HTTP; with ``login`` only for that user:password.

    ``asked`` has the paths of all requests, and ``sent`` counts the bytes of answers.
    """

    isLeaf = True

    def __init__(self, case, root, login=""):
        super().__init__()
        self._backend = _Backend(root)
        self.login = login
        self.asked, self.sent = [], 0
        self.port = reactor.listenTCP(0, Site(self), interface="127.0.0.1")
        case.addCleanup(self.port.stopListening)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port.getHost().port}"

    def render(self, request):
        self.asked.append(request.uri.decode())
        if self.login and request.getHeader("Authorization") != self._right():
            request.setResponseCode(401)
            request.setHeader("WWW-Authenticate", 'Basic realm="git"')
            return b""
        request.postpath, write = [], request.write

        def counting(data):
            self.sent += len(data)
            write(data)

        request.write = counting
        return self._backend.render(request)

    def _right(self):
        return "Basic " + base64.b64encode(self.login.encode()).decode()
