"""The fork server of a server whose app hosts were taken over.

Its hosts put up every wall of a real one and load their apps honestly. A request for
``/attack/NAME`` then runs Python of ours in their place, as somebody would who broke the
interpreter; a source with a file ``attack.star`` runs what that names instead of being loaded.
"""

from functools import partial

import msgspec

from clace.host.requests.serving import Serving
from clace.host.sandbox import fork_server
from clace.host.sandbox.child import live
from clace.wire import AnswerHead, AskApp, CallAnswer, CallPlugin, LoadApp, NextItems
from tests.support.takeover_attacks import ATTACKS
from tests.support.takeover_frames import LOADING, framed

PREFIX = "/attack/"


class Grip:
    """What an attacker holds: the socket to the daemon, and the request that let him in."""

    def __init__(self, line, request=0, query=()):
        self.line = line
        self.id = request
        self.socket = line._connection
        self.wanted = {name: values[0] for name, values in dict(query).items()}
        self.calls = 1000 * request

    def send(self, *messages):
        """Frames of these messages or bodies."""
        self.write(framed(*messages))

    def write(self, data):
        self.socket.sendall(data)

    def hear(self, kind=CallAnswer):
        """The next thing of this kind that the daemon says."""
        while not isinstance(message := self.line.receive(), kind):
            pass
        return message

    def call(self, plugin, function, *args, **fields):
        """What the daemon answers to a plugin call."""
        return self.ask(CallPlugin, plugin=plugin, function=function, args=args, **fields)

    def next(self, stream, **fields):
        return self.ask(NextItems, stream=stream, **fields)

    def ask(self, make, **fields):
        self.calls += 1
        self.send(make(**{"call": self.calls, "request": self.id, **fields}))
        return self.hear()

    def tell(self, report):
        """Answer the request by this report."""
        body = msgspec.json.encode(report)
        headers = (("Content-Type", "application/json"),)
        self.send(AnswerHead(id=self.id, status=200, headers=headers, body=body))


class TakenOver(Serving):
    """Serves as its app says, but for the requests that are attacks."""

    def _answer(self, ask: AskApp) -> None:
        attack = ATTACKS.get(ask.request.path.removeprefix(PREFIX))
        if attack is None:
            super()._answer(ask)
        else:
            attack(Grip(self._line, ask.id, ask.request.query))

    def _load(self, load: LoadApp) -> None:
        name = load.sources.get("attack.star", b"").decode()
        if name:
            LOADING[name](Grip(self._line))
        else:
            super()._load(load)


def main(descriptor):
    """What the daemon starts."""
    fork_server.main(descriptor, partial(live, serving=TakenOver))
