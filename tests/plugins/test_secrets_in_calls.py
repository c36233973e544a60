"""Secrets in the arguments of plugin calls: filled in, and redacted from all that comes back."""

import re

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.logger import eventAsText, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppFailed, BadRequest, PluginRefused, SecretFailed
from clace.interfaces import Caller
from clace.model.app import ArgumentConstraint, Permission
from clace.plugins.gate.gate import PluginGate
from clace.plugins.kit.definition import CallFailed, Function, ItemStream, Output, Plugin
from tests.support.memory_secrets import MemorySecrets
from tests.support.plugin_contract import app, call

VALUE = "hunter2"
SHOWN = '{{secret "k"}}'
SECRETS = (("k",), ("other",), ("from:vault", "k"))


class Given(Struct, frozen=True):
    text: object
    more: object = None
    count: int = 0


class Items:
    """A stream of what it was given, then perhaps of a fault."""

    def __init__(self, items):
        self.items = list(items)
        self.closed = 0

    async def next(self):
        item = self.items.pop(0)
        if isinstance(item, Exception):
            raise item
        return (item,), bool(self.items)

    async def close(self):
        self.closed += 1


class SecretsInCallsTests(SynchronousTestCase):
    def setUp(self):
        self.given = []
        self.secrets = MemorySecrets({("env", "k"): VALUE, ("vault", "k"): "v"})

    def begin(self, function=None, *, secrets=SECRETS, arguments=(), **options):
        async def keep(invocation, given):
            self.given.append(given)

        plugin = Plugin("x.in", {"do": Function(Given, function or keep, is_read=True)})
        permission = Permission("x.in", "do", arguments, secrets=secrets)
        its_app = app(permission, loads=("x.in",))
        gate = PluginGate([plugin], secrets=self.secrets, **options)
        return gate.begin(Caller(app=its_app, request_id="rid"))

    def do(self, scope, *args, **kwargs):
        return scope.call(call("do", *args, plugin="x.in", **kwargs))

    def answer(self, function, *args):
        return self.successResultOf(self.do(self.begin(function), *args))

    def test_provider_of_the_app(self):
        """A secret without a provider is of the one that this app means."""
        providers = {None: "env", app(loads=()).id: "vault"}
        scope = self.begin(provider_of=lambda its_app: providers[its_app and its_app.id])
        self.successResultOf(self.do(scope, SHOWN))
        self.assertEqual(self.given, [Given("v")])

    def logged(self):
        events = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        return events

    def test_plugins_have_the_value(self):
        """What was named is in the arguments that the plugin has, and in nobody else's."""
        inner = [SHOWN]
        asked = call("do", f"-{SHOWN}", inner, plugin="x.in", count=3)
        self.successResultOf(self.begin().call(asked))
        self.assertEqual(self.given, [Given(f"-{VALUE}", [VALUE], 3)])
        self.assertEqual((asked.args, inner), ((f"-{SHOWN}", [SHOWN]), [SHOWN]))

    def test_providers(self):
        """The provider that is named is the one that is asked."""
        self.successResultOf(self.do(self.begin(), '{{secret_from "vault" "k"}}'))
        self.assertEqual(self.given[0].text, "v")
        self.assertEqual(self.secrets.asked, [("vault", ("k",))])

    def test_default_provider(self):
        """An app may mean another provider than the server by what names none; permissions too."""
        options = {"provider_of": lambda _app: "vault", "secrets": (("k",), ("from:env", "k"))}
        for text, value in ((SHOWN, "v"), ('{{secret_from "env" "k"}}', VALUE)):
            self.successResultOf(self.do(self.begin(**options), text))
            self.assertEqual(self.given[-1].text, value)
        self.assertEqual(self.secrets.asked, [("vault", ("k",)), ("env", ("k",))])

    def test_permissions_see_the_reference(self):
        """Arguments are compared as the app wrote them: no permission tells what a value is."""
        scope = self.begin(arguments=(f"a{SHOWN}",))
        self.successResultOf(self.do(scope, f"a{SHOWN}"))
        failure = self.failureResultOf(self.do(scope, SHOWN), PluginRefused)
        self.assertNotIn(VALUE, failure.value.message)
        scope = self.begin(arguments=(VALUE,))
        self.failureResultOf(self.do(scope, SHOWN), PluginRefused)

    def test_not_approved(self):
        """A secret that was not approved is not even asked for."""
        for secrets, text in [
            ((), "Plugin does not have access to any secrets, update app permissions"),
            ((("z",),), "plugin does not have access to secret k"),
        ]:
            scope = self.begin(secrets=secrets)
            failure = self.failureResultOf(self.do(scope, SHOWN), PluginRefused)
            self.assertEqual(failure.value.message, text)
        self.assertEqual((self.secrets.asked, self.given), ([], []))

    def test_only_its_permissions(self):
        """A call with secrets is made under permissions that allow them, here and after redirects;
        what others open stays closed to it.
        """
        seen = []

        async def see(invocation, given):
            seen.append(invocation.grants)
            for place in ("one", "two"):
                try:
                    seen.append(invocation.grants_for((place,)))
                except PluginRefused as refused:
                    seen.append(refused.message)

        its_own = Permission("x.in", "do", ("regex:.*one|.*secret.*",), secrets=SECRETS)
        other = Permission("x.in", "do", kwargs=(ArgumentConstraint("count", "0"),))
        plugin = Plugin("x.in", {"do": Function(Given, see, is_read=True)})
        gate = PluginGate([plugin], secrets=self.secrets)
        scope = gate.begin(Caller(app=app(its_own, other, loads=("x.in",))))
        self.successResultOf(self.do(scope, SHOWN))
        no_secrets = "Plugin does not have access to any secrets, update app permissions"
        self.assertEqual(seen, [(its_own,), (its_own,), no_secrets])

    def test_missing(self):
        """A secret that there is not is an error that the app may handle; nothing is called."""
        answer = self.successResultOf(self.do(self.begin(), '{{secret "other"}}'))
        self.assertEqual(answer.error, "secret other of provider env: none")
        self.assertEqual(self.given, [])

    def test_cannot_be_had(self):
        """How a provider fails is the operator's business: the log has it, the app does not."""
        events = self.logged()

        async def fail(_references):
            raise SecretFailed("secret k of provider prop: /srv/x cannot be read")

        self.secrets.values = fail
        answer = self.successResultOf(self.do(self.begin(), SHOWN))
        self.assertEqual(answer.error, "the secrets for x.in.do cannot be had")
        self.assertIn("/srv/x cannot be read", eventAsText(events[0]))

    def test_wrong_arguments(self):
        """What the function does not take is refused, and not repeated with the value."""
        scope = self.begin()
        failure = self.failureResultOf(self.do(scope, "a", None, SHOWN), BadRequest)
        self.assertNotIn(VALUE, failure.value.message)
        self.assertEqual(self.secrets.asked, [])

    def test_results(self):
        """A plugin that gives back what it was given gives the app the reference."""

        async def echo(invocation, given):
            return {"said": [given.text, {"deep": f"a{given.text}"}], "n": 1}

        answer = self.answer(echo, SHOWN)
        self.assertEqual(answer.value, {"said": [SHOWN, {"deep": f"a{SHOWN}"}], "n": 1})

    def test_later_calls(self):
        """What was named once in a request stays hidden until it ends."""
        kept = []

        async def exchange(invocation, given):
            kept.append(given.text)
            return kept[0]

        scope = self.begin(exchange)
        self.successResultOf(self.do(scope, SHOWN))
        self.assertEqual(self.successResultOf(self.do(scope, "plain")).value, SHOWN)

    def test_errors(self):
        """No error repeats the value, whichever way it takes."""

        def failing(kind):
            async def fail(invocation, given):
                raise kind(f"cannot reach https://jo:{given.text}@host")

            return fail

        shown = f"cannot reach https://jo:{SHOWN}@host"
        answer = self.answer(failing(lambda text: CallFailed(text, 7)), SHOWN)
        self.assertEqual((answer.error, answer.error_code), (shown, 7))
        for kind in (PluginRefused, BadRequest):
            failure = self.failureResultOf(self.do(self.begin(failing(kind)), SHOWN), kind)
            self.assertEqual(failure.value.message, shown)
            self.assertIsNone(failure.value.__cause__)

    def test_faults(self):
        """Of a plugin's fault the log has the place, and neither it nor the app the value."""
        events = self.logged()

        async def fail(invocation, given):
            raise ValueError(given.text)

        answer = self.answer(fail, SHOWN)
        self.assertEqual(answer.error, "internal error in x.in.do")
        text = "\n".join(map(eventAsText, events))
        self.assertIn("Fault in x.in.do, ValueError at", text)
        self.assertIn("in fail", text)
        self.assertNotIn(VALUE, text)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_streams(self):
        """What a stream gives, and how it fails, has the reference too."""
        events = self.logged()
        for last, text in [
            (CallFailed(f"no {VALUE}"), f"no {SHOWN}"),
            (ValueError(VALUE), "internal error in x.in:rows"),
        ]:

            async def stream(invocation, given, last=last):
                self.items = Items([f"a{given.text}", {"b": given.text}, last])
                return ItemStream("rows", self.items)

            scope = self.begin(stream)
            number = self.successResultOf(self.do(scope, SHOWN)).stream
            for expected in (f"a{SHOWN}", {"b": SHOWN}):
                items, _more = self.successResultOf(scope.next(number))
                self.assertEqual(items, (expected,))
            failure = self.failureResultOf(scope.next(number), AppFailed)
            self.assertEqual(failure.value.message, text)
            self.assertEqual(self.items.closed, 1)
        self.assertNotIn(VALUE, "\n".join(map(eventAsText, events)))

    def test_outputs(self):
        """An output is handed on as it is; its lines have the reference in a secret's place."""

        async def put_out(invocation, given):
            return Output(given.text.encode(), given.more)

        for text, shape, shown in (
            ('["\\u0061"]', "json", '["\\u0061"]'),
            (f"a\n{SHOWN}", "lines", f"a\n{SHOWN}"),
        ):
            answer = self.answer(put_out, text, shape)
            self.assertEqual((answer.value, answer.shape), (shown.encode(), shape))

    def test_parsed_outputs(self):
        """JSON has the reference in the place of a secret, however the program wrote it."""
        written = VALUE.replace("h", r"\u0068")

        async def put_out(invocation, given):
            return Output(f'["{written}", "{given.text}", 1]'.encode(), given.more)

        for shape in ("json", "json_lines"):
            answer = self.answer(put_out, SHOWN, shape)
            self.assertEqual((answer.value, answer.shape), ([[SHOWN, SHOWN, 1]], ""))

    def test_malformed_outputs(self):
        """An output that is not what it should be is an error, without the value."""

        async def put_out(invocation, given):
            return Output(f"[{given.text}".encode(), "json")

        answer = self.answer(put_out, SHOWN)
        self.assertIsNone(answer.value)
        self.assertIn("JSON", answer.error)
        self.assertNotIn(VALUE, answer.error)

    def test_filled(self):
        """A call that another process makes is checked like others, and filled with the values."""
        scope = self.begin(arguments=(f"regex:.*{re.escape(SHOWN)}",))
        asked = call("do", f"a{SHOWN}", plugin="x.in")
        filled = self.successResultOf(scope.filled(asked))
        self.assertEqual(filled.call, replace(asked, args=(f"a{VALUE}",)))
        self.assertEqual(filled.redact(f"no {VALUE}"), f"no {SHOWN}")
        plain = call("do", "text", plugin="x.in")
        self.assertEqual(self.successResultOf(self.begin().filled(plain)).call, plain)
        self.assertEqual(self.given, [], "nothing is called")

    def test_filled_refused(self):
        """Nothing is filled in for a call that is not allowed, or that the function cannot take."""
        for scope, args in (
            (self.begin(arguments=("other",)), (SHOWN,)),
            (self.begin(secrets=()), (SHOWN,)),
        ):
            self.failureResultOf(scope.filled(call("do", *args, plugin="x.in")), PluginRefused)
        scope = self.begin()
        self.successResultOf(self.do(scope, SHOWN))
        asked = len(self.secrets.asked)
        wrong = call("do", SHOWN, plugin="x.in", **{f"no_{VALUE}": 1})
        failure = self.failureResultOf(scope.filled(wrong), BadRequest).value
        self.assertIn(f"no_{SHOWN}", failure.message)
        self.assertEqual(len(self.secrets.asked), asked)

    def test_large_outputs(self):
        """What is too large to be looked through is an error that says so; without a trace of a
        secret it is handed on.
        """

        async def put_out(invocation, given):
            filler = "x" * 3_000_000
            return Output(f'["{filler}", "{given.text}"]'.encode(), "json")

        answer = self.answer(put_out, SHOWN)
        self.assertIn("after a call with a secret at most 2097152 are parsed", answer.error)
        scope = self.begin(put_out)
        self.successResultOf(self.do(scope, SHOWN))
        answer = self.successResultOf(self.do(scope, "plain"))
        self.assertEqual((answer.shape, len(answer.value)), ("json", 3_000_013))

    def test_end(self):
        """The names of what was left open tell nothing, and what waits is cancelled."""
        cancelled = []

        async def close():
            """Nothing is left."""

        async def leave(invocation, given):
            invocation.defer(given.text, close, strict=True)
            await Deferred(cancelled.append)

        scope = self.begin(leave)
        calling = Deferred.fromCoroutine(self.do(scope, SHOWN))
        self.assertEqual(self.successResultOf(scope.end()), (f"x.in:{SHOWN}",))
        self.failureResultOf(calling, PluginRefused)
        self.assertEqual(len(cancelled), 1)

    def test_other_texts(self):
        """A text with other templates is given to the plugin as it is; no secret is asked for."""
        self.successResultOf(self.do(self.begin(secrets=()), "{{ .x }}", ["{{secrets}}"]))
        self.assertEqual(self.given[0].text, "{{ .x }}")
        self.assertEqual(self.secrets.asked, [])
