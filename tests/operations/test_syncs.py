"""Syncs: made, run by time and on demand, disabled after failures, one run at a time."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import DELETE_APPS, DeleteApps
from clace.admin_api.declarations import FilesApplied
from clace.admin_api.operation import Nothing
from clace.admin_api.sync import (
    CREATE_SYNC,
    DELETE_SYNC,
    DISABLED,
    ENABLED,
    FAILING,
    LIST_SYNCS,
    RUN_SYNC,
    CreateSync,
    NamedSync,
    NewSync,
)
from clace.errors import (
    BadRequest,
    ChangedMeanwhile,
    InternalError,
    NoSuchSync,
    NotAllowed,
    ServerStopping,
    SourceError,
    SyncRunning,
)
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope
from clace.operations.sync_runs import LEASE
from clace.operations.sync_schedule import DAY, SyncLimits, failed, succeeded
from clace.telling import listener, listening, step
from tests.operations.house import NOW, House, app_star
from tests.support.administration_contract import NONE
from tests.support.sync_contract import stored_sync

GIT = "https://git.example.com/team/ops"
FILE = f"{GIT}/apps.ace"
MINUTE = 60.0


class SyncCase(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        self.push("one")

    def push(self, body, lines='app("/a", "https://git.example.com/team/ops/a")'):
        """Commit apps and their declarations; the id of the commit."""
        files = {"apps.ace": lines.encode(), "a/app.star": app_star(NONE, body)}
        files |= {"app.star": app_star(NONE, body)}
        self.house.sources.put_commit(f"{GIT}/a", files)
        return self.house.sources.put_commit(GIT, files)

    def perform(self, operation, query, identity=None):
        administration = self.house.administration
        if identity is None:
            return administration.perform(operation, query)
        return administration.perform_as(identity, operation, query)

    def creating(self, identity=None, *, path=FILE, dry_run=False, scheduled=True, **options):
        options.setdefault("promote", True)
        options.setdefault("reload", "matched")
        query = CreateSync(path=path, scheduled=scheduled, dry_run=dry_run, body=NewSync(**options))
        return self.perform(CREATE_SYNC, query, identity)

    def create(self, identity=None, **options):
        return self.successResultOf(self.creating(identity, **options))

    def run_now(self, sync_id, **options):
        return self.perform(RUN_SYNC, NamedSync(sync_id, **options))

    def entries(self, identity=None):
        return self.successResultOf(self.perform(LIST_SYNCS, Nothing(), identity)).entries

    def entry(self):
        (found,) = self.entries()
        return found

    def start(self, house=None):
        """Let time run syncs; the house begins to look."""
        runs = (house or self.house).sync_runs
        runs.startService()
        self.addCleanup(lambda: runs.running and runs.stopService())

    def answer(self, path="/a"):
        return self.successResultOf(self.house.answer(path))

    def after(self, minutes):
        for _ in range(int(minutes * 60)):
            self.house.clock.advance(1)

    def broken(self):
        self.house.sources._commits[GIT].append(self.house.sources._commits[GIT].pop())
        self.kept, self.house.sources._commits[GIT] = self.house.sources._commits[GIT], []

    def repaired(self):
        self.house.sources._commits[GIT] = self.kept

    def recorded(self, operation):
        return [each for each in self.house.audit.events if each.operation == operation]


class PruneTests(SyncCase):
    def test_only_if_scheduled_with_it(self):
        """A run deletes apps that are no longer declared only if the sync was made to."""
        both = 'app("/a", "https://git.example.com/team/ops/a")\napp("/b", "/src")'
        self.house.sources.put_folder("/src", {"app.star": app_star(NONE, "b")})
        self.push("one", both)
        kept, pruning = self.create(), self.create(prune=True)
        self.push("two")
        self.successResultOf(self.run_now(kept.id))
        self.assertEqual(len(self.successResultOf(self.house.store.apps())), 4)
        self.successResultOf(self.run_now(pruning.id))
        self.assertEqual(len(self.successResultOf(self.house.store.apps())), 2)
        (sync,) = [one for one in self.entries() if one.id == pruning.id]
        deleted = [str(path) for path in sync.status.app_apply_response.prune_results]
        self.assertEqual(deleted, ["/b"])


class CreateTests(SyncCase):
    def test_creates(self):
        """The first run is made at once, and the sync is listed with its outcome."""
        made = self.create(schedule_frequency=30)
        self.assertEqual(self.answer(), "one")
        self.assertRegex(made.id, r"\Acl_syn_\w{27}\Z")
        self.assertEqual(made.schedule_minutes, 30)
        status = made.sync_job_status
        (created,) = status.app_apply_response.create_results
        self.assertEqual(str(created.app_path_domain), "/a")
        entry = self.entry()
        self.assertEqual((entry.id, entry.path, entry.user_id), (made.id, FILE, "admin"))
        self.assertEqual(entry.status, status)
        self.assertEqual((status.state, status.last_success_time), (ENABLED, NOW))
        self.assertEqual(status.next_execution_time, NOW + timedelta(minutes=28.5))

    def test_default_period(self):
        """A sync that says no period has the server's."""
        self.assertEqual(self.create().schedule_minutes, 15)

    def test_dry(self):
        """A dry run tells what would be applied, and neither applies nor keeps anything."""
        made = self.create(dry_run=True)
        self.assertEqual((made.id, made.dry_run), ("", True))
        self.assertEqual(len(made.sync_job_status.app_apply_response.create_results), 1)
        self.assertEqual(self.entries(), ())
        self.assertEqual(self.successResultOf(self.house.store.apps()), ())

    def test_a_first_run_that_fails(self):
        """Nothing is kept, and the reason is told."""
        self.push("one", 'app("/a", "/missing")')
        self.failureResultOf(self.creating(), SourceError)
        self.assertEqual(self.entries(), ())

    def test_refused(self):
        """Options that cannot be used, by name."""
        for options, told in (
            ({"schedule_frequency": -1}, "invalid schedule_frequency -1, expected 1 to 527040"),
            ({"schedule_frequency": 999_999}, "invalid schedule_frequency 999999"),
            ({"reload": "all"}, "invalid reload 'all'"),
        ):
            refusal = self.failureResultOf(self.creating(**options), BadRequest).value
            self.assertIn(told, refusal.message)
        self.assertEqual(self.entries(), ())

    def test_recorded(self):
        """The audit log has each app that changed, by whom and through which sync."""
        made = self.create()
        events = self.recorded("apply_files")
        self.assertEqual({each.target for each in events}, {"/a", "/a_cl_stage"})
        self.assertTrue(all(f"sync {made.id}; created" in each.detail for each in events))
        self.assertEqual({each.user_id for each in events}, {"admin"})
        self.assertEqual({each.rid for each in events}, {"rid_sync"})


