"""The life of programs: started when they are needed, replaced without a failure, ended unused."""

import gc
from datetime import UTC, datetime
from pathlib import Path
from weakref import ref

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import AppBroken, AppStarting, AppStopped, ProgramFailed
from clace.interfaces import (
    IProgramControl,
    IWorkloadEngine,
    IWorkloadLease,
    IWorkloadOffer,
    IWorkloads,
    LogFilter,
)
from clace.model.app import AppKind
from clace.model.dev_settings import DevSettings
from clace.model.workloads import (
    OVERLAP,
    Lifetime,
    ProcessNeeds,
    ProgramPhase,
    ProgramStatus,
    WorkloadConfig,
)
from clace.telling import listening
from clace.workloads.control import ProgramControl
from clace.workloads.limits import WorkloadLimits
from tests.support.apps import DictFiles, an_app
from tests.support.workloads import MemoryEngine, make_workloads

PLAIN = WorkloadConfig(port=80)
WITH_DATA = WorkloadConfig(needs=ProcessNeeds(data="/data"))


class WorkloadCase(SynchronousTestCase):
    limits = {}

    def setUp(self):
        self.clock = Clock()
        self.engine = MemoryEngine(self.clock)
        self.folder = Path(self.mktemp())
        self.workloads = make_workloads(self.clock, self.engine, self.folder, **self.limits)
        self.workloads.startService()
        self.app = an_app()
        self.addCleanup(self.stop)

    def stop(self):
        if self.workloads.running:
            stopped = self.workloads.stopService()
            self.clock.pump([0.01] * 10)
            self.successResultOf(stopped)

    def offer(self, text="1", config=PLAIN, app=None, **environment):
        files = DictFiles({"app.py": text})
        return self.workloads.offer(app or self.app, files, config, environment, str)

    def publish(self, text="1", config=PLAIN, app=None, **environment):
        offer = self.offer(text, config, app, **environment)
        offer.publish(app or self.app)
        return offer

    def rehearse(self, offer):
        rehearsed = Deferred.fromCoroutine(offer.rehearse())
        self.settle()
        return rehearsed

    def ask(self, *, for_page=False, app=None):
        return Deferred.fromCoroutine(self.workloads.lease(app or self.app, for_page=for_page))

    def lease(self, **asked):
        leasing = self.ask(**asked)
        self.settle()
        return self.successResultOf(leasing)

    def settle(self, seconds=0.1):
        for _ in range(10):
            self.clock.advance(seconds / 10)

    def log(self):
        (file,) = (self.folder / "logs").iterdir()
        return file.read_text()

    @property
    def running(self):
        return self.engine.running


class ImageTests(WorkloadCase):
    """Programs whose image is fixed by their version."""

    def pinned(self, image):
        pins = {"image": "nginx", "image_id": image}
        return replace(self.app, metadata=replace(self.app.metadata, pins=pins))

    def test_another_image_is_another_program(self):
        """What was found when it was built is known afterwards; another image is started anew."""
        offer = self.offer()
        self.successResultOf(self.rehearse(offer))
        offer.publish(self.pinned("1"))
        self.successResultOf(self.rehearse(self.offer(app=self.pinned("1"))))
        self.assertEqual(self.running, [1])
        self.successResultOf(self.rehearse(self.offer(app=self.pinned("2"))))
        self.assertEqual(self.running, [1, 2])


class ToldTests(WorkloadCase):
    """The lines of a build, for whoever has asked for it."""

    def test_told(self):
        """They get the lines with the app's address and without secrets; the log has them too."""
        heard = []
        self.engine.told = "building with t0ken"
        files = DictFiles({"app.py": "1"})
        offer = self.workloads.offer(
            self.app, files, PLAIN, {}, lambda text: text.replace("t0ken", "-")
        )
        with listening(heard.append):
            self.successResultOf(self.rehearse(offer))
        self.assertEqual(heard, [f"{self.app.main_address}: building with -"])
        self.assertIn("clace: building", self.log())

    def test_nobody_listens(self):
        """A build for a visitor is in the log alone."""
        self.publish()
        self.lease()
        self.assertIn("clace: building", self.log())


