"""The nursery of a server whose app hosts were taken over.

Its hosts put up every wall of a real one and load their apps honestly. A request for
``/attack/NAME`` then runs Python of ours in their place, as somebody would who broke the
interpreter.
"""

from functools import partial

import msgspec

from clace.host import nursery
from clace.host.child import live
from clace.host.serving import Serving
from clace.wire import MAX_FRAME, Answer, Ask, Call, Head, Next
from tests.support.takeover_attacks import ATTACKS

PREFIX = "/attack/"


class Grip:
    """What an attacker holds: the socket to the daemon, and the request that let him in."""

    def __init__(self, line, ask):
        self.line = line
        self.id = ask.id
        self.socket = line._connection
        self.wanted = {name: values[0] for name, values in ask.request.query.items()}
        self.calls = 1000 * ask.id

    def send(self, *messages):
        """Frames of these messages, whatever limits an honest host keeps to."""
        self.write(b"".join(map(frame, messages)))

    def write(self, data):
        self.socket.sendall(data)

    def hear(self, kind=Answer):
        """The next thing of this kind that the daemon says."""
        while not isinstance(message := self.line.receive(), kind):
            pass
        return message

    def call(self, plugin, function, *args, **fields):
        """What the daemon answers to a plugin call."""
        return self.ask(Call, plugin=plugin, function=function, args=args, **fields)

    def next(self, stream, **fields):
        return self.ask(Next, stream=stream, **fields)

    def ask(self, make, **fields):
        self.calls += 1
        self.send(make(**{"call": self.calls, "request": self.id, **fields}))
        return self.hear()

    def tell(self, report):
        """Answer the request by this report."""
        body = msgspec.json.encode(report)
        headers = (("Content-Type", "application/json"),)
        self.send(Head(id=self.id, status=200, headers=headers, body=body))


def frame(message):
    """A message, or a body as it is, with its length before it."""
    body = message if isinstance(message, bytes) else msgspec.msgpack.encode(message)
    assert len(body) <= MAX_FRAME
    return len(body).to_bytes(4, "big") + body


class TakenOver(Serving):
    """Serves as its app says, but for the requests that are attacks."""

    def _answer(self, ask: Ask) -> None:
        attack = ATTACKS.get(ask.request.path.removeprefix(PREFIX))
        if attack is None:
            super()._answer(ask)
        else:
            attack(Grip(self._line, ask))


def main(descriptor):
    """What the daemon starts."""
    nursery.main(descriptor, partial(live, serving=TakenOver))