class RunTests(SyncCase):
    def test_by_time(self):
        """What was pushed is served within a period, and what was not changed makes no version."""
        self.create(schedule_frequency=10)
        self.start()
        commit = self.push("two")
        self.after(10)
        self.assertEqual(self.answer(), "two")
        self.assertEqual(self.entry().status.commit_id, commit)
        versions = [app.version for app in self.successResultOf(self.house.store.apps())]
        self.after(60)
        self.assertEqual(
            [app.version for app in self.successResultOf(self.house.store.apps())], versions
        )

    def test_quiet(self):
        """Runs that change nothing leave no events."""
        self.create(schedule_frequency=1)
        self.start()
        before = len(self.house.audit.events)
        self.after(30)
        self.assertEqual(len(self.house.audit.events), before)

    def test_missed_periods(self):
        """After a long pause it runs once, and keeps its period from then on."""
        self.create(schedule_frequency=10)
        applied = self.counted()
        self.house.clock.advance(10 * DAY)
        self.start()
        self.assertEqual(len(applied), 1)
        self.after(8)
        self.assertEqual(len(applied), 1)
        self.after(2)
        self.assertEqual(len(applied), 2)

    def test_survives_a_restart(self):
        """Another process runs what this one was asked for."""
        self.create(schedule_frequency=10)
        after = House(before=self.house)
        after.clock.advance(self.house.clock.seconds() - after.clock.seconds())
        after.installed.replace(self.successResultOf(after.store.apps()))
        self.push("two")
        self.house = after
        self.start()
        self.after(10)
        self.assertEqual(self.answer(), "two")

    def test_on_demand(self):
        """A run that was asked for is as good as one by time, and a dry one changes nothing."""
        made = self.create(schedule_frequency=10)
        self.push("two")
        ran = self.successResultOf(self.run_now(made.id, dry_run=True))
        self.assertTrue(ran.dry_run)
        self.assertEqual(len(ran.app_apply_response.reload_results), 1)
        self.assertEqual(self.answer(), "one")
        self.house.clock.advance(5)
        ran = self.successResultOf(self.run_now(made.id))
        self.assertEqual(self.answer(), "two")
        self.assertEqual(ran.last_execution_time, NOW + timedelta(seconds=5))
        self.assertEqual(self.entry().status.commit_id, ran.commit_id)

    def test_no_news(self):
        """A run without a newer commit that changes nothing is told as skipped, as in 2025; an app
        that was deleted is created again all the same.
        """
        made = self.create(schedule_frequency=10)
        ran = self.successResultOf(self.run_now(made.id)).app_apply_response
        self.assertEqual((ran.skipped_apply, ran.skipped_results), (True, ()))
        self.successResultOf(self.perform(DELETE_APPS, DeleteApps("/a")))
        ran = self.successResultOf(self.run_now(made.id)).app_apply_response
        self.assertEqual((ran.skipped_apply, len(ran.create_results)), (False, 1))
        self.push("two")
        ran = self.successResultOf(self.run_now(made.id)).app_apply_response
        self.assertEqual((ran.skipped_apply, len(ran.reload_results)), (False, 1))

    def test_in_its_own_name(self):
        """Runs that are due tell nothing to the one whose work had them looked for."""
        self.create(schedule_frequency=10)
        self.house.clock.advance(10 * DAY)
        heard, listeners = [], []

        class Telling:
            async def apply_files(self, _query, _request):
                listeners.append(listener())
                with step("fetch"):
                    return FilesApplied()

        self.house.sync_runs._apply = Telling()
        with listening(heard.append, heard.append):
            self.start()
        self.assertEqual((listeners, heard), ([None], []))

    def test_missing(self):
        """A sync that is not there can be neither run nor deleted."""
        for operation in (RUN_SYNC, DELETE_SYNC):
            failure = self.failureResultOf(
                self.perform(operation, NamedSync("cl_syn_x")), NoSuchSync
            )
            self.assertEqual(failure.value.message, "there is no sync cl_syn_x")

    def test_delete(self):
        """A sync ends, and what it applied stays."""
        made = self.create()
        deleting = self.perform(DELETE_SYNC, NamedSync(made.id, dry_run=True))
        self.assertTrue(self.successResultOf(deleting).dry_run)
        self.assertEqual(len(self.entries()), 1)
        self.successResultOf(self.perform(DELETE_SYNC, NamedSync(made.id)))
        self.assertEqual(self.entries(), ())
        self.assertEqual(self.answer(), "one")

    def test_looks_again_after_a_failure(self):
        """A database that fails for once does not end syncs for ever."""
        self.create(schedule_frequency=1)
        self.push("two")
        self.house.sync_rows.broken = 3
        self.start()
        self.after(5)
        self.assertEqual(self.answer(), "two")
        self.assertEqual(len(self.flushLoggedErrors()), 3)

    def counted(self):
        """The applies that are made from now on."""
        applied = []
        operations = self.house.sync_runs._apply

        class Counted:
            async def apply_files(self, query, request):
                applied.append(query)
                return await operations.apply_files(query, request)

        self.house.sync_runs._apply = Counted()
        return applied


