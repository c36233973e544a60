"""Lists the apps of the server at ``$CL_HOME``: what a program of your own looks like."""

import os
from pathlib import Path
from typing import Any

from twisted.internet import task

from clace.client import ServerAddress, admin_client


async def main(reactor: Any) -> None:
    socket = Path(os.environ["CL_HOME"]) / "run" / "clace.sock"
    client = admin_client(ServerAddress(server_uri=str(socket)), reactor)
    for app in (await client.list_apps("all", internal=False)).apps:
        print(app, app.metadata.name)


if __name__ == "__main__":
    task.react(main)