class StartTests(WorkloadCase):
    def test_interfaces(self):
        """They fill the seams."""
        verifyObject(IWorkloads, self.workloads)
        verifyObject(IWorkloadEngine, self.engine)
        offer = self.publish()
        verifyObject(IWorkloadOffer, offer)
        verifyObject(IWorkloadLease, self.lease())

    def test_on_demand(self):
        """Nothing is started before a request needs it; then once for all that wait."""
        self.publish()
        self.assertEqual(self.running, [])
        self.assertIsNone(self.workloads.at_hand(self.app))
        first, second = self.ask(), self.ask()
        self.settle()
        self.assertEqual(self.successResultOf(first).key, self.successResultOf(second).key)
        self.assertEqual(self.running, [1])
        self.assertEqual(self.workloads.at_hand(self.app).key, "run0")

    def test_ready(self):
        """A request waits until the program answers where it is asked for its health."""
        self.engine.make = lambda one: setattr(one, "listens", False)
        self.publish(config=WorkloadConfig(health="/up"))
        waiting = self.ask()
        self.settle(1)
        self.assertNoResult(waiting)
        (program,) = self.engine.started
        program.listens, program.answer = True, b"HTTP/1.1 404 Not Found\r\n\r\n"
        self.settle(3)
        self.assertNoResult(waiting)
        program.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.settle(3)
        self.successResultOf(waiting)
        self.assertEqual(set(program.asked), {b"GET /up HTTP/1.1"})

    def test_any_page_will_do(self):
        """Without a path of its own, an app is ready with whatever page it has at /."""
        for answer in (b"404 Not Found", b"302 Found", b"401 Unauthorized"):
            self.engine.make = lambda one, answer=answer: setattr(
                one, "answer", b"HTTP/1.1 " + answer + b"\r\n\r\n"
            )
            self.publish(answer.decode())
            self.lease().release()

    def test_not_ready(self):
        """A program that never answers is ended, and the error says what it did say, and wrote."""
        self.engine.make = lambda one: setattr(one, "answer", b"HTTP/1.1 500 No\r\n\r\n")
        self.publish()
        waiting = self.ask()
        self.engine.started[0].log(b"first\nsecond")
        for _ in range(60):
            self.settle(1)
        failed = self.failureResultOf(waiting, ProgramFailed)
        self.assertIn("it answers 500 to /, after 30 attempts", failed.value.message)
        self.assertTrue(failed.value.message.endswith("\nfirst\nsecond"))
        self.assertEqual(self.running, [])

    def test_ends_at_once(self):
        """One that ends is not asked any longer: the error has its status and last lines."""
        self.engine.make = lambda one: (one.log(b"Traceback\nNo module flask\n"), one.end(1))
        self.publish()
        waiting = self.ask()
        self.settle()
        failed = self.failureResultOf(waiting, ProgramFailed)
        told = "the program of /test ended with 1\nTraceback\nNo module flask"
        self.assertEqual(failed.value.message, told)

    def test_missing_package(self):
        """An app of Python that lacks a package is told where packages are listed, no other is."""
        said = b"ModuleNotFoundError: No module named 'yaml.x'\n"
        self.engine.make = lambda one: (one.log(said), one.end(1))
        step = "yaml: if it is a package, list it in requirements.txt or in the script's metadata"
        for spec, is_told in (("python-flask", True), ("", False), ("procfile", False)):
            offer = self.offer(spec, WorkloadConfig(spec=spec, port=80))
            failed = self.failureResultOf(self.rehearse(offer), ProgramFailed)
            self.assertEqual(failed.value.message.endswith(f"\n{step}"), is_told, spec)

    def test_unheard(self):
        """One that does not listen is told from one that listens and does not answer."""
        for listens, told in (
            (False, "it does not listen (on the port that its variable PORT names), after 30"),
            (True, "it listens, and does not answer / in 5 seconds, after 30"),
        ):
            self.engine.make = lambda one, listens=listens: (
                setattr(one, "listens", listens),
                setattr(one, "answer", b""),
            )
            rehearsed = self.rehearse(self.offer(str(listens)))
            for _ in range(300):
                self.settle(1)
            failed = self.failureResultOf(rehearsed, ProgramFailed)
            self.assertIn(told, failed.value.message)

    def test_back_off(self):
        """One that does not start is tried again after a second, two, four, and so on."""
        self.engine.make = lambda one: one.end(1)
        self.publish()
        for seconds in (1, 2, 4, 8):
            self.failureResultOf(self.settled(self.ask()), ProgramFailed)
            count = len(self.engine.started)
            refused = self.failureResultOf(self.ask(), ProgramFailed)
            self.assertTrue(0 < refused.value.retry_after <= seconds)
            self.assertEqual(len(self.engine.started), count)
            self.clock.advance(seconds)
        self.engine.make = lambda one: None
        self.lease()

    def settled(self, waiting):
        self.settle()
        return waiting

    def test_started_again(self):
        """One that has ended by itself is started again for the next request, the first time at
        once.
        """
        self.publish()
        self.lease().release()
        self.engine.started[0].end(7)
        self.assertIsNone(self.workloads.at_hand(self.app))
        self.lease().release()
        self.engine.started[1].end(7)
        failed = self.failureResultOf(self.ask(), ProgramFailed)
        self.assertIn("ended with 7", failed.value.message)
        self.clock.advance(1)
        self.lease()
        self.assertEqual(self.running, [3])

    def test_page(self):
        """Who wants a page is told soon that it is being started, and the start goes on."""
        self.engine.held = Deferred()
        self.publish()
        waiting, patient = self.ask(for_page=True), self.ask()
        self.clock.advance(2)
        starting = self.failureResultOf(waiting, AppStarting)
        self.assertEqual(starting.value.retry_after, 1)
        self.engine.held.callback(None)
        self.settle()
        self.successResultOf(patient)

    def test_deadline(self):
        """Others wait for as long as is configured."""
        self.engine.held = Deferred()
        self.publish()
        waiting = self.ask()
        self.clock.advance(59)
        self.assertNoResult(waiting)
        self.clock.advance(2)
        self.failureResultOf(waiting, AppStarting)
        self.engine.held.callback(None)
        self.settle()
        self.assertEqual(self.running, [1])

    def test_not_built(self):
        """An app whose program cannot be built says why."""
        self.engine.broken = "no such package: flsk"
        self.publish()
        self.assertIn("flsk", self.failureResultOf(self.ask(), AppBroken).value.message)

    def test_without_program(self):
        """An app without one, or with one for commands only, passes no requests on."""
        self.failureResultOf(self.ask(), AppBroken)
        self.publish(config=WorkloadConfig(lifetime=Lifetime.COMMAND))
        self.failureResultOf(self.ask(), AppBroken)

    def test_nothing_to_start(self):
        """To start such an app, or to start it anew, fails and starts nothing."""
        control = ProgramControl(self.clock, self.workloads, self.engine)
        for _ in range(2):
            for act in (control.start, control.restart):
                acting = Deferred.fromCoroutine(act(self.app))
                self.settle()
                self.assertIn("no program", self.failureResultOf(acting, AppBroken).value.message)
            self.publish(config=WorkloadConfig(lifetime=Lifetime.COMMAND))
        self.assertEqual(self.engine.started, [])