class OneAtATimeTests(SyncCase):
    """One run of a sync at a time, in all processes together."""

    def setUp(self):
        super().setUp()
        self.made = self.create(schedule_frequency=10)
        self.waiting = []

    def hold(self, house):
        """Let applies of a house wait."""
        waiting = self.waiting

        class Held:
            async def apply_files(self, _query, _request):
                waiting.append(Deferred())
                return await waiting[-1]

        house.sync_runs._apply = Held()

    def other(self):
        other = House(before=self.house)
        other.clock = self.house.clock
        other.sync_runs._around = replace(other.sync_runs._around, clock=self.house.clock)
        self.hold(other)
        return other

    def test_running(self):
        """A sync that runs is not run again, is shown as running, and tells since when."""
        self.hold(self.house)
        running = Deferred.fromCoroutine(self.run_now(self.made.id))
        self.assertEqual(self.entry().status.running_since, NOW)
        failure = self.failureResultOf(self.run_now(self.made.id), SyncRunning)
        told = f"sync {self.made.id} is running since 2026-11-23 00:00:00"
        self.assertEqual(failure.value.message, told)
        self.waiting[0].callback(FilesApplied())
        self.successResultOf(running)
        self.assertIsNone(self.entry().status.running_since)

    def test_two_processes(self):
        """While one process runs a sync, however long it takes, the other lets it be."""
        self.hold(self.house)
        other = self.other()
        self.start()
        self.start(other)
        self.after(60)
        self.assertEqual(len(self.waiting), 1)
        self.waiting[0].callback(FilesApplied())
        self.after(10)
        self.assertEqual(len(self.waiting), 2)

    def test_a_renewal_fails(self):
        """A database that is busy once does not let another process into a run."""
        self.hold(self.house)
        other = self.other()
        self.start()
        self.start(other)
        self.house.sync_rows.unrenewed = 1
        with capturedLogs() as events:
            self.after(11)
        self.assertEqual((len(self.waiting), self.house.sync_rows.unrenewed), (1, 0))
        told = f"The lease of sync {self.made.id} is not renewed, it is tried again: "
        self.assertEqual([formatEvent(one) for one in events], [told + "cannot hold a sync"])

    def test_a_crash_frees(self):
        """When a process dies in a run, another makes the run when the lease is over."""
        self.house.sync_rows.claim(self.made.id, "dead", self.house.clock.seconds() + 540, 0)
        self.after(10)
        now = self.house.clock.seconds()
        self.house.sync_rows.claim(self.made.id, "dead", now, now + LEASE)
        self.assertIsNotNone(self.entry().status.running_since)
        self.push("two")
        self.start()
        self.after(0.4)
        self.assertEqual(self.answer(), "one")
        self.after(1)
        self.assertEqual(self.answer(), "two")

    def test_stop(self):
        """A process that stops in a run leaves the sync free and no failure counted."""
        self.hold(self.house)
        self.start()
        self.after(10)
        self.assertEqual(len(self.waiting), 1)
        self.successResultOf(self.house.sync_runs.stopService())
        self.assertEqual(self.entry().status.failure_count, 0)
        self.assertIsNone(self.entry().status.running_since)
        self.assertEqual(self.house.clock.getDelayedCalls(), [])

    def test_stop_in_a_run_that_was_asked_for(self):
        """Whoever asked for the run is told, and the sync is free."""
        self.hold(self.house)
        self.start()
        running = Deferred.fromCoroutine(self.run_now(self.made.id))
        self.successResultOf(self.house.sync_runs.stopService())
        failure = self.failureResultOf(running, ServerStopping)
        self.assertIn("the server is stopping", failure.value.message)
        self.assertEqual(self.entry().status, self.made.sync_job_status)
        self.assertEqual(self.house.sync_rows.find(self.made.id).holder, "")

    def test_several_syncs(self):
        """Several syncs run beside each other, but no more than four."""
        for _ in range(5):
            self.create(schedule_frequency=10)
        self.hold(self.house)
        self.start()
        self.after(10)
        self.assertEqual(len(self.waiting), 4)
        self.waiting[0].callback(FilesApplied())
        self.assertEqual(len(self.waiting), 5)


