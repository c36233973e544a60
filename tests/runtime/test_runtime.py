"""Apps started, reloaded, retired: the runtime over hosts in memory."""

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import (
    AppBroken,
    AppBusy,
    AppCrashed,
    NoSuchApp,
    NoSuchRoute,
    SourceError,
)
from clace.frames import MAX_FRAME
from clace.model.app import AppMetadata, FileRef, VersionMetadata
from clace.model.wishes import ClientWishes
from clace.runtime.limits import HostLimits, RuntimeLimits, limit_reached, limits_for_all
from clace.runtime.packing import NodeEnvironment
from clace.runtime.runtime import Runtime
from clace.testing.runtime import MemoryHosts, MemoryRuntime
from tests.support.apps import HELLO, DictFiles, a_request, an_app
from tests.support.encodings import Packed
from tests.support.plugins import MemoryAudit, MemoryGate

OF_ALL = HostLimits(requests=2, waiting_seconds=5, idle_seconds=60, cpu_seconds=30)
LIMITS = limits_for_all(OF_ALL, hosts=2)
DEV = an_app(app_id="app_dev_1", is_dev=True)


def apps(number):
    """So many apps."""
    return [an_app(f"/{n}", app_id=f"app_prd_{n}") for n in range(number)]


class Countable(MemoryHosts):
    """Keeps the hosts that were started; none starts before they are ``opened``."""

    def __init__(self, clock):
        super().__init__(clock)
        self.opened = succeed(None)
        self.started = []

    async def start(self, load, limits, note):
        await self.opened
        host, loaded = await super().start(load, limits, note)
        self.started.append(host)
        return host, loaded


class RuntimeCase(SynchronousTestCase):
    """A runtime on a clock that the test moves."""

    def setUp(self):
        self.clock = Clock()
        self.hosts = Countable(self.clock)
        self.files = DictFiles(HELLO)
        self.runtime = self.made()

    def made(self):
        runtime = Runtime(
            self.clock, self.hosts, LIMITS, MemoryGate(), MemoryAudit(), self.files_for
        )
        runtime.startService()
        self.addCleanup(runtime.stopService)
        return runtime

    async def files_for(self, _app):
        return self.files

    def respond(self, app=DEV, path="/", **more):
        return Deferred.fromCoroutine(self.runtime.respond(app, a_request(path, **more)))

    def page(self, app=DEV, path="/"):
        return self.successResultOf(self.respond(app, path)).body.decode()

    def change(self, **texts):
        """Save files, as a developer does."""
        changed = DictFiles({name.replace("_", "."): text for name, text in texts.items()})
        self.files.contents.update(changed.contents)
        self.files.refs.update(changed.refs)
        self.clock.advance(1)


TALKS = """
def handler(req):
    for i in range(int(req.Query["n"][0])):
        print(i)
    return "done"

app = ace.app("Talks", routes = [ace.api("/")])
"""


