"""A site whose requests have no resources: a test answers each as it likes."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from clace.web.http1.answering import ResponseFields
from clace.web.http1.direct import Entrance
from tests.support.web import Connection, Served

PLAIN = ResponseFields((), b"", has_length=False)


class Door(Resource, Entrance):
    """Serves every request by a function, and keeps them."""

    def __init__(self, serve):
        super().__init__()
        self._serve = serve
        self.requests = []

    def takes(self, target):
        return True

    def serve(self, request):
        self.requests.append(request)
        self._serve(request)


def later(_request):
    """Leave a request for its test to answer."""


class Follower:
    """Keeps what it is told."""

    def __init__(self):
        self.told = []

    def body(self, data):
        self.told.append(data)

    def body_ended(self):
        self.told.append("body ended")

    def tunnelled(self, data):
        self.told.append(data)

    def tunnel_ended(self):
        self.told.append("ended")

    def gone(self):
        self.told.append("gone")

    def pauseProducing(self):
        self.told.append("pause")

    def resumeProducing(self):
        self.told.append("resume")

    def stopProducing(self):
        self.told.append("stop")


def asking(method=b"GET", *lines, version=b"1.1", body=b""):
    more = b"".join(b"%b\r\n" % line for line in lines)
    return b"%b /a?b HTTP/%b\r\nHost: h\r\n%b\r\n%b" % (method, version, more, body)


class DoorCase(SynchronousTestCase):
    def visit(self, asked, serve=later, **limits):
        """The connection of a client that asked this, and its request."""
        door = Door(serve)
        self.served = Served(door, **limits)
        connection = Connection(self.served.site)
        connection.send(asked)
        return connection, door.requests[-1]

    def logged(self):
        """The statuses and sizes in the access log."""
        return [(entry.status, entry.bytes) for entry in self.served.log]