class SwapTests(WorkloadCase):
    def test_overlap(self):
        """The next version is started and asked aside; then it takes over, and the one before ends
        when its requests are answered.
        """
        self.publish()
        lease = self.lease()
        offer = self.offer("2")
        self.successResultOf(self.rehearse(offer))
        self.assertEqual(self.workloads.at_hand(self.app).key, lease.key)
        self.assertEqual(self.running, [1, 2])
        offer.publish(self.app)
        taken = self.workloads.at_hand(self.app)
        self.assertNotEqual(taken.key, lease.key)
        self.settle(10)
        self.assertEqual(self.running, [1, 2])
        lease.release()
        self.settle()
        # The lease that ``at_hand`` gave above has not been released.
        self.settle(30)
        self.assertEqual(self.running, [2])

    def test_broken(self):
        """A version that does not start is not published, and the one before serves on."""
        self.publish()
        self.lease().release()
        self.engine.make = lambda one: (one.log(b"oh no\n"), one.end(1))
        offer = self.offer("2")
        failed = self.failureResultOf(self.rehearse(offer), ProgramFailed)
        self.assertIn("oh no", failed.value.message)
        offer.discard()
        self.assertEqual(self.workloads.at_hand(self.app).key, "run0")

    def test_same(self):
        """A version whose program is the same changes nothing."""
        self.publish()
        self.lease().release()
        offer = self.offer()
        self.successResultOf(self.rehearse(offer))
        offer.publish(self.app)
        self.assertEqual(self.running, [1])
        self.assertEqual(self.workloads.at_hand(self.app).key, "run0")

    def test_other_surroundings(self):
        """Another value of a variable is another program."""
        self.publish(A="1")
        self.lease().release()
        self.publish(A="2")
        self.lease().release()
        self.settle()
        self.assertEqual(self.running, [2])
        keys = {"CL_IDENTITY_KEYS": "/run/clace-keys/keys.json"}
        self.assertEqual(self.engine.started[1].order.environment, {"A": "2", **keys})

    def test_discarded(self):
        """One that was only tried ends."""
        offer = self.offer()
        self.successResultOf(self.rehearse(offer))
        self.assertEqual(self.running, [1])
        offer.discard()
        self.settle()
        self.assertEqual(self.running, [])

    def test_stop_first(self):
        """Of a program with data no two run: requests wait for the new one, which has the data."""
        staging = an_app(app_id=f"{AppKind.STAGING}1")
        self.publish(config=WITH_DATA, app=staging)
        lease = self.lease(app=staging)
        offer = self.offer("2", WITH_DATA, app=staging)
        rehearsing = self.rehearse(offer)
        waiting = self.ask(app=staging)
        self.settle()
        self.assertEqual(self.running, [1])
        self.assertNoResult(waiting)
        lease.release()
        self.settle()
        self.successResultOf(rehearsing)
        self.assertEqual(self.running, [2])
        self.assertNoResult(waiting)
        offer.publish(staging)
        self.assertEqual(self.successResultOf(waiting).key, "run1")
        data = {one.order.data for one in self.engine.started}
        self.assertEqual(data, {str(self.folder / "data" / staging.id)})

    def test_data_of_each(self):
        """Production, staging and a preview have data of their own."""
        ids = [f"{kind}1" for kind in (AppKind.PROD, AppKind.STAGING, AppKind.PREVIEW)]
        for one in ids:
            self.publish(config=WITH_DATA, app=an_app(app_id=one))
            self.lease(app=an_app(app_id=one)).release()
        data = {one.order.data for one in self.engine.started}
        self.assertEqual(data, {str(self.folder / "data" / one) for one in ids})

    def test_stop_first_broken(self):
        """If the new one does not start, requests go to the one before, which is started again."""
        staging = an_app(app_id=f"{AppKind.STAGING}1")
        self.publish(config=WITH_DATA, app=staging)
        self.lease(app=staging).release()
        self.engine.make = lambda one: one.end(1)
        offer = self.offer("2", WITH_DATA, app=staging)
        rehearsing = self.rehearse(offer)
        waiting = self.ask(app=staging)
        self.failureResultOf(rehearsing, ProgramFailed)
        self.engine.make = lambda one: None
        offer.discard()
        self.settle()
        self.successResultOf(waiting)
        self.assertEqual(self.running, [3])

    def test_production_is_not_stopped_to_try(self):
        """In production a program with data is replaced when the new version is published, not
        when it is tried.
        """
        self.publish(config=WITH_DATA)
        self.lease().release()
        offer = self.offer("2", WITH_DATA)
        self.successResultOf(self.rehearse(offer))
        self.assertEqual(self.running, [1])
        offer.publish(self.app)
        self.assertEqual(self.lease().key, "run1")
        self.assertEqual(self.running, [2])

    def test_overlap_with_data(self):
        """One that says so may run beside itself."""
        config = WorkloadConfig(needs=ProcessNeeds(data="/data"), replace=OVERLAP)
        self.publish(config=config)
        self.lease().release()
        self.successResultOf(self.rehearse(self.offer("2", config)))
        self.assertEqual(self.running, [1, 2])

    def test_drained(self):
        """Requests of the one before have so many seconds, and no more."""
        self.publish()
        self.lease()
        self.publish("2")
        self.lease()
        self.clock.advance(29)
        self.assertEqual(self.running, [1, 2])
        self.clock.advance(2)
        self.assertEqual(self.running, [2])

    def test_gone(self):
        """The program of an app that is gone ends, and what the engine has of it."""
        self.publish()
        self.lease().release()
        self.workloads.retract(self.app.id)
        self.settle()
        self.assertEqual((self.running, self.engine.forgotten), ([], [self.app.id]))
        self.assertEqual(list((self.folder / "logs").iterdir()), [])

    def test_writes_when_gone(self):
        """The log does not come back if its program still writes while it ends."""
        self.publish()
        lease = self.lease()
        self.workloads.retract(self.app.id)
        self.engine.started[0].log(b"not yet\n")
        lease.release()
        self.settle()
        self.assertEqual(list((self.folder / "logs").iterdir()), [])

    def test_runs_to_its_end(self):
        """A program of an app that is gone counts as running while it answers a last request."""
        self.publish()
        lease = self.lease()
        self.workloads.retract(self.app.id)
        self.assertTrue(self.workloads.is_running(self.app.id))
        lease.release()
        self.settle()
        self.assertFalse(self.workloads.is_running(self.app.id))

    def test_built_when_gone(self):
        """A program that is built when its app goes is not started: it would make its data anew."""
        self.engine.held = Deferred()
        self.publish()
        asked = self.ask()
        self.workloads.retract(self.app.id)
        self.engine.held.callback(None)
        self.settle()
        self.failureResultOf(asked, AppBroken)
        self.assertEqual((self.engine.started, self.running), ([], []))

    def test_tried_when_gone(self):
        """So it is with one that is only tried, as the next version of its app."""
        self.publish()
        self.lease().release()
        self.engine.held = Deferred()
        trying = Deferred.fromCoroutine(self.offer("2").rehearse())
        self.workloads.retract(self.app.id)
        self.engine.held.callback(None)
        self.settle()
        self.failureResultOf(trying, AppBroken)
        self.assertEqual((len(self.engine.started), self.running), (1, []))

    def test_starts_when_gone(self):
        """A program that is being started when its app goes counts as running until it has ended,
        as does one that only tells so late that it runs.
        """
        begun, start = Deferred(), self.engine.start

        async def slow(prepared, log):
            await begun
            return await start(prepared, log)

        self.engine.start = slow
        self.publish()
        asked = self.ask()
        self.workloads.retract(self.app.id)
        self.assertTrue(self.workloads.is_running(self.app.id))
        begun.callback(None)
        self.settle()
        self.failureResultOf(asked, AppBroken)
        self.assertEqual(len(self.engine.started), 1)
        self.assertEqual(self.running, [])
        self.assertFalse(self.workloads.is_running(self.app.id))

    def test_not_remembered(self):
        """Nothing is held of an app that is gone once its program has ended."""
        self.publish()
        lease = self.lease()
        kept = ref(self.workloads.of(self.app).log)
        self.workloads.retract(self.app.id)
        lease.release()
        self.settle(2)
        self.engine.started.clear()
        del lease
        gc.collect()
        self.assertIsNone(kept())

    def test_has_none_any_more(self):
        """So does one that its app does not declare any more."""
        self.publish()
        self.lease().release()
        self.workloads.set_aside(self.app.id)
        self.settle()
        self.assertEqual(self.running, [])

    def test_server_stops(self):
        """All programs end with the service."""
        self.publish()
        self.lease()
        self.stop()
        self.assertEqual(self.running, [])