class FailureTests(SyncCase):
    def setUp(self):
        super().setUp()
        self.made = self.create(schedule_frequency=10)

    def test_backs_off(self):
        """After a failure it waits a period, then two; after the last allowed it is disabled."""
        self.start()
        self.broken()
        at = []
        for _ in range(200):
            before = self.entry().status.failure_count
            self.after(0.5)
            if self.entry().status.failure_count > before:
                at.append(round((self.house.clock.seconds() - NOW.timestamp()) / MINUTE, 1))
        self.assertEqual(at, [9.5, 19.5, 39.5])
        status = self.entry().status
        self.assertEqual((status.state, status.next_execution_time), (DISABLED, None))
        self.assertEqual(status.error, f"cannot fetch {GIT}: there is no main")
        self.assertEqual(len(self.flushLoggedErrors()), 0)

    def test_a_manual_run_enables(self):
        """A disabled sync stays so until it is run by hand and succeeds."""
        self.broken()
        for _ in range(4):
            self.failureResultOf(self.run_now(self.made.id), SourceError)
        self.assertEqual(self.entry().status.state, DISABLED)
        self.assertEqual(self.entry().status.failure_count, 4)
        self.repaired()
        self.start()
        self.after(120)
        self.assertEqual(self.entry().status.state, DISABLED)
        self.successResultOf(self.run_now(self.made.id))
        status = self.entry().status
        self.assertEqual((status.state, status.failure_count, status.error), (ENABLED, 0, ""))
        self.push("two")
        self.after(10)
        self.assertEqual(self.answer(), "two")

    def test_recovers(self):
        """A failure that goes away is forgotten; until then the commit of before is shown."""
        self.broken()
        self.failureResultOf(self.run_now(self.made.id), SourceError)
        status = self.entry().status
        self.assertEqual((status.state, status.failure_count), (FAILING, 1))
        self.assertEqual(status.commit_id, self.made.sync_job_status.commit_id)
        self.assertEqual(status.last_success_time, NOW)
        self.repaired()
        self.successResultOf(self.run_now(self.made.id))
        self.assertEqual(self.entry().status.state, ENABLED)

    def test_recorded(self):
        """The audit log has each failure, with its reason."""
        self.broken()
        self.failureResultOf(self.run_now(self.made.id), SourceError)
        (event,) = self.recorded("run_sync")
        self.assertEqual((event.target, event.status), (self.made.id, "Failed"))
        self.assertIn("there is no main", event.detail)

    def test_changed_meanwhile(self):
        """An apply that somebody overtook is made again; that is no failure."""
        operations = self.house.sync_runs._apply
        left = [ChangedMeanwhile("x")] * 2

        class Overtaken:
            async def apply_files(self, query, request):
                if left:
                    raise left.pop()
                return await operations.apply_files(query, request)

        self.house.sync_runs._apply = Overtaken()
        self.successResultOf(self.run_now(self.made.id))
        left += [ChangedMeanwhile("x")] * 3
        self.failureResultOf(self.run_now(self.made.id), ChangedMeanwhile)

    def test_a_fault_of_ours(self):
        """A fault is a failure too; the log has it whole, the status the number of the incident."""

        class Faulty:
            async def apply_files(self, _query, _request):
                raise ZeroDivisionError

        self.house.sync_runs._apply = Faulty()
        self.failureResultOf(self.run_now(self.made.id), InternalError)
        self.assertEqual(self.entry().status.error, "internal error, incident rid_sync")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class RightTests(SyncCase):
    """A sync may what its maker may, at the time of each run."""

    OWNER = Identity(user_id="github:ann", assurance=Assurance.SSO, session_id="s", actor="admin")
    OTHER = Identity(user_id="github:bob", assurance=Assurance.SSO)

    def allow(self, *targets):
        grants = (Grant(users=("github:ann",), roles=("deployer",), targets=targets),)
        entries = ("sync:create", "app:apply", "app:create", "app:promote")
        policy = Policy(enabled=True, roles={"deployer": entries}, grants=grants)
        self.house.authorisation.replace(policy, "admin")

    def test_rights_of_the_maker(self):
        """Rights that the maker loses are lost to the sync, which fails and says so."""
        self.allow("/a")
        self.create()  # or ann would own the app, which is a right on it too
        made = self.create(self.OWNER)
        self.successResultOf(self.run_now(made.id))
        self.allow("/b")
        failure = self.failureResultOf(self.run_now(made.id), NotAllowed)
        self.assertIn("user github:ann does not have permission app:apply on /a", str(failure))

    def test_first_run(self):
        """Without the rights on the apps nothing is made."""
        self.allow("/b")
        self.failureResultOf(self.creating(self.OWNER), NotAllowed)
        self.assertEqual(self.entries(), ())

    def test_gone_maker(self):
        """A sync of a user who is gone does nothing."""
        self.allow("/a")
        made = self.create(self.OWNER)
        self.house.gone.add("github:ann")
        failure = self.failureResultOf(self.run_now(made.id), NotAllowed)
        self.assertEqual(
            failure.value.message,
            "user github:ann, who made this, does not exist any more",
        )

    def test_token(self):
        """A sync that was made by a token may no more than that, also when the token is over."""
        scope = Scope(permissions=("sync:create", "app:*"), apps=("/a",))
        token = Identity(user_id="admin", assurance=Assurance.TOKEN, token_id="tok_1", scope=scope)
        made = self.create(token)
        other = app_star(NONE, "b")
        self.house.sources.put_commit(f"{GIT}/b", {"app.star": other})
        self.push("one", f'app("/a", "{GIT}/a")\napp("/b", "{GIT}/b")')
        failure = self.failureResultOf(self.run_now(made.id), NotAllowed)
        self.assertIn("app:apply on /b (token tok_1)", failure.value.message)

    def test_owner(self):
        """Whoever made a sync may see, run and delete it; others see nothing of it."""
        self.allow("/a")
        made = self.create(self.OWNER)
        self.assertEqual([each.id for each in self.entries(self.OWNER)], [made.id])
        self.assertEqual(self.entries(self.OTHER), ())
        for operation in (RUN_SYNC, DELETE_SYNC):
            query = NamedSync(made.id, dry_run=True)
            self.failureResultOf(self.perform(operation, query, self.OTHER), NotAllowed)
            self.successResultOf(self.perform(operation, query, self.OWNER))
        after = House(before=self.house)
        self.assertEqual(after.owner_of(f"sync {made.id}"), "github:ann")

    def test_kept_identity(self):
        """Of the maker neither the session nor who acted as them is kept."""
        self.allow("/a")
        made = self.create(self.OWNER)
        kept = self.house.sync_rows.find(made.id).identity
        self.assertEqual((kept.user_id, kept.session_id, kept.actor), ("github:ann", "", ""))


