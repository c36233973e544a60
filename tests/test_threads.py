import os
import threading

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from clace.errors import InternalError
from clace.threads import ThreadPool


class ThreadsTests(TestCase):
    """Real threads, since they are what is promised."""

    def started(self, size=1, **options):
        threads = ThreadPool(reactor, "test", size, **options)
        threads.startService()
        self.addCleanup(threads.stopService)
        return threads

    async def test_gives_what_the_work_gives(self):
        """Results and errors come back to who asked."""
        threads = self.started()
        self.assertEqual(await threads.run(lambda: 1), 1)
        with self.assertRaises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)

    async def test_works_elsewhere(self):
        """The work is done in a thread that does not keep the process alive."""
        thread = await self.started().run(threading.current_thread)
        self.assertIsNot(thread, threading.current_thread())
        self.assertTrue(thread.daemon)

    async def test_patient(self):
        """A patient thread gives way to others, which no other thread does for it."""

        def priority():
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        mine = priority()
        self.assertGreater(await self.started(patient=True).run(priority), mine)
        self.assertEqual(await self.started().run(priority), mine)
        self.assertEqual(priority(), mine)

    async def test_one_thread_does_one_thing_at_a_time(self):
        """Pieces of work of a single thread are done in order and never at once."""
        threads, done = self.started(), []
        works = [Deferred.fromCoroutine(threads.run(lambda n=n: done.append(n))) for n in range(20)]
        await gatherResults(works)
        self.assertEqual(done, list(range(20)))

    async def test_work_given_before_the_start_waits(self):
        """What is asked for early is done once the service starts."""
        threads = ThreadPool(reactor, "test")
        early = Deferred.fromCoroutine(threads.run(lambda: 1))
        self.assertNoResult(early)
        threads.startService()
        self.addCleanup(threads.stopService)
        self.assertEqual(await early, 1)

    async def test_stops_after_the_work_is_done(self):
        """What was given is finished without holding up the reactor; more is refused."""
        threads = ThreadPool(reactor, "test")
        threads.startService()
        go, done = threading.Event(), []
        work = Deferred.fromCoroutine(threads.run(lambda: (go.wait(10), done.append(1))))
        stopped = threads.stopService()
        self.assertNoResult(stopped)
        go.set()
        await stopped
        self.assertEqual(done, [1])
        await work
        with self.assertRaises(InternalError):
            await threads.run(lambda: 1)

    async def test_who_stops_waiting_does_not_stop_the_work(self):
        """A caller that is cancelled leaves its work running."""
        threads = ThreadPool(reactor, "test")
        threads.startService()
        go, done = threading.Event(), []
        work = Deferred.fromCoroutine(threads.run(lambda: (go.wait(10), done.append(1))))
        work.addErrback(lambda _: None)
        work.cancel()
        go.set()
        await threads.stopService()
        self.assertEqual(done, [1])