class IdleTests(WorkloadCase):
    def test_unused(self):
        """A program that nobody asks for is stopped, and the next request starts it again."""
        self.publish()
        self.lease().release()
        self.clock.pump([1] * 179)
        self.assertEqual(self.running, [1])
        self.clock.pump([1] * 5)
        self.assertEqual(self.running, [])
        self.lease()
        self.assertEqual(self.running, [2])

    def test_long_request(self):
        """A request that takes longer keeps it."""
        self.publish()
        lease = self.lease()
        self.clock.pump([1] * 400)
        self.assertEqual(self.running, [1])
        lease.release()
        self.clock.pump([1] * 170)
        self.assertEqual(self.running, [1])

    def test_sockets(self):
        """An open WebSocket keeps it as long as more than pings goes through."""
        self.publish()
        lease = self.lease()
        lease.upgraded()
        for _ in range(10):
            self.clock.pump([1] * 100)
            lease.passed(1500)
        self.assertEqual(self.running, [1])
        for _ in range(10):
            self.clock.pump([1] * 30)
            lease.passed(6)
        self.assertEqual(self.running, [])
        lease.release()

    def test_dev(self):
        """That of a dev app is not stopped."""
        app = an_app(app_id=f"{AppKind.DEV}1", is_dev=True)
        self.publish(app=app)
        self.lease(app=app).release()
        self.clock.pump([10] * 100)
        self.assertEqual(self.running, [1])


