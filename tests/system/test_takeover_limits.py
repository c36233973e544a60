"""What a host that was taken over asks for and does not get, and how long it may go on."""

import contextlib
import http.client
import sqlite3
import time

from tests.support.takeover_cases import CALLS, LINES, MINE, TakeoverTestCase

LATE = "did not answer within 1 seconds"
MEBIBYTE = 1 << 20


class RefusalTests(TakeoverTestCase):
    """It may ask; what was not approved is refused, and the request goes on."""

    def assert_refused(self, answers):
        self.assertEqual([one for one in answers if not (one[0] and one[1])], [])

    def test_unapproved(self):
        """Plugins, accounts, functions and arguments that nobody approved for this app."""
        answers = self.report("unapproved")
        self.assert_refused(answers)
        self.assertIn("is not permitted to load plugin fs.in", answers[0][0])
        self.assertIn("is not permitted to call exec.in.run", answers[4][0])

    def test_strange_arguments(self):
        """Values of kinds that no app can make are errors of the call."""
        self.assertEqual([one for one in self.report("strange_arguments") if not one[0]], [])

    def test_streams(self):
        """Streams that this request did not open, whoever else did."""
        self.assert_refused(self.report("streams"))
        stolen = self.begin("steal_stream")
        time.sleep(0.1)
        answer = self.daemon.get(self.mine)
        self.assertIn("there is no such stream", answer.body)
        stolen.answer()

    def test_too_many_calls(self):
        """A call more than a request may make."""
        before, after = self.report("too_many_calls", calls=CALLS)
        self.assertIn("is not permitted", before[0])
        self.assertIn(f"may make {CALLS} calls", after[0])

    def test_failure_codes(self):
        """A failure is the app's, whatever it calls itself."""
        answer = self.attack("failure_codes")
        self.assertEqual(answer.status, 500)
        self.assertRegex(answer.body, r"\Alog in here, request rid_\w+\Z")
        self.assertNotIn("WWW-Authenticate", answer.headers)

    def test_too_large(self):
        """An answer over the limit is not passed on."""
        self.assertIn("over 2 MB", self.attack("too_large").body)

    def test_notes(self):
        """The log and the audit log get as much as they may; what is said cannot forge a line."""
        self.report("notes")
        said = [line["message"] for line in self.log() if f"{self.mine} printed" in line["message"]]
        kept = self.audited("flood")
        self.assertLessEqual(len(said) + len(kept), LINES)
        self.assertLess(max(map(len, said)), 10_000)
        self.assertLess(max(map(len, kept), default=0), 10_000)
        self.assertEqual([line for line in self.log() if line["message"] == "forged"], [])

    def audited(self, operation):
        """The details of what the audit log has of an operation."""
        file = self.daemon.home / "metadata" / "clace_audit.db"
        with contextlib.closing(sqlite3.connect(file)) as database:
            query = "select detail from audit where operation = ?"
            return [detail for (detail,) in database.execute(query, [operation])]

    def test_bytewise(self):
        """An answer is whole however it was cut."""
        self.assertEqual(self.attack("bytewise").body, '"slow"')


