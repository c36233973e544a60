"""A server of WebSocket that others wrote; run by itself it listens on ``$PORT``.

It imports nothing else, so that it can be the program of an app.
"""

import os

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

closes: list[int] = []


def echo(connection: ServerConnection) -> None:
    """Send every message back in the fragments in which it came; some words are orders."""
    try:
        while True:
            answer(connection, [*connection.recv_streaming()])
    except ConnectionClosed as closed:
        closes.append(closed.rcvd.code if closed.rcvd else 0)


def answer(connection: ServerConnection, fragments: list) -> None:
    match fragments:
        case ["close"]:
            connection.close(4001, "as asked")
        case ["ping"]:
            connection.send(f"answered: {connection.ping().wait(10)}")
        case ["closes"]:
            connection.send(repr(closes))
        case [whole]:
            connection.send(whole)
        case _:
            connection.send(fragments)


def server(port: int = 0) -> Server:
    return serve(echo, "127.0.0.1", port, max_size=None)


if __name__ == "__main__":
    server(int(os.environ["PORT"])).serve_forever()
