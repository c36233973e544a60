"""Webhooks: made, listed and deleted; what their calls begin, once and in the background."""

from datetime import timedelta

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import DELETE_APPS, DeleteApps
from clace.admin_api.operation import Nothing
from clace.admin_api.sync import CREATE_SYNC, LIST_SYNCS, CreateSync, NewSync
from clace.admin_api.webhooks import (
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
    LIST_WEBHOOKS,
    CreateWebhook,
    ListWebhooks,
    NamedWebhook,
)
from clace.errors import (
    BadRequest,
    NoSuchApp,
    NoSuchRoute,
    NoSuchWebhook,
    NotAllowed,
    SecretFailed,
)
from clace.model.identity import Assurance, Identity
from clace.model.pushes import Push
from clace.model.rbac import Grant, Policy
from clace.operations.deliveries import KEPT, REST
from clace.operations.webhook_filters import WINDOW, Followed, reason_to_ignore
from tests.operations.house import NOW, House, app_star
from tests.support.administration_contract import NONE, RUNS
from tests.support.webhook_contract import stored_webhook

GIT = "https://git.example.com/team/tools"
MAIN = Push(event="push", ref="refs/heads/main", files=("a/b.py",))
FOLLOWED = Followed("main")
ANN = Identity(user_id="github:ann", assurance=Assurance.SSO, session_id="s")


class FilterTests(SynchronousTestCase):
    """Which pushes are for a webhook."""

    def reason(self, push=MAIN, followed=FOLLOWED, now=0.0, **fields):
        webhook = replace(stored_webhook(branches=(), paths=()), **fields)
        return reason_to_ignore(webhook, push, followed, now)

    def test_branch_of_the_app(self):
        """A push to the branch that the app follows is meant, and no other."""
        self.assertEqual(self.reason(), "")
        dev = replace(MAIN, ref="refs/heads/dev")
        self.assertEqual(self.reason(dev), "branch dev is not main")
        tag = replace(MAIN, ref="refs/tags/v1")
        self.assertEqual(self.reason(tag), "no branch was pushed, but refs/tags/v1")
        self.assertEqual(self.reason(replace(MAIN, ref="")), "no branch is named")

    def test_branches(self):
        """With globs of its own the branch of the app does not count."""
        for branch, fits in (("main", False), ("release/1", True), ("dev", True)):
            push = replace(MAIN, ref=f"refs/heads/{branch}")
            self.assertEqual(not self.reason(push, branches=("release/*", "dev")), fits, branch)

    def test_pinned(self):
        """An app that stays at a commit is not reloaded by pushes."""
        self.assertEqual(self.reason(followed=Followed("", "abc")), "the app stays at commit abc")

    def test_folder(self):
        """The source of an app that is not from git follows nothing: every push is meant."""
        self.assertEqual(self.reason(followed=Followed()), "")

    def test_files(self):
        """With globs of files one has to be touched, if it is known which are."""
        self.assertEqual(self.reason(paths=("a/**",)), "")
        self.assertEqual(self.reason(paths=("b/**",)), "no file of the push matches b/**")
        self.assertEqual(self.reason(replace(MAIN, files=None), paths=("b/**",)), "")

    def test_events(self):
        """Pings and other events begin nothing; a deleted branch neither."""
        self.assertIn("a ping", self.reason(Push(event="ping")))
        self.assertEqual(self.reason(Push(event="issues")), "the event issues is no push")
        deleted = replace(MAIN, is_deletion=True)
        self.assertEqual(self.reason(deleted), "the branch was deleted")

    def test_no_git_host(self):
        """A caller that sends no event is meant, unless branches are asked for."""
        self.assertEqual(self.reason(Push()), "")
        self.assertEqual(self.reason(Push(), branches=("main",)), "no branch is named")
        other = Push(ref="refs/heads/dev")
        self.assertEqual(self.reason(other), "branch dev is not main")

    def test_promote(self):
        """A promotion is for any event, unless branches are asked for."""
        release = Push(event="release")
        self.assertEqual(self.reason(release, kind="promote"), "")
        self.assertIn("no push", self.reason(release, kind="promote", branches=("main",)))
        self.assertIn("a ping", self.reason(Push(event="ping"), kind="promote"))

    def test_old(self):
        """A push of long ago is a replay; hosts deliver again for three days."""
        at = replace(MAIN, time=1000.0)
        self.assertEqual(self.reason(at, now=1000 + WINDOW), "")
        self.assertIn("older", self.reason(at, now=1001 + WINDOW))


