# /// script
# dependencies = ["fastapi"]
# ///
"""An API with a WebSocket that echoes."""

from fastapi import FastAPI, Request, WebSocket

api = FastAPI()


@api.get("/")
async def index(request: Request):
    return {"name": "fastapi", "here": str(request.url_for("index"))}


@api.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())