class DevReloadTests(WorkloadCase):
    def started(self, text, reload, **fields):
        """Publish a dev app with a file that reads so; how many runs of it there were."""
        app = an_app(app_id=f"{AppKind.DEV}1", is_dev=True, **fields)
        dev = DevSettings(reload=reload, env_files=("app.py",) if text == "packages" else ())
        self.publish(text, replace(PLAIN, dev=dev), app)
        self.lease(app=app).release()
        return len(self.engine.started)

    def test_restart(self):
        """A change of its source starts a dev app anew."""
        self.assertEqual([self.started(text, "restart") for text in "12"], [1, 2])

    def test_none(self):
        """One that looks after changes itself goes on, unless its image has to be another."""
        self.assertEqual([self.started(text, "none") for text in "12"], [1, 1])
        self.assertEqual(self.started("packages", "none"), 2)


class UnusableSettingsTests(WorkloadCase):
    def setUp(self):
        super().setUp()
        self.unusable = set()
        self.workloads = make_workloads(self.clock, self.engine, self.folder, self.limits_of)
        self.workloads.startService()

    def limits_of(self, app):
        if app.id in self.unusable:
            raise AppBroken("its settings cannot be used")
        return WorkloadLimits()

    def test_others_idle(self):
        """An app whose settings cannot be used keeps no program of another app awake."""
        other = an_app("/other", app_id="app_prd_2")
        for app in (self.app, other):
            self.publish(app=app)
            self.lease(app=app).release()
        self.unusable.add(self.app.id)
        self.clock.pump([1] * 185)
        self.assertEqual(self.running, [1])
        self.unusable.clear()
        self.clock.pump([1] * 5)
        self.assertEqual(self.running, [])


