"""How many hosts there are, for how long, and the queue in front of each; in the real server."""

from select import select

from tests.support.processes import app_hosts
from tests.system.cases import DaemonTestCase
from tests.system.slow_app import SlowApp

GOOD = 'app = ace.app("Good", routes = [ace.api("/", handler = lambda req: "good")])'


class RetirementTests(DaemonTestCase):
    def start(self, config):
        self.daemon = self.make_daemon(f"[sandbox]\n{config}\n").start()
        self.app = self.source({"app.star": GOOD})

    def install(self, path):
        """Install an app; its host."""
        before = self.hosts()
        self.daemon.install(self.app, path, auth="none")
        # That in which it was audited ends at once.
        self.wait_until("it has a host", lambda: len(self.hosts() - before) == 1)
        return (self.hosts() - before).pop()

    def hosts(self):
        return set(app_hosts(self.daemon.process.pid))

    def ask(self, path):
        answer = self.daemon.get(path)
        self.assertEqual((answer.status, answer.body), (200, '"good"\n'))

    def test_least_recently_used(self):
        """One app more than may run ends that which was not used for longest, until it is asked."""
        self.start("max_hosts = 2")
        first, second = self.install("/first"), self.install("/second")
        self.ask("/first")
        third = self.install("/third")
        self.wait_until("the second ended", lambda: self.hosts() == {first, third})
        self.ask("/second")
        self.wait_until("the first ended", lambda: first not in self.hosts())
        self.assertEqual(len(self.hosts() - {second, third}), 1)
        self.assertIn(third, self.hosts())

    def test_idle(self):
        """An app that nobody asks for ends, and is there again when somebody does."""
        self.start("idle_secs = 1")
        self.daemon.install(self.app, "/first", auth="none")
        self.wait_until("the app ended", lambda: not self.hosts())
        self.ask("/first")
        self.assertEqual(len(self.hosts()), 1)


class QueueTests(DaemonTestCase):
    def start(self, config):
        """A request that a busy app works on; it can do only one at a time."""
        self.daemon = self.make_daemon(f"[sandbox]\nmax_waiting = 1\n{config}\n").start()
        self.app = SlowApp(self, self.daemon)
        return self.app.begin()

    def ask(self):
        request = self.daemon.begin("GET", "/slow/quick")
        self.addCleanup(request.connection.close)
        return request

    def assert_refused(self, request, why):
        answer = request.answer()
        self.assertEqual(answer.status, 503)
        self.assertIn(f"the app is busy: {why}", answer.body)

    def assert_answered(self, request, text):
        answer = request.answer()
        self.assertEqual((answer.status, answer.body.strip()), (200, text))

    def test_full(self):
        """Who finds no place in the queue is told so at once; who has one is answered in turn."""
        busy = self.start("")
        waiting = {one.connection.sock: one for one in (self.ask(), self.ask())}
        ((refused,), _, _) = select(waiting, [], [], 10)
        self.assert_refused(waiting.pop(refused), "too many requests are waiting")
        self.app.let_go()
        self.assert_answered(busy, "answered")
        self.assert_answered(*waiting.values(), "quick")

    def test_deadline(self):
        """Whose turn does not come in time is told so, while the app works on."""
        busy = self.start("max_wait_secs = 1")
        self.assert_refused(self.ask(), "no turn within 1 seconds")
        self.app.let_go()
        self.assert_answered(busy, "answered")
