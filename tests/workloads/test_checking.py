"""Programs that hang: found while they run, ended, and started again."""

import errno

from twisted.internet.error import ConnectBindError
from twisted.logger import capturedLogs, formatEvent

from clace.errors import ProgramFailed
from clace.model.workloads import ProgramPhase, WorkloadConfig
from clace.workloads.control import ProgramControl
from tests.support.egress import RecordedEvents
from tests.support.workloads import make_workloads
from tests.workloads.test_service import WorkloadCase


class CheckCase(WorkloadCase):
    limits = {"idle_seconds": 0, "check_seconds": 10, "check_attempts": 3, "health_seconds": 2}

    def setUp(self):
        super().setUp()
        self.events = RecordedEvents()
        self.workloads = make_workloads(
            self.clock, self.engine, self.folder, events=self.events, **self.limits
        )
        self.workloads.startService()

    def started(self, config=None):
        """A program that runs, and was asked nothing but whether it is ready."""
        self.publish(config=config or WorkloadConfig(port=80))
        self.lease().release()
        program = self.engine.started[-1]
        program.asked.clear()
        return program

    def answer(self, program, status):
        program.answer = b"HTTP/1.1 %d x\r\n\r\n" % status

    def run_for(self, seconds):
        self.clock.pump([1] * seconds)

    def status(self):
        return ProgramControl(self.clock, self.workloads, self.engine).status(self.app)


class HangTests(CheckCase):
    def test_ended(self):
        """One that answers no check is ended; both logs, the audit log and its state say why."""
        self.started().answer = b""
        with capturedLogs() as events:
            self.run_for(31)
            self.assertEqual(self.running, [1])
            self.run_for(3)
        self.assertEqual(self.running, [])
        why = "it listens, and does not answer / in 2 seconds, in 3 of 3 checks in a row"
        self.assertIn(f"clace: ended, for it hangs: {why}\n", self.log())
        self.assertIn(f"the program of /test hangs: {why}", "\n".join(map(formatEvent, events)))
        (deed,) = self.events.deeds
        self.assertEqual((deed.operation, deed.app_id), ("program_hangs", self.app.id))
        self.assertEqual((deed.target, deed.status, deed.detail), ("/test", "Failed", why))
        status = self.status()
        self.assertEqual(status.state, ProgramPhase.FAILED)
        self.assertEqual(status.problem, f"the program of /test hangs: {why}")

    def test_started_again(self):
        """The next request starts it again: at once, and one that hangs again soon waits."""
        for number in (1, 2):
            self.started().answer = b""
            while self.running:
                self.run_for(1)
            self.assertEqual((self.clock.seconds() // 30, self.events.deeds[number:]), (number, []))
        refused = self.failureResultOf(self.ask(), ProgramFailed)
        self.assertIn("hangs: it listens", refused.value.message)
        self.run_for(2)
        self.lease().release()
        self.assertEqual((self.running, self.status().problem), ([3], ""))

    def test_stubborn(self):
        """Nobody is sent to one that hangs while it is being ended, nor is it told of again."""
        program = self.started()
        program.answer, program.is_stubborn = b"", True
        self.run_for(60)
        self.assertEqual((self.status().state, self.status().since), (ProgramPhase.FAILED, None))
        self.assertEqual((program.stopped, len(self.events.deeds)), (1, 1))
        self.lease()
        self.assertEqual(self.running, [1, 2])
        program.end()

    def test_waiting_visitor(self):
        """A request that it leaves waiting does not keep it."""
        program = self.started()
        program.answer = b""
        lease = self.lease()
        self.run_for(34)
        self.assertEqual(self.running, [])
        lease.release()

    def test_deaf(self):
        """One that listens no more is ended, too."""
        self.started().listens = False
        self.run_for(32)
        self.assertEqual(self.running, [])
        self.assertIn("hangs: it does not listen", self.log())

    def test_shown(self):
        """Its state tells of checks that failed, until one does not; then counting begins anew."""
        program = self.started()
        answer, program.answer = program.answer, b""
        self.run_for(24)
        self.assertEqual(self.status().state, ProgramPhase.RUNNING)
        self.assertIn("in 2 of 3 checks in a row", self.status().problem)
        program.answer = answer
        self.run_for(10)
        self.assertEqual(self.status().problem, "")
        program.answer = b""
        self.run_for(24)
        self.assertIn("in 2 of 3 checks in a row", self.status().problem)
        self.assertEqual(self.running, [1])


class AliveTests(CheckCase):
    def test_any_answer(self):
        """Whatever answer there is at / will do."""
        program = self.started()
        for status in (204, 401, 404, 500, 503):
            self.answer(program, status)
            self.run_for(40)
            self.assertEqual(self.running, [1], status)

    def test_named(self):
        """Where somebody has named a path, only the failure of a server counts."""
        program = self.started(WorkloadConfig(health="/up"))
        for status in (204, 401, 404):
            self.answer(program, status)
            self.run_for(40)
            self.assertEqual(self.running, [1], status)
        self.answer(program, 503)
        self.run_for(40)
        self.assertEqual(self.running, [])
        self.assertEqual(set(program.asked), {b"GET /up HTTP/1.1"})
        self.assertIn("hangs: it answers 503 to /up, in 3 of 3", self.log())

    def test_interval(self):
        """It is asked once in each interval, and not before the first one is over."""
        program = self.started()
        self.run_for(9)
        self.assertEqual(program.asked, [])
        self.run_for(30)
        self.assertEqual(len(program.asked), 3)

    def test_answers(self):
        """It is not asked while it answers visitors, who show that it is alive."""
        program = self.started()
        program.answer = b""
        for _ in range(20):
            lease = self.lease()
            lease.heard()
            lease.release()
            self.run_for(5)
        self.assertEqual((program.asked, self.running), ([], [1]))

    def test_long_body(self):
        """While it is sent a body it need not answer; that alone does not show that it is alive."""
        program = self.started()
        program.answer = b""
        self.run_for(24)
        asked = len(program.asked)
        lease = self.lease()
        for _ in range(20):
            lease.fed()
            self.run_for(5)
        self.assertEqual((len(program.asked), self.running), (asked, [1]))
        self.run_for(25)
        self.assertEqual(self.running, [])
        lease.release()

    def test_not_asked(self):
        """It is not at fault if this server cannot open another connection."""
        program = self.started()
        for refusal in (OSError(errno.EMFILE, "too many"), ConnectBindError(errno.EMFILE)):
            program.refusal = refusal
            self.run_for(60)
            self.assertEqual((self.running, self.status().problem), ([1], ""))

    def test_ends_by_itself(self):
        """One that ends while it is asked has ended, and does not hang."""
        program = self.started()
        program.answer = b""
        self.run_for(11)
        program.end(3)
        self.run_for(60)
        self.assertIn("ended with 3", self.status().problem)
        self.assertEqual(self.events.deeds, [])


class OffTests(CheckCase):
    limits = {**CheckCase.limits, "check_seconds": 0}

    def test_off(self):
        """With an interval of 0 nothing is asked."""
        program = self.started()
        program.answer = b""
        self.run_for(300)
        self.assertEqual((program.asked, self.running), ([], [1]))


class IdleTests(CheckCase):
    limits = {**CheckCase.limits, "idle_seconds": 60}

    def test_keeps_nothing_awake(self):
        """Checks do not count as use: a program that nobody else asks is stopped."""
        program = self.started()
        self.run_for(65)
        self.assertEqual((self.running, len(program.asked)), ([], 6))
        self.run_for(60)
        self.assertEqual(len(program.asked), 6)