class RecycleTests(WorkloadCase):
    limits = {"recycle_seconds": 100, "idle_seconds": 0}

    def test_old(self):
        """One that is old enough is replaced by another one that runs already."""
        self.publish()
        lease = self.lease()
        self.clock.pump([1] * 99)
        self.assertEqual(self.running, [1])
        self.clock.pump([1] * 5)
        self.assertEqual(self.running, [1, 2])
        self.assertEqual(self.workloads.at_hand(self.app).key, "run1")
        lease.release()
        self.settle()
        self.assertEqual(self.running, [2])

    def test_slow_start(self):
        """However long another one takes to start, it is one that is started."""
        self.publish()
        self.lease().release()
        self.engine.make = self.make_silent
        self.clock.pump([1] * 110)
        self.assertEqual(self.running, [1, 2])
        self.engine.started[1].listens = True
        self.clock.pump([1] * 5)
        self.assertEqual(self.running, [2])

    def test_does_not_start(self):
        """If none starts the old one goes on, and it is tried again after a minute."""
        self.publish()
        self.lease().release()
        self.engine.make = self.make_dead
        self.clock.pump([1] * 130)
        self.assertEqual((self.running, len(self.engine.started)), ([1], 2))
        self.engine.make = lambda _workload: None
        self.clock.pump([1] * 40)
        self.assertEqual(self.running, [3])

    def make_silent(self, workload):
        workload.listens = False

    def make_dead(self, workload):
        workload.end(1)