class WebhookCase(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        self.push("one")
        self.successResultOf(self.house.create("/a", GIT))
        self.house.deliveries.startService()
        self.addCleanup(self.house.deliveries.stopService)

    def push(self, body, demands=NONE, branch="main"):
        files = {"app.star": app_star(demands, body), "apps.ace": f'app("/a", "{GIT}")'.encode()}
        return self.house.sources.put_commit(GIT, files, branch=branch)

    def perform(self, operation, query, identity=None):
        administration = self.house.administration
        if identity is None:
            return administration.perform(operation, query)
        return administration.perform_as(identity, operation, query)

    def creating(self, kind="reload_promote", path="/a", identity=None, **options):
        return self.perform(CREATE_WEBHOOK, CreateWebhook(path, kind, **options), identity)

    def create(self, *given, **options):
        return self.successResultOf(self.creating(*given, **options))

    def webhooks(self, path="/a"):
        return self.successResultOf(self.perform(LIST_WEBHOOKS, ListWebhooks(path))).tokens

    def webhook(self):
        (found,) = self.webhooks()
        return self.house.webhook_rows.named(found.id)

    def accept(self, push=MAIN, fingerprint=None, webhook=None):
        fingerprint = fingerprint or self.house.unique()
        accepting = self.house.deliveries.accept(webhook or self.webhook(), push, fingerprint)
        return self.successResultOf(accepting)

    def state(self, delivery_id):
        found = self.successResultOf(self.house.deliveries.found(delivery_id))
        return found.state, found.detail

    def answer(self, path="/a"):
        return self.successResultOf(self.house.answer(path))

    def recorded(self, operation):
        return [each for each in self.house.audit.events if each.operation == operation]


class OperationTests(WebhookCase):
    def test_create(self):
        """The token is told when the webhook is made, and listed nowhere."""
        made = self.create()
        self.assertRegex(made.token, r"\Aclace_hook_\w{49}\Z")
        self.assertEqual(made.url, "https://localhost/reload_promote?/a")
        (found,) = self.webhooks()
        self.assertEqual((found.type, found.url, found.token), (made_type(made), made.url, ""))
        self.assertEqual((found.id, found.auth, found.user_id), (made.id, "bearer", "admin"))
        self.assertNotIn(made.token, repr(self.house.webhook_rows._rows))
        self.assertNotIn(made.token, repr(made))

    def test_options(self):
        """Kinds of proof, branches and files are kept."""
        self.create(auth="hmac", branches="main, release/*", paths="a/**")
        (found,) = self.webhooks()
        self.assertEqual(found.auth, "hmac")
        self.assertEqual((found.branches, found.paths), (("main", "release/*"), ("a/**",)))

    def test_replace(self):
        """Another of the same type takes its place, which is told."""
        first = self.create()
        second = self.create()
        self.assertEqual(first.warnings, ())
        told = "the reload_promote webhook of before does not work any more"
        self.assertEqual(second.warnings, (told,))
        self.assertNotEqual(first.token, second.token)
        self.create("reload")
        self.assertEqual([each.type for each in self.webhooks()], ["reload", "reload_promote"])

    def test_dry(self):
        """A dry run tells the URL, and makes and deletes nothing."""
        made = self.create(dry_run=True)
        self.assertEqual((made.token, made.dry_run), ("", True))
        self.assertEqual(self.webhooks(), ())
        self.create()
        query = NamedWebhook("/a", "reload_promote", dry_run=True)
        self.successResultOf(self.perform(DELETE_WEBHOOK, query))
        self.assertEqual(len(self.webhooks()), 1)

    def test_delete(self):
        """A webhook ends; one that is missing is an error."""
        self.create()
        deleting = self.perform(DELETE_WEBHOOK, NamedWebhook("/a", "reload_promote"))
        self.successResultOf(deleting)
        self.assertEqual(self.webhooks(), ())
        failure = self.failureResultOf(
            self.perform(DELETE_WEBHOOK, NamedWebhook("/a", "reload")), NoSuchWebhook
        )
        self.assertEqual(failure.value.message, "app /a has no reload webhook")

    def test_refused(self):
        """Types and proofs that are unknown, and apps that can have none."""
        self.house.sources.put_folder("/src", {"app.star": app_star(NONE)})
        self.successResultOf(self.house.create("/dev", "/src", is_dev=True))
        for error, told, given in (
            (BadRequest, "unknown webhook type sync, expected reload, ", {"kind": "sync"}),
            (BadRequest, "unknown webhook auth x, expected bearer or hmac", {"auth": "x"}),
            (BadRequest, "expected at most 20 globs", {"branches": "x" * 300}),
            (BadRequest, "token commands not supported for dev app", {"path": "/dev"}),
            (BadRequest, "no production app", {"path": "/a_cl_stage"}),
            (NoSuchApp, "app not found: /b", {"path": "/b"}),
        ):
            failure = self.failureResultOf(self.creating(**given), error)
            self.assertIn(told, failure.value.message)
        self.assertEqual(self.webhooks(), ())

    def test_rights(self):
        """Who may handle tokens may still not let a webhook do what they may not."""
        entries = ("app:token_manage", "app:reload")
        grants = (Grant(users=("github:ann",), roles=("one",), targets=("/a",)),)
        policy = Policy(enabled=True, roles={"one": entries}, grants=grants)
        self.house.authorisation.replace(policy, "admin")
        self.create("reload", identity=ANN)
        for kind in ("reload_promote", "promote"):
            failure = self.failureResultOf(self.creating(kind, identity=ANN), NotAllowed)
            self.assertIn("app:promote on /a", failure.value.message)


def made_type(made):
    return made.url.rpartition("/")[0].rpartition("/")[2].partition("?")[0]


class WorkTests(WebhookCase):
    def test_reload(self):
        """A reload reaches staging, and with promotion production; it is recorded."""
        self.create("reload")
        self.push("two")
        accepted = self.accept()
        self.assertEqual((self.answer("/a_cl_stage"), self.answer("/a")), ("two", "one"))
        told = "1 app(s) reloaded, 0 app(s) skipped, 0 app(s) promoted"
        self.assertEqual(self.state(accepted.delivery.id), ("done", told))
        (event,) = self.recorded("webhook_reload")
        self.assertEqual((event.target, event.user_id), ("/a_cl_stage", "admin"))
        self.assertIn(f"webhook {self.webhook().id}; updated, version 2", event.detail)

    def test_reload_and_promote(self):
        """The other kind reaches production at once."""
        self.create()
        self.push("two")
        self.accept()
        self.assertEqual(self.answer("/a"), "two")

    def test_promote(self):
        """A promotion lets production serve what staging serves."""
        self.create("reload")
        self.push("two")
        self.accept()
        self.create("promote")
        promote = next(
            one for one in self.house.webhook_rows._rows.values() if one.kind != "reload"
        )
        accepted = self.accept(Push(event="release"), webhook=promote)
        self.assertEqual(self.answer("/a"), "two")
        self.assertEqual(self.state(accepted.delivery.id), ("done", "1 app(s) promoted"))

    def test_never_approves(self):
        """A push that asks for more fails; the reason is kept, and recorded."""
        self.create()
        self.push("two", RUNS)
        accepted = self.accept()
        state, detail = self.state(accepted.delivery.id)
        self.assertEqual(state, "failed")
        self.assertIn("needs approval", detail)
        self.assertEqual(self.answer("/a"), "one")
        (event,) = self.recorded("webhook_reload_promote")
        self.assertEqual((event.status, event.app_id), ("Failed", self.webhook().app_id))

    def test_ignored(self):
        """What is not for the webhook is kept as such, and begins nothing."""
        self.create()
        self.push("two")
        accepted = self.accept(replace(MAIN, ref="refs/heads/dev"))
        self.assertEqual(self.state(accepted.delivery.id), ("ignored", "branch dev is not main"))
        self.assertEqual(self.answer("/a"), "one")

    def test_once(self):
        """The same delivery counts once, unless it failed."""
        self.create()
        first = self.accept(fingerprint="id 1")
        self.push("two")
        again = self.accept(fingerprint="id 1")
        self.assertEqual((again.is_repeated, again.delivery.id), (True, first.delivery.id))
        self.assertEqual(self.answer("/a"), "one")
        self.push("three", RUNS)
        self.house.clock.advance(REST)
        failed = self.accept(fingerprint="id 2")
        self.push("four")
        self.assertEqual(self.state(failed.delivery.id)[0], "failed")
        self.house.clock.advance(REST)
        again = self.accept(fingerprint="id 2")
        self.assertEqual((again.is_repeated, again.delivery.id), (True, failed.delivery.id))
        self.assertEqual(self.answer("/a"), "four")

    def test_rights_of_the_maker(self):
        """A webhook may what its maker may when it is called; without its maker it may nothing."""
        self.create("reload", identity=Identity(user_id="admin", assurance=Assurance.PASSWORD))
        self.house.authorisation.replace(Policy(), "other")
        state, detail = self.state(self.accept().delivery.id)
        self.assertEqual(state, "failed")
        self.assertIn("user admin does not have permission app:reload on /a", detail)
        self.house.gone.add("admin")
        self.house.clock.advance(REST)
        state, detail = self.state(self.accept().delivery.id)
        self.assertEqual(detail, "user admin, who made this, does not exist any more")

    def test_listed(self):
        """The last ten deliveries are listed, the newest first."""
        self.create()
        for _ in range(12):
            self.house.clock.advance(REST)
            self.accept()
        (found,) = self.webhooks()
        self.assertEqual(len(found.deliveries), 10)
        self.assertEqual(found.deliveries[0].receive_time, NOW + timedelta(seconds=12 * REST))
        self.assertEqual(found.deliveries[0].state, "done")

    def test_missing(self):
        """An id that was never given tells nothing."""
        self.failureResultOf(self.house.deliveries.found("x"), NoSuchRoute)

    def test_app_is_gone(self):
        """A webhook whose app went meanwhile takes nothing."""
        self.create()
        webhook = self.webhook()
        self.successResultOf(self.perform(DELETE_APPS, DeleteApps("/a")))
        accepting = self.house.deliveries.accept(webhook, MAIN, "id 1")
        self.failureResultOf(accepting, NoSuchApp)

    def test_a_fault_of_ours(self):
        """A fault is logged whole, and the delivery has its number."""
        self.create()
        self.house.deliveries._work = Faulty()
        state = self.state(self.accept().delivery.id)
        self.assertEqual(state, ("failed", "internal error, incident rid_sync"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_a_fault_is_recorded(self):
        """A fault of a reload is an event of the audit log too, as a refusal is."""
        self.create()
        self.house.deliveries._work._versions = Faulty()
        state = self.state(self.accept().delivery.id)
        self.assertEqual(state, ("failed", "internal error, incident rid_sync"))
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        event = self.house.audit.events[-1]
        self.assertEqual((event.operation, event.status), ("webhook_reload_promote", "Failed"))
        self.assertTrue(event.detail.endswith("incident rid_sync"), event.detail)


class Faulty:
    async def followed(self, _webhook):
        return Followed()

    async def perform(self, _webhook):
        raise ZeroDivisionError

    async def reload_apps(self, _query, _request):
        raise ZeroDivisionError


class Held(Faulty):
    """Work that waits to be done."""

    def __init__(self):
        self.works = []

    async def perform(self, _webhook):
        self.works.append(Deferred())
        return await self.works[-1]


class BackgroundTests(WebhookCase):
    """Work in the background: one at a time for a webhook, and none is lost."""

    def setUp(self):
        super().setUp()
        self.create()
        self.work = self.house.deliveries._work = Held()

    def ids(self, number):
        return [self.accept().delivery.id for _ in range(number)]

    def states(self, ids):
        return [self.state(one)[0] for one in ids]

    def test_answered_before(self):
        """A delivery is taken before its work is done."""
        (one,) = self.ids(1)
        self.assertEqual(self.states([one]), ["running"])
        self.work.works[0].callback("done so")
        self.assertEqual(self.state(one), ("done", "done so"))

    def test_joined(self):
        """Deliveries that come during the work are done as one afterwards."""
        ids = self.ids(5)
        self.assertEqual(self.states(ids), ["running", *["queued"] * 4])
        self.assertEqual(len(self.work.works), 1)
        self.work.works[0].callback("")
        self.house.clock.advance(REST)
        self.assertEqual(self.states(ids), ["done", *["running"] * 4])
        self.work.works[1].callback("")
        self.assertEqual(self.states(ids), ["done"] * 5)
        self.assertEqual(len(self.work.works), 2)

    def test_hundred_at_once(self):
        """However many calls come, one work is under way and one waits, with a rest in between."""
        for done in range(3):
            self.ids(100)
            self.assertEqual(len(self.work.works), 1 + done)
            self.work.works[-1].callback("")
            self.ids(1)
            self.house.clock.advance(REST - 1)
            self.assertEqual(len(self.work.works), 1 + done)
            self.house.clock.advance(1)
        waiting = self.house.deliveries._waiting
        self.ids(300)
        self.assertEqual([len(ids) for ids in waiting.values()], [KEPT])

    def test_rest(self):
        """Others do not wait for a webhook that rests, and a first call never waits."""
        self.ids(1)
        self.work.works[0].callback("")
        other = replace(self.webhook(), id="hook_2", app_id="app_2")
        self.house.webhook_rows.put(other)
        self.accept(webhook=other)
        self.assertEqual(len(self.work.works), 2)
        self.house.clock.advance(REST)
        self.ids(1)
        self.assertEqual(len(self.work.works), 3)

    def test_stop_in_a_rest(self):
        """What waits for the end of a rest is done after the next start, and no timer is left."""
        (_, waiting) = self.ids(2)
        self.work.works[0].callback("")
        self.successResultOf(self.house.deliveries.stopService())
        self.assertEqual(self.house.clock.getDelayedCalls(), [])
        self.assertEqual(self.states([waiting]), ["queued"])
        self.house.deliveries.startService()
        self.assertEqual(len(self.work.works), 2)

    def test_beside_each_other(self):
        """At most four webhooks are worked for at a time."""
        webhook = self.webhook()
        for number in range(6):
            other = replace(webhook, id=f"hook_{number}", app_id=f"app_{number}")
            self.house.webhook_rows.put(other)
            self.accept(webhook=other)
        self.assertEqual(len(self.work.works), 4)
        self.work.works[0].callback("")
        self.assertEqual(len(self.work.works), 5)

    def test_deleted_meanwhile(self):
        """What waits for a webhook that is deleted is not done."""
        self.ids(2)
        self.house.webhook_rows.delete(self.webhook().id)
        self.work.works[0].callback("")
        self.house.clock.advance(REST)
        self.assertEqual(len(self.work.works), 1)

    def test_after_a_restart(self):
        """What was accepted and not done before a stop or crash is done after the start."""
        ids = self.ids(3)
        self.successResultOf(self.house.deliveries.stopService())
        self.assertEqual(self.states(ids), ["running", "queued", "queued"])
        after = House(before=self.house)
        after.installed.replace(self.successResultOf(after.store.apps()))
        self.push("two")
        after.deliveries.startService()
        self.addCleanup(after.deliveries.stopService)
        self.house = after
        self.assertEqual(self.states(ids), ["done"] * 3)
        self.assertEqual(self.answer(), "two")

    def test_stop(self):
        """A stop waits for nothing that goes on."""
        self.ids(1)
        self.successResultOf(self.house.deliveries.stopService())
        self.assertEqual(len(self.work.works), 1)


class SyncWebhookTests(WebhookCase):
    """A sync that runs when its webhook is called."""

    def make(self, *, scheduled=False, **options):
        body = NewSync(promote=True, reload="matched", **options)
        query = CreateSync(path=f"{GIT}/apps.ace", scheduled=scheduled, body=body)
        return self.perform(CREATE_SYNC, query)

    def made(self, **options):
        return self.successResultOf(self.make(**options))

    def entry(self):
        (found,) = self.successResultOf(self.perform(LIST_SYNCS, Nothing())).entries
        return found

    def hook(self, made):
        return self.house.webhook_rows.find("sync", made.id)

    def test_called(self):
        """A push runs the sync, and the sync does not run by time."""
        made = self.made()
        self.assertRegex(made.webhook_secret, r"\Aclace_hook_\w{49}\Z")
        self.assertEqual(made.webhook_url, f"https://localhost/sync?{made.id}")
        self.assertEqual(made.schedule_minutes, 0)
        entry = self.entry()
        self.assertEqual((entry.is_scheduled, entry.status.next_execution_time), (False, None))
        self.assertEqual(entry.metadata.webhook_url, made.webhook_url)
        self.assertEqual(
            (entry.metadata.webhook_auth, entry.metadata.webhook_secret), ("bearer", "")
        )
        commit = self.push("two")
        accepted = self.accept(webhook=self.hook(made))
        self.assertEqual(self.answer(), "two")
        self.assertEqual(self.state(accepted.delivery.id), ("done", f"applied commit {commit}"))
        (listed,) = self.entry().deliveries
        self.assertEqual((listed.id, listed.state), (accepted.delivery.id, "done"))

    def test_both(self):
        """A sync can run by time and by a webhook."""
        made = self.made(scheduled=True, webhook_auth="hmac", schedule_frequency=30)
        entry = self.entry()
        self.assertIsNotNone(entry.status.next_execution_time)
        self.assertEqual(self.hook(made).proof, "hmac")

    def test_filters(self):
        """Its branch is that of the files, and pushes have to touch the files it names."""
        made = self.made(git_branch="main", webhook_paths=("a/**",))
        for push, told in (
            (replace(MAIN, ref="refs/heads/dev"), "branch dev is not main"),
            (replace(MAIN, files=("b",)), "no file of the push matches a/**"),
        ):
            accepted = self.accept(push, webhook=self.hook(made))
            self.assertEqual(self.state(accepted.delivery.id), ("ignored", told))

    def test_running(self):
        """A push that comes during a run, which may not have seen it, is run afterwards."""
        made = self.made()
        now = self.house.clock.seconds()
        self.house.sync_rows.claim(made.id, "other", now, now + 12)
        commit = self.push("two")
        accepted = self.accept(webhook=self.hook(made))
        self.house.clock.pump([1] * 10)
        self.assertEqual(self.state(accepted.delivery.id)[0], "running")
        self.house.clock.pump([1] * 10)
        self.assertEqual(self.state(accepted.delivery.id), ("done", f"applied commit {commit}"))

    def test_stop(self):
        """A run that a stop of the server ends is made after the next start."""
        made = self.made()
        waiting = []

        class Held:
            async def apply_files(self, _query, _request):
                waiting.append(Deferred())
                return await waiting[-1]

        self.house.sync_runs._apply = Held()
        self.house.sync_runs.startService()
        accepted = self.accept(webhook=self.hook(made))
        self.successResultOf(self.house.sync_runs.stopService())
        self.assertEqual(self.state(accepted.delivery.id), ("running", ""))

    def test_refused(self):
        """Files need a webhook, globs have bounds, and URL and secret are the server's."""
        for options in (
            {"scheduled": True, "webhook_paths": ("a",)},
            {"webhook_paths": ("x" * 300,)},
            {"webhook_secret": "hunter2"},
            {"webhook_url": "https://x"},
        ):
            self.failureResultOf(self.make(**options), BadRequest)

    def test_no_secret(self):
        """If its secret cannot be sealed, nothing is kept."""

        def refuse(*_given):
            raise SecretFailed("no key")

        self.house.proofs._sealing.seal = refuse
        self.failureResultOf(self.make(webhook_auth="hmac"), SecretFailed)
        self.assertEqual(self.successResultOf(self.perform(LIST_SYNCS, Nothing())).entries, ())