class ScheduleTests(SynchronousTestCase):
    """The arithmetic of times, for any luck."""

    CHANCE = st.floats(0, 1)

    @given(st.integers(1, 527_040), CHANCE)
    def test_within_a_period(self, minutes, chance):
        """After a success the next run begins within a period, and not at once."""
        sync = self.sync(minutes)
        due = succeeded(sync, FilesApplied(), 1000.0, lambda: chance).due
        self.assertLessEqual(due, 1000 + minutes * MINUTE)
        self.assertGreaterEqual(due, 1000 + 0.89 * minutes * MINUTE)

    @given(st.integers(1, 527_040), st.integers(0, 2_000), CHANCE)
    def test_wait(self, minutes, failures, chance):
        """After a failure the wait is near a power of two of periods, and no more than a day or the
        period allow.
        """
        sync = self.sync(minutes, failures)
        outcome = failed(sync, "x", 1000.0, SyncLimits(failures=10_000), lambda: chance)
        wait = outcome.due - 1000
        middle = min(minutes * MINUTE * 2.0 ** min(failures, 30), max(minutes * MINUTE, DAY))
        self.assertGreaterEqual(wait, 0.74 * middle)
        self.assertLessEqual(wait, 1.26 * middle)

    def test_spread(self):
        """Syncs that failed at one time do not come back at one time."""
        sync = self.sync(10)
        waits = {failed(sync, "x", 0, SyncLimits(), lambda c=c: c).due for c in (0, 0.3, 1)}
        self.assertEqual(len(waits), 3)

    def sync(self, minutes, failures=0):
        sync = stored_sync()
        return replace(
            sync,
            metadata=replace(sync.metadata, schedule_frequency=minutes),
            status=replace(sync.status, failure_count=failures),
        )