class LimitTests(RuntimeCase):
    def limits_told(self):
        return [(e.event_type, e.operation, e.target, e.detail) for e in self.audit.events]

    def setUp(self):
        super().setUp()
        self.audit = MemoryAudit()
        self.make(HostLimits(requests=1, log_lines=3, cpu_seconds=30))

    def make(self, limits):
        self.hosts = Countable(self.clock)
        self.runtime = Runtime(
            self.clock,
            self.hosts,
            limits if isinstance(limits, RuntimeLimits) else limits_for_all(limits),
            MemoryGate(),
            self.audit,
            self.files_for,
        )
        self.runtime.startService()
        self.addCleanup(self.runtime.stopService)

    def test_log(self):
        """What an app prints beyond its lines a minute is dropped; that is told once a minute."""
        self.files = DictFiles({"app.star": TALKS})
        for _ in range(2):
            self.successResultOf(self.respond(an_app(), query={"n": ["10"]}))
        told = ("system", "app_limit", "/test", "log_lines: more than 3 lines in a minute")
        self.assertEqual(self.limits_told(), [told])
        self.clock.advance(60)
        self.successResultOf(self.respond(an_app(), query={"n": ["3"]}))
        self.assertEqual(self.runtime.limits_reached, {"log_lines": 1})

    def test_counted_once(self):
        """A limit that was reached is counted and audited once, whoever is told of it."""
        error = limit_reached("memory", AppCrashed("the app's process ran out of memory"))

        async def fail(_app):
            raise error

        self.runtime = Runtime(
            self.clock, Countable(self.clock), LIMITS, MemoryGate(), self.audit, fail
        )
        for _ in range(2):
            self.failureResultOf(self.respond(an_app()), AppCrashed)
        self.assertEqual(self.runtime.limits_reached, {"memory": 1})
        told = "memory: the app's process ran out of memory"
        self.assertEqual(self.limits_told(), [("system", "app_limit", "/test", told)])

    def test_floods_leave_few_rows(self):
        """Visitors who make an app reach its limits are counted, and leave few rows a minute."""

        async def fail(_app):
            raise limit_reached("memory", AppCrashed("the app's process ran out of memory"))

        self.runtime = Runtime(
            self.clock, Countable(self.clock), LIMITS, MemoryGate(), self.audit, fail
        )
        for _ in range(200):
            self.failureResultOf(self.respond(an_app()), AppCrashed)
        self.assertEqual(self.runtime.limits_reached, {"memory": 200})
        self.assertEqual(len(self.limits_told()), 61)
        self.assertIn("more than 60 times in a minute", self.limits_told()[-1][3])

    def use_processors(self, seconds):
        """Let the host be seen to have used so much by now."""
        self.hosts.started[-1].processor_seconds = seconds
        self.clock.advance(1)

    def test_processors(self):
        """An app that uses too much of processors in a minute is ended until the next one."""
        self.page(an_app())
        self.use_processors(30)
        self.page(an_app())
        self.use_processors(31)
        self.assertFalse(self.hosts.started[0].alive)
        told = "the app used more than 30 seconds of processor time in a minute"
        self.assertEqual(
            self.limits_told(), [("system", "app_limit", "/test", f"cpu_time: {told}")]
        )
        for _ in range(2):
            error = self.failureResultOf(self.respond(an_app()), AppBusy).value
            self.assertEqual(error.message, f"{told}; it goes on in 58 seconds")
        self.clock.advance(58)
        self.page(an_app())
        self.assertEqual(self.runtime.limits_reached, {"cpu_time": 1})

    def test_processors_over_several_hosts(self):
        """What earlier hosts of the same minute used counts too."""
        for _ in range(2):
            self.page(an_app())
            self.use_processors(20)
            self.hosts.started[-1].alive = False
        self.failureResultOf(self.respond(an_app()), AppBusy)

    def test_any_processor_time(self):
        """0 is no limit."""
        self.make(HostLimits(cpu_seconds=0))
        self.page(an_app())
        self.use_processors(1000)
        self.page(an_app())
        self.assertEqual(len(self.hosts.started), 1)

    def test_of_each_app(self):
        """An app may have limits of its own, which hold for its hosts from their start."""
        mine = HostLimits(memory_mb=100, idle_seconds=5)
        apps = an_app(), an_app("/other", app_id="app_prd_2")
        self.make(RuntimeLimits(of=lambda app: mine if app.path == "/test" else OF_ALL))
        for app in apps:
            self.page(app)
        self.assertEqual([host.limits.memory_mb for host in self.hosts.started], [100, 512])
        self.clock.pump([1] * 6)
        self.assertEqual([host.alive for host in self.hosts.started], [False, True])

    def test_changed(self):
        """Limits that an app gets with a new version hold from when that is published."""
        limits = {"width": 1}
        self.make(RuntimeLimits(of=lambda _app: HostLimits(requests=limits["width"])))
        app = an_app()
        self.page(app)
        admission = self.runtime._served_apps[app.id].admission
        for _ in range(2):  # one is let in, one waits
            Deferred.fromCoroutine(admission.enter())
        self.failureResultOf(self.respond(app), AppBusy)
        limits["width"] = 2
        loaded = self.successResultOf(Deferred.fromCoroutine(self.runtime.load(app, self.files)))
        self.runtime.publish(app, loaded)
        admission.leave()
        self.page(app)