class EndingTests(TakeoverTestCase):
    """What is not refused ends: by the limit that it reaches, with the process."""

    def run_together(self, *attacks):
        """What clients are answered, and after how long, each from an app of its own."""
        paths = {attack: f"{self.mine}-{attack}" for attack in attacks}
        for path in paths.values():
            self.create(path, {"app.star": MINE}, approve=True)
            self.daemon.get(path)
        begun = time.monotonic()
        pending = {
            attack: self.daemon.begin("GET", f"{path}/attack/{attack}")
            for attack, path in paths.items()
        }
        answers = {attack: self.answer(request) for attack, request in pending.items()}
        self.assertLess(time.monotonic() - begun, 8)
        for path in paths.values():
            self.assertEqual(self.daemon.get(path).body, "mine")
        return answers

    def answer(self, request):
        """Status and text; the text of an answer that broke off is what came of it."""
        with contextlib.closing(request.connection):
            response = request.connection.getresponse()
            try:
                return response.status, response.read()
            except http.client.IncompleteRead as broken:
                return response.status, b"BROKEN " + broken.partial[:100]

    def test_late(self):
        """Nothing that a host does instead of answering gets it more than its time."""
        silent = ("silent", "spins", "pages_for_ever", "waits_for_ever", "never_ends_a_frame")
        answers = self.run_together(*silent)
        for attack, (status, body) in answers.items():
            self.assertEqual((status, LATE in body.decode()), (504, True), (attack, body[:200]))

    def test_streams(self):
        """Nor does a body that comes in drops or without end, though its client reads it."""
        answers = self.run_together("drips", "endless_chunks", "small_chunks")
        for attack, (status, body) in answers.items():
            self.assertEqual((status, body[:6]), (200, b"BROKEN"), attack)

    def test_ends(self):
        """However its process ends, who waits is told."""
        answers = self.run_together("exits", "crashes", "foreign_calls", "closes")
        texts = {attack: body.decode() for attack, (_status, body) in answers.items()}
        self.assertEqual({status for status, _body in answers.values()}, {500})
        self.assertIn("ended with status 0", texts["exits"])
        self.assertIn("crashed", texts["crashes"])
        self.assertIn("by signal 31", texts["foreign_calls"])
        self.assertIn("the app's process ended", texts["closes"])

    def test_unread(self):
        """A client that does not read is sent no more than it takes, and nothing is kept."""
        resident = self.resident()
        for attack in ("endless_chunks", "small_chunks"):
            before = len(self.endings())
            request = self.begin(attack)
            self.addCleanup(request.connection.close)
            self.wait_until("it was ended", lambda before=before: len(self.endings()) > before)
        self.assertLess(self.resident() - resident, 50)

    def test_client_leaves(self):
        """When nobody listens any more, a stream ends however its host clings to it."""
        request = self.begin("open_stream")
        self.wait_until("it began", lambda: self.programs("yes"))
        request.connection.close()
        self.wait_until("its program is gone", lambda: not self.programs("yes"), 3)
        request = self.begin("drips")
        time.sleep(0.1)
        request.connection.close()

    def test_never_reads(self):
        """What a host does not read is not kept for it."""
        before = self.resident()
        answer = self.attack("never_reads")
        self.assertIn("before the one before was answered", answer.body)
        self.assertLess(self.resident() - before, 100)

    def test_answers_unread(self):
        """Requests that a host does not read are not kept for it, though it answers them."""
        before = self.resident()
        form = b"text=" + b"x" * MEBIBYTE
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        path = f"{self.mine}/attack/answers_unread"
        answers = [
            self.daemon.begin("POST", path, body=form, headers=headers).answer() for _ in range(5)
        ]
        self.assertIn("not in progress", "".join(self.breaches()))
        self.assertTrue(any(answer.status == 500 for answer in answers))
        self.assertLess(self.resident() - before, 50)

    def test_large_frame_without_request(self):
        """Nothing large is taken from a host that is not asked for it."""
        found = len(self.breaches())
        self.assertEqual(self.report("large_frame_without_request"), "answered")
        self.wait_until("it was found out", lambda: len(self.breaches()) > found)
        self.assertIn("over the limit of 2097152", self.breaches()[-1])

    def test_hangs_on(self):
        """A host that was hung up on and lives on is killed."""
        self.daemon.get(self.mine)
        before = set(self.hosts())
        self.assertEqual(self.report("hangs_on"), "answered")
        asked = f"/_clace/reload?appPathGlob={self.mine}&approve=true&promote=true&forceReload=true"
        self.assertEqual(self.daemon.admin("POST", asked).status, 200)
        self.assertLessEqual(before, set(self.hosts()))
        self.wait_until("it is gone", lambda: not before <= set(self.hosts()), 5)
