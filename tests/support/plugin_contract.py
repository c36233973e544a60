"""What every plugin gate promises, and a small plugin to try one with."""

from msgspec import Struct
from zope.interface.verify import verifyObject

from clace.errors import AppFailed, BadRequest, PluginRefused
from clace.interfaces import Caller, IPluginGate, IPluginScope, PluginAnswer, PluginCall
from clace.model.app import App, AppMetadata, AppSettings, Permission
from clace.plugins.gate.session import CallLimits
from clace.plugins.kit.definition import CallFailed, Function, ItemStream, Plugin


class Echo(Struct, frozen=True):
    text: str
    loud: bool = False


class Count(Struct, frozen=True):
    up_to: int
    fail: bool = False


class Counting:
    """A stream of numbers, two at a time."""

    def __init__(self, given):
        self._given = given
        self._at = 0
        self.closed = 0

    async def next(self):
        items = tuple(range(self._at, min(self._at + 2, self._given.up_to)))
        self._at += 2
        if self._given.fail and self._at > 2:
            raise CallFailed("lost count")
        return items, self._at < self._given.up_to

    async def close(self):
        self.closed += 1


class EchoPlugin:
    """``echo.in``: gives back what it is given, keeps what it opened."""

    def __init__(self):
        self.opened = []
        self.said = []

    async def echo(self, invocation, given):
        return given.text.upper() if given.loud else given.text

    async def say(self, invocation, given):
        self.said.append(given.text)
        return len(self.said)

    async def fail(self, invocation, given):
        raise CallFailed(given.text, 7)

    async def count(self, invocation, given):
        self.opened.append(Counting(given))
        return ItemStream("count", self.opened[-1])

    @property
    def plugin(self):
        functions = {
            "echo": Function(Echo, self.echo, is_read=True),
            "say": Function(Echo, self.say, is_read=False),
            "fail": Function(Echo, self.fail, is_read=True),
            "count": Function(Count, self.count, is_read=True),
        }
        return Plugin("echo.in", functions, {"ANSWER": 42})


EVERYTHING = tuple(Permission("echo.in", name) for name in ("echo", "say", "fail", "count"))


def app(*permissions, loads=("echo.in",), app_id="app_prd_1", path="/echo", **settings):
    """An app with these permissions approved."""
    return App(
        app_id,
        path,
        settings=AppSettings(**settings),
        metadata=AppMetadata(loads=loads, permissions=permissions),
    )


def call(function, *args, plugin="echo.in", **kwargs):
    return PluginCall(plugin=plugin, function=function, args=args, kwargs=kwargs)


class PluginGateContract:
    """Mix in with a synchronous test case that has ``make_gate(*plugins, limits=Limits())``."""

    def setUp(self):
        super().setUp()
        self.echo = EchoPlugin()
        self.gate = self.make_gate(self.echo.plugin, limits=CallLimits())

    def begin(self, *permissions):
        return self.gate.begin(Caller(app=app(*permissions), user_id="ann", request_id="rid"))

    def test_interfaces(self):
        """Gate and scope are what the seams say."""
        verifyObject(IPluginGate, self.gate)
        verifyObject(IPluginScope, self.begin())

    def test_manifests(self):
        """The manifest tells an app's host the functions, which only read, and the constants."""
        (manifest,) = self.gate.manifests()
        self.assertEqual(manifest.name, "echo.in")
        self.assertEqual(
            manifest.functions, {"echo": True, "say": False, "fail": True, "count": True}
        )
        self.assertEqual(manifest.constants, {"ANSWER": 42})

    def test_load(self):
        """A plugin that was approved may be loaded, another or one that is not there not."""
        self.gate.check_load(app(), "echo.in")
        with self.assertRaises(PluginRefused):
            self.gate.check_load(app(loads=()), "echo.in")
        with self.assertRaises(PluginRefused):
            self.gate.check_load(app(loads=("none.in",)), "none.in")

    def test_call(self):
        """A permitted call gives its value."""
        scope = self.begin(*EVERYTHING)
        answer = self.successResultOf(scope.call(call("echo", "hi", loud=True)))
        self.assertEqual(answer, PluginAnswer(value="HI"))

    def test_refused_call(self):
        """A call that is not permitted is refused and does nothing."""
        scope = self.begin(Permission("echo.in", "echo"))
        self.failureResultOf(scope.call(call("say", "hi")), PluginRefused)
        self.assertEqual(self.echo.said, [])

    def test_wrong_arguments(self):
        """A permitted call with arguments that the function does not take is a bad request."""
        self.failureResultOf(self.begin(*EVERYTHING).call(call("echo", 3)), BadRequest)

    def test_failed_call(self):
        """What fails in a plugin is an error that the app may handle."""
        answer = self.successResultOf(self.begin(*EVERYTHING).call(call("fail", "no luck")))
        self.assertEqual(answer, PluginAnswer(error="no luck", error_code=7))

    def test_stream(self):
        """A stream gives its items in order, says when it is over, and is then closed."""
        scope = self.begin(*EVERYTHING)
        stream = self.successResultOf(scope.call(call("count", 3))).stream
        self.assertNotEqual(stream, 0)
        self.assertEqual(self.successResultOf(scope.next(stream)), ((0, 1), True))
        self.assertEqual(self.successResultOf(scope.next(stream)), ((2,), False))
        self.assertEqual(self.echo.opened[0].closed, 1)
        self.failureResultOf(scope.next(stream), BadRequest)
        self.assertEqual(self.successResultOf(scope.end()), ())

    def test_failed_stream(self):
        """A producer that fails ends its stream with the reason."""
        scope = self.begin(*EVERYTHING)
        stream = self.successResultOf(scope.call(call("count", 9, fail=True))).stream
        self.successResultOf(scope.next(stream))
        failure = self.failureResultOf(scope.next(stream), AppFailed)
        self.assertEqual(failure.value.message, "lost count")
        self.assertEqual(self.echo.opened[0].closed, 1)

    def test_leak(self):
        """The end of a request closes and names the streams that the app left open."""
        scope = self.begin(*EVERYTHING)
        for _ in range(2):
            self.successResultOf(scope.call(call("count", 3)))
        leaked = self.successResultOf(scope.end())
        self.assertEqual(leaked, ("echo.in:count", "echo.in:count_2"))
        self.assertEqual([stream.closed for stream in self.echo.opened], [1, 1])
        self.assertEqual(self.successResultOf(scope.end()), ())

    def test_after_the_end(self):
        """Nothing can be called for a request that has ended."""
        scope = self.begin(*EVERYTHING)
        self.successResultOf(scope.end())
        self.failureResultOf(scope.call(call("say", "hi")), PluginRefused)
        self.assertEqual(self.echo.said, [])