class RuntimeTests(RuntimeCase):
    def test_starts_once(self):
        """A host is started for the first request and answers the next ones."""
        self.page(an_app())
        self.page(an_app())
        self.assertEqual(len(self.hosts.started), 1)

    def test_dev_app_changes(self):
        """A dev app answers with its files as they are, and is loaded anew only for a change."""
        self.assertIn("world", self.page())
        self.clock.advance(10)
        self.page()
        self.assertEqual(len(self.hosts.started), 1)
        self.change(app_star=HELLO["app.star"].replace("world", "moon"))
        self.assertIn("moon", self.page())
        self.assertEqual(len(self.hosts.started), 2)

    def test_dev_app_is_looked_at_now_and_then(self):
        """Between two looks at the files the app stays as it is."""
        self.page()
        self.change(app_star=HELLO["app.star"].replace("world", "moon"))
        self.clock.rightNow -= 0.9
        self.assertIn("world", self.page())

    def test_broken_dev_app(self):
        """A change that does not load is what every request is told, until the next change."""
        self.page()
        self.change(app_star="x = = 1")
        for path in ("/", "/static/gen/lib/htmx.min.js"):
            error = self.failureResultOf(self.respond(DEV, path), AppBroken).value
            self.assertIn("app.star:1:5", error.message)
        self.change(app_star=HELLO["app.star"].replace("world", "sun"))
        self.assertIn("sun", self.page())

    def test_dev_app_broken_from_the_start(self):
        """An app that never loaded is loaded once it can be."""
        self.files = DictFiles({"app.star": "x = = 1"})
        self.failureResultOf(self.respond(), AppBroken)
        self.failureResultOf(self.respond(), AppBroken)
        self.change(app_star=HELLO["app.star"], index_go_html=HELLO["index.go.html"])
        self.assertIn("world", self.page())

    def test_folder_gone(self):
        """A dev app whose folder is gone says so."""

        async def gone(_app):
            raise SourceError("no such folder")

        hosts = MemoryHosts(self.clock)
        runtime = Runtime(self.clock, hosts, LIMITS, MemoryGate(), MemoryAudit(), gone)
        error = self.failureResultOf(
            Deferred.fromCoroutine(runtime.respond(DEV, a_request())), AppBroken
        ).value
        self.assertEqual(error.message, "no such folder")

    def test_broken_app_is_tried_again(self):
        """An app that does not load is tried again, but not for each request."""
        self.files = DictFiles({"app.star": "x = = 1"})
        self.failureResultOf(self.respond(an_app()), AppBroken)
        self.files.contents["app.star"] = HELLO["app.star"].encode()
        self.failureResultOf(self.respond(an_app()), AppBroken)
        self.clock.advance(3)
        self.successResultOf(self.respond(an_app(), "/api"))

    def test_idle(self):
        """A host that is not asked for a while is ended; the next request starts another."""
        self.page(an_app())
        self.clock.pump([15] * 3)
        self.assertTrue(self.hosts.started[0].alive)
        self.clock.pump([15] * 3)
        self.assertFalse(self.hosts.started[0].alive)
        self.page(an_app())
        self.assertEqual(len(self.hosts.started), 2)

    def test_least_recently_used(self):
        """When too many run, the one not used for longest makes room."""
        first, second, third = apps(3)
        for app in (first, second, first, third):
            self.clock.advance(1)
            self.page(app)
        self.assertEqual([host.alive for host in self.hosts.started], [True, False, True])

    def test_published(self):
        """An app that is published counts too: however many are installed, no more run."""
        for app in apps(3):
            loaded = self.successResultOf(self.runtime.load(app, self.files))
            self.runtime.publish(app, loaded)
            self.clock.advance(1)
        self.assertEqual([host.alive for host in self.hosts.started], [False, True, True])

    def test_published_files(self):
        """Files of an app that is published are those that are stored, in their encodings."""
        source = DictFiles({**HELLO, "static/a.css": "p{}"})
        app = an_app()
        self.runtime.publish(app, self.successResultOf(self.runtime.load(app, source)))
        self.files = Packed({**HELLO, "static/a.css": "p{}"})
        wishes = {"Accept-Encoding": ["br"]}
        answer = self.successResultOf(self.respond(app, "/static/a.css", headers=wishes))
        self.assertEqual(dict(answer.headers)["Content-Encoding"], "br")

    def test_published_while_files_are_read(self):
        """Files of the version before, if they come late, are not taken for those of this one."""
        slow, app, newer = Deferred(), an_app(), an_app()

        async def files_for(asked):
            if asked is app:
                await slow
                return DictFiles({**HELLO, "static/a.css": "old"})
            return DictFiles({**HELLO, "static/a.css": "new"})

        self.files_for = files_for
        self.runtime = self.made()
        before = self.respond(app, "/static/a.css")
        loaded = self.successResultOf(self.runtime.load(newer, DictFiles(HELLO)))
        self.runtime.publish(newer, loaded)
        slow.callback(None)
        self.assertEqual(self.successResultOf(before).body, b"new")
        self.assertEqual(self.page(newer, "/static/a.css"), "new")

    def test_at_the_same_moment(self):
        """Apps that are all asked at the same moment answer, and then no more run than may."""
        self.hosts.opened = Deferred()
        answers = [self.respond(app) for app in apps(4)]
        self.hosts.opened.callback(None)
        for answer in answers:
            self.successResultOf(answer)
        self.assertEqual(sum(host.alive for host in self.hosts.started), 2)

    def test_too_many_apps(self):
        """When all that run are at work, another has to wait."""
        *running, third = apps(3)
        for app in running:
            self.page(app)
        for host in self.hosts.started:
            host.busy = 1
        self.failureResultOf(self.respond(third), AppBusy)
        self.hosts.started[0].busy = 0
        self.page(third)

    def test_removed_while_it_starts(self):
        """A host that was being started for an app that is removed ends, and nobody has it."""
        self.hosts.opened = Deferred()
        waiting = self.respond(an_app())
        self.runtime.retract("app_prd_1")
        self.hosts.opened.callback(None)
        self.failureResultOf(waiting, NoSuchApp)
        self.assertEqual([host.alive for host in self.hosts.started], [False])

    def test_published_while_it_starts(self):
        """A request that waits for an app that is published is answered by what was published."""
        loaded = self.successResultOf(
            Deferred.fromCoroutine(self.runtime.load(an_app(), self.files))
        )
        self.hosts.opened = Deferred()
        waiting = self.respond(an_app())
        self.runtime.publish(an_app(), loaded)
        self.hosts.opened.callback(None)
        self.assertEqual(self.successResultOf(waiting).status, 200)
        self.assertEqual([host.alive for host in self.hosts.started], [True, False])

    def test_renewed_while_it_starts(self):
        """A request that waits for an app that is renewed is answered by the app as it is then."""
        self.hosts.opened = Deferred()
        waiting = self.respond(an_app())
        self.runtime.renew(an_app())
        self.hosts.opened.callback(None)
        self.assertEqual(self.successResultOf(waiting).status, 200)
        self.assertEqual([host.alive for host in self.hosts.started], [False, True])

    def test_replaces_a_dead_host(self):
        """A host that has died is replaced for the next request."""
        self.page(an_app())
        self.hosts.started[0].alive = False
        self.page(an_app())
        self.assertEqual(len(self.hosts.started), 2)

    def test_static_needs_no_host(self):
        """Static files are answered without starting the app."""
        self.files = DictFiles({**HELLO, "static/a.css": "p{}"})
        self.assertEqual(self.page(an_app(), "/static/a.css"), "p{}")
        self.assertEqual(self.hosts.started, [])

    def test_file_at_hand(self):
        """A file that was read before is there without waiting; nothing else of the app is."""
        app, wishes = an_app(), ClientWishes()
        self.files = DictFiles({**HELLO, "static/a.css": "p{}", "static_root/a.txt": "a"})

        def at_hand(path, method="GET", app=app):
            return self.runtime.file_at_hand(app, method, path, wishes)

        self.assertIsNone(at_hand("/static/a.css"))
        self.page(app, "/static/a.css")
        self.assertEqual(at_hand("/static/a.css").body, b"p{}")
        self.assertEqual(at_hand("/static/a.css", "POST").status, 405)
        self.assertIsNone(at_hand("/a.txt"))  # which files the app shows is not known yet
        self.page(app, "/a.txt")
        self.assertEqual(at_hand("/a.txt").body, b"a")
        self.assertRaises(NoSuchRoute, at_hand, "/static/b.css")
        for path in ("/", "/_clace_app/sse", "/other"):
            self.assertIsNone(at_hand(path), path)
        self.page(DEV, "/static/a.css")
        self.assertIsNone(at_hand("/static/a.css", app=DEV))

    def test_file_at_hand_keeps_the_host(self):
        """An app whose files are asked for is in use."""
        app = an_app()
        self.files = DictFiles({**HELLO, "static/a.css": "p{}"})
        self.page(app, "/")
        self.page(app, "/static/a.css")
        self.clock.advance(50)
        self.runtime.file_at_hand(app, "GET", "/static/a.css", ClientWishes())
        self.clock.advance(50)
        (host,) = self.hosts.started
        self.assertTrue(host.alive)
        self.clock.advance(50)
        self.assertFalse(host.alive)

    def test_shipped_scripts(self):
        """The shipped scripts are there for every app that does not bring its own."""
        self.assertIn("htmx", self.page(an_app(), "/static/gen/lib/htmx.min.js"))
        self.assertIn("sse", self.page(an_app(), "/static/gen/lib/sse.js"))
        self.files = DictFiles({**HELLO, "static/gen/lib/htmx.min.js": "own"})
        self.runtime.retract("app_prd_1")
        self.assertEqual(self.page(an_app(), "/static/gen/lib/htmx.min.js"), "own")

    def test_audit_warns(self):
        """What cannot work is told of a source, which scripts that the server ships are not."""
        page = '{{ static "gen/lib/htmx.min.js" }} {{ static "no.js" }}'
        star = 'app = ace.app("A", custom_layout = True, routes = [ace.html("/")])'
        files = DictFiles({"app.star": star, "index.go.html": page})
        audited = self.successResultOf(Deferred.fromCoroutine(self.runtime.audit(DEV, files)))
        self.assertEqual(audited.warnings, ("index.go.html:1: there is no file static/no.js",))

    def test_static_only(self):
        """A site without routes is served without asking the app."""
        self.files = DictFiles(
            {"app.star": 'app = ace.app("S", static_only = True)', "index.html": "home"}
        )
        self.assertEqual(self.page(an_app()), "home")
        self.failureResultOf(self.respond(an_app(), "/app.star"), NoSuchRoute)

    def test_static_only_in_a_comment(self):
        """An app that is no site has its pages, whatever its text says."""
        star = (
            '# static_only = False\napp = ace.app("A", routes = [ace.html("/", full="p.go.html")])'
        )
        self.files = DictFiles({"app.star": star, "p.go.html": "page"})
        self.assertEqual(self.page(an_app()), "page")

    def test_a_site_with_more_pages_than_a_host_takes(self):
        """The pages of a site are not loaded with it."""
        self.files = DictFiles(
            {"app.star": 'app = ace.app("S", static_only = True)', "index.html": "home"}
        )
        self.files.refs["huge.html"] = FileRef("huge.html", "ab", MAX_FRAME)
        self.assertEqual(self.page(an_app()), "home")

    def location(self, app, path, **request):
        answer = self.successResultOf(self.respond(app, path, **request))
        self.assertEqual(answer.status, 307)
        return dict(answer.headers)["Location"]

    def test_folder_of_a_site(self):
        """A folder is redirected to its address with a slash, within the app, with the query."""
        self.files = DictFiles(
            {"app.star": 'app = ace.app("S", static_only = True)', "a b/ü/index.html": "ü"}
        )
        where = self.location(an_app(), "/a b/ü", query={"x": ["1 2", "&"]})
        self.assertEqual(where, "/test/a%20b/%C3%BC/?x=1+2&x=%26")
        self.assertEqual(self.location(an_app("/"), "/a b/ü", method="HEAD"), "/a%20b/%C3%BC/")

    def test_bare_site(self):
        """A site's own address is redirected likewise: its pages link to what is beside them."""
        text = 'app = ace.app("S", static_only = True%s)'
        self.files = DictFiles({"app.star": text % "", "index.html": "x"})
        where = self.location(an_app(), "/", is_bare=True, query={"a": ["1"]})
        self.assertEqual(where, "/test/?a=1")
        self.assertEqual(self.page(an_app()), "x")
        self.runtime.retract("app_prd_1")
        self.files = DictFiles({"app.star": text % ", single_file = True", "index.html": "x"})
        answer = self.successResultOf(self.respond(an_app(), "/", is_bare=True))
        self.assertEqual(answer.status, 200)

    def test_bare_path(self):
        """An app may have its bare address redirected to the one with a slash."""
        text = 'app = ace.app("A", routes = [ace.api("/"), ace.api("/", method = "POST")]%s)'
        self.files = DictFiles({"app.star": text % ", redirect_bare_path = True"})
        for method in ("GET", "POST"):
            self.assertEqual(self.location(an_app(), "/", is_bare=True, method=method), "/test/")
        self.assertEqual(self.page(an_app()), "{}\n")
        self.runtime.retract("app_prd_1")
        self.files = DictFiles({"app.star": text % ""})
        answer = self.successResultOf(self.respond(an_app(), "/", is_bare=True))
        self.assertEqual(answer.status, 200)

    def test_config(self):
        """An app reads the server's settings, and what it is itself."""
        text = (
            "def handler(req):\n"
            '    return [ace.config("x", 0), ace.config("_branch", 0), ace.config("_dev", 0)]\n'
            'app = ace.app("A", routes = [ace.api("/")])'
        )
        runtime = MemoryRuntime(
            self.clock,
            MemoryGate(),
            MemoryAudit(),
            self.files_for,
            environment=NodeEnvironment(node_config={"x": 5}),
        )
        self.files = DictFiles({"app.star": text})
        branch = AppMetadata(version_metadata=VersionMetadata(git_branch="main"))
        app = DEV.__class__(id="app_prd_1", path="/", metadata=branch)
        answer = self.successResultOf(Deferred.fromCoroutine(runtime.respond(app, a_request())))
        self.assertEqual(answer.body, b'[5,"main",false]\n')

    def test_approvals_are_of_the_version(self):
        """Until a new version is published, calls are judged by what the running one was given."""
        text = (
            'load("fs.in", "fs")\ndef handler(req):\n    return fs.list().value\n'
            'app = ace.app("A", routes = [ace.api("/")])'
        )
        gate = MemoryGate({("fs.in", "list"): lambda: 1})
        runtime = MemoryRuntime(self.clock, gate, MemoryAudit(), self.files_for)
        self.files = DictFiles({"app.star": text})
        old = an_app(loads=("fs.in",))
        self.successResultOf(Deferred.fromCoroutine(runtime.respond(old, a_request())))
        newer = an_app(loads=("fs.in", "exec.in"))
        self.successResultOf(Deferred.fromCoroutine(runtime.respond(newer, a_request())))
        self.assertEqual(
            [scope.caller.app.metadata.loads for scope in gate.scopes], [("fs.in",), ("fs.in",)]
        )
