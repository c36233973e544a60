from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def index(request):
    return PlainTextResponse(f"starlette at {request.url_for('index')}")


app = Starlette(routes=[Route("/", index, name="index")])