class RecycleByMemoryTests(WorkloadCase):
    limits = {"recycle_mb": 100, "idle_seconds": 0}

    def test_large(self):
        """One that has grown too large is replaced, too."""
        self.publish()
        self.lease().release()
        self.clock.pump([1] * 30)
        self.assertEqual(self.running, [1])
        self.engine.started[0].megabytes = 101
        self.clock.pump([1] * 15)
        self.assertEqual(self.running, [2])
        self.assertIn("it has more than 100 MB of memory", self.log())


class LogTests(WorkloadCase):
    def test_file(self):
        """What a program writes is kept line by line, with times and without secrets."""
        files = DictFiles({"app.py": ""})
        self.workloads.offer(
            self.app, files, PLAIN, {}, lambda text: text.replace("s3cret", "***")
        ).publish(self.app)
        self.lease()
        self.engine.started[0].log(b"one\ntw")
        self.engine.started[0].log(b"o s3cret\n")
        lines = self.log().splitlines()
        self.assertIn("1970-01-01T00:00:00.000Z clace: building", lines[0])
        self.assertTrue(lines[-2].endswith("Z one"))
        self.assertTrue(lines[-1].endswith("Z two ***"))

    def test_rotated(self):
        """It is kept within a bound, and read over its files from the oldest line on."""
        self.publish()
        self.lease()
        program = self.engine.started[0]
        line = b"x" * 8000
        for number in range(3000):
            program.log(b"%d %b\n" % (number, line))
        files = list((self.folder / "logs").iterdir())
        self.assertEqual(len(files), 3)
        self.assertLess(sum(one.stat().st_size for one in files), 16 << 20)
        read = self.workloads.of(self.app).log.lines(LogFilter(lines=100_000))
        lines = self.successResultOf(Deferred.fromCoroutine(read))
        numbers = [int(one.split()[1]) for one in lines]
        self.assertEqual(numbers, list(range(numbers[0], 3000)))

    def test_followed(self):
        """New lines are told to those who follow, as far as they pass, until they leave."""
        self.publish()
        self.lease()
        log, seen = self.workloads.of(self.app).log, []
        log.follow(LogFilter(level="error"), seen.append)
        program = self.engine.started[0]
        program.log(b"INFO a\nERROR b\nTraceback (most recent call last):\n")
        log.leave(seen.append)
        self.assertEqual([one.partition(" ")[2] for one in seen][:2], ["ERROR b", TRACEBACK])

    def test_full_disk(self):
        """Lines that cannot be kept are told of once; the program runs, and its log goes on."""
        self.folder.mkdir()
        (self.folder / "logs").touch()
        with capturedLogs() as events:
            self.publish()
            self.lease()
            program = self.engine.started[0]
            program.log(b"one\ntwo\n")
        self.assertEqual(sum("are lost" in formatEvent(event) for event in events), 1)
        (self.folder / "logs").unlink()
        program.log(b"three\n")
        self.assertIn("Z three\n", self.log())

    def test_unfinished(self):
        """A line that does not end is taken in parts, and the last one when the program ends."""
        self.publish()
        self.lease()
        program = self.engine.started[0]
        program.log(b"y" * 70_000)
        program.log(b"the end")
        program.end()
        self.assertIn("Z the end\n", self.log())


