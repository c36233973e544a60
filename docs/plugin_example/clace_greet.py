"""``greet.in``: a plugin that says hello."""

from msgspec import Struct

from clace.plugins.kit import CallFailed, Function, Invocation, Plugin
from clace.plugins.packages import Configurable


class Settings(Struct, frozen=True):
    greeting: str = "Hello"


class Greet(Struct, frozen=True):
    name: str
    loud: bool = False


def make(settings: Settings) -> Plugin:
    async def greet(invocation: Invocation, given: Greet) -> str:
        if not given.name:
            raise CallFailed("nobody to greet")
        text = f"{settings.greeting}, {given.name}, from {invocation.caller.app}"
        return text.upper() if given.loud else text

    return Plugin("greet.in", {"greet": Function(Greet, greet, is_read=True)}, {"WORLD": "world"})


plugin = Configurable(Settings, make)
