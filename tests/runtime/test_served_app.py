"""Things that happen to an app while it is loaded: no late outcome undoes what came before."""

from twisted.internet.defer import Deferred

from clace.errors import AppBroken
from tests.runtime.test_runtime import DEV, RuntimeCase
from tests.support.apps import HELLO, DictFiles, an_app


class MeanwhileTests(RuntimeCase):
    def held(self, path="/", app=DEV):
        """A request, and what its app's start or reload waits for."""
        opened = self.hosts.opened = Deferred()
        return self.respond(app, path), opened

    def test_removed_while_it_reloads(self):
        """A host that a dev app is loaded into while it is removed ends with it."""
        self.page()
        self.change(app_star=HELLO["app.star"].replace("world", "moon"))
        waiting, opened = self.held()
        self.runtime.retract(DEV.id)
        opened.callback(None)
        waiting.addErrback(lambda _: None)
        self.assertEqual([host.alive for host in self.hosts.started], [False, False])

    def test_renewed_while_it_reloads(self):
        """A dev app whose settings change while it reloads is served with those it has then."""
        self.page()
        self.change(app_star=HELLO["app.star"].replace("world", "moon"))
        waiting, opened = self.held()
        self.runtime.renew(an_app(app_id=DEV.id, is_dev=True))
        opened.callback(None)
        self.assertIn("moon", self.successResultOf(waiting).body.decode())
        self.assertEqual([host.alive for host in self.hosts.started], [False, False, True])

    def test_changed_while_it_starts(self):
        """A start with older files does not hide that the files as they are now do not load."""
        waiting, opened = self.held()
        self.change(app_star="x = = 1")
        self.hosts.opened = Deferred()
        late = self.respond()
        self.hosts.opened.callback(None)
        self.failureResultOf(late, AppBroken)
        opened.callback(None)
        self.failureResultOf(waiting, AppBroken)
        self.failureResultOf(self.respond(), AppBroken)
        self.assertEqual([host.alive for host in self.hosts.started], [False])

    def test_renewed_while_it_fails_to_start(self):
        """A version that does not load does not break the one that replaced it meanwhile."""
        self.files = DictFiles({"app.star": "x = = 1"})
        waiting, opened = self.held(app=an_app())
        self.files = DictFiles(HELLO)
        self.runtime.renew(an_app())
        opened.callback(None)
        self.assertIn("world", self.successResultOf(waiting).body.decode())

    def test_published_while_it_fails_to_start(self):
        """The host of a published version is replaced, whatever an older version did meanwhile."""
        loaded = self.successResultOf(
            Deferred.fromCoroutine(self.runtime.load(an_app(), self.files))
        )
        good, self.files = self.files, DictFiles({"app.star": "x = = 1"})
        waiting, opened = self.held(app=an_app())
        self.files = good
        self.runtime.publish(an_app(), loaded)
        opened.callback(None)
        self.assertIn("world", self.successResultOf(waiting).body.decode())
        self.hosts.started[0].alive = False
        self.assertIn("world", self.page(an_app()))