TRACEBACK = "Traceback (most recent call last):"


class StatusTests(WorkloadCase):
    """The state of a program, as operators are told it."""

    limits = {"idle_seconds": 100}

    def status(self):
        return ProgramControl(self.clock, self.workloads, self.engine).status(self.app)

    def test_life(self):
        """It is not started, starting, running since a time, and idle since another."""
        self.assertEqual(self.status(), ProgramStatus(state=ProgramPhase.IDLE))
        self.publish()
        self.assertEqual(self.status(), ProgramStatus(state=ProgramPhase.IDLE))
        self.engine.held = Deferred()
        waiting = self.ask()
        self.assertEqual(self.status(), ProgramStatus(state=ProgramPhase.STARTING))
        self.clock.advance(7)
        self.engine.held.callback(None)
        self.settle()
        self.successResultOf(waiting).release()
        running = ProgramStatus(state=ProgramPhase.RUNNING, since=at(7), pid=4321, memory_mb=50)
        self.assertEqual(self.status(), running)
        self.settle(200)
        idle = self.status()
        self.assertEqual((idle.state, idle.problem), (ProgramPhase.IDLE, ""))
        self.assertGreater(idle.since, at(100))

    def test_failures(self):
        """One that does not start, or has ended, says why and how long it has to wait."""
        self.engine.broken = "no such package: flsk\nlast line"
        self.publish()
        self.failureResultOf(self.ask(), AppBroken)
        failed = self.status()
        self.assertEqual((failed.state, failed.problem), ("failed", "no such package: flsk"))
        self.assertEqual(failed.retry_seconds, 1)
        self.clock.advance(2)
        self.assertEqual((self.status().state, self.status().retry_seconds), ("failed", 0))
        self.engine.broken = ""
        self.lease().release()
        self.assertEqual((self.status().state, self.status().problem), ("running", ""))
        self.engine.started[-1].end(3)
        ended = self.status()
        self.assertEqual(ended.state, ProgramPhase.FAILED)
        self.assertIn("ended with 3", ended.problem)
        self.assertEqual(ended.since, at(self.clock.seconds()))

    def test_stopped(self):
        """One that an operator has stopped is nothing else."""
        self.publish()
        self.lease().release()
        control = ProgramControl(self.clock, self.workloads, self.engine)
        stopping = Deferred.fromCoroutine(control.stop(self.app))
        self.settle()
        self.successResultOf(stopping)
        self.assertEqual(self.status(), ProgramStatus(state=ProgramPhase.STOPPED))


def at(seconds):
    return datetime.fromtimestamp(seconds, UTC)


class StoppedTests(WorkloadCase):
    def test_stopped(self):
        """An app that an operator stops stays so until it is started."""
        self.publish()
        self.lease().release()
        control = ProgramControl(self.clock, self.workloads, self.engine)
        verifyObject(IProgramControl, control)
        stopping = Deferred.fromCoroutine(control.stop(self.app))
        self.settle()
        self.successResultOf(stopping)
        self.assertEqual(self.running, [])
        refused = self.failureResultOf(self.ask(), AppStopped)
        self.assertIn("clace app start /test lets it run", refused.value.message)
        again = make_workloads(self.clock, self.engine, self.folder)
        self.assertEqual(again.of(self.app).status.state, "stopped")
        starting = Deferred.fromCoroutine(control.start(self.app))
        self.settle()
        self.successResultOf(starting)
        self.assertEqual(self.running, [2])

    def test_restarted(self):
        """A restart replaces the program by another run of the same."""
        self.publish()
        self.lease().release()
        restarting = Deferred.fromCoroutine(self.workloads.of(self.app).restart())
        self.settle()
        self.successResultOf(restarting)
        self.assertEqual((self.running, self.lease().key), ([2], "run1"))
