"""Lists the apps of the server at ``$CL_HOME``: what a program of your own looks like."""

import os
from pathlib import Path
from typing import Any

from twisted.internet import task

from clace.admin_api.apps import LIST_APPS, ListApps
from clace.client.administration import AdminClient
from clace.client.socket_exchange import SocketExchange


async def main(_reactor: Any) -> None:
    socket = str(Path(os.environ["CL_HOME"]) / "run" / "clace.sock")
    client = AdminClient(SocketExchange(socket), socket)
    for app in (await client.perform(LIST_APPS, ListApps("all"))).apps:
        print(app, app.metadata.name)


if __name__ == "__main__":
    task.react(main)
