"""Attacks by the system and by the protocol, from inside a host of a running server."""

import json

from tests.support import takeover_frames as attacks
from tests.support.takeover_cases import LINES, MINE, TakeoverTestCase

NO_FRAME = "not a frame"
NOT_THERE = "which is not in progress"
A_TAIL = "a tail behind something else"
FRAMES = {
    **dict.fromkeys(attacks.FRAMES, NO_FRAME),
    "length": "over the limit",
    "length_just_over": "over the limit",
    "other_protocol": "over the limit",
    "tail_too_long": "over the limit",
    **dict.fromkeys(
        ("tail_of_nothing", "tail_after_a_body", "tail_of_a_stream", "tail_of_a_piece"), A_TAIL
    ),
    "tail_of_a_call": A_TAIL,
    "number_too_large": NOT_THERE,
    "values": "values is over the limit",
    "fields": "values is over the limit",
    "nested": "values is over the limit",
}
ORDER = {
    **dict.fromkeys(attacks.ORDER, NOT_THERE),
    "ready_twice": "twice",
    "ready_with_walls": "twice",
    "loaded_twice": "not asked for",
    "load_failed_late": "not asked for",
    "chunk_before_head": "without its head",
    "second_head": "second head",
    "call_twice": "was made before",
    "call_backwards": "was made before",
    "call_zero": "was made before",
    "call_negative": "was made before",
    "calls_at_once": "before the one before was answered",
    **{name: "a status of" for name in attacks.ORDER if name.startswith("status_")},
}


class SystemTests(TakeoverTestCase):
    def test_system(self):
        """Files, sockets, processes, signals, the kernel: nothing is open to a host."""
        pid, home = self.daemon.process.pid, self.daemon.home
        self.assertTrue((home / "metadata" / "clace_metadata.db").exists())
        self.assertTrue((home / "run" / "clace.sock").exists())
        tried = self.report("system", pid=pid, home=home)
        self.assertEqual([what for what, how in tried.items() if how == "done"], [])
        self.assertGreater(len(tried), 100)
        self.assertEqual(list(home.glob("escaped*")), [])

    def test_memory(self):
        """A host gets the memory that it may have, and what it had reserved: no more."""
        self.assertLess(self.report("memory", mebibytes=1000), 256 + 128)


class BreachTests(TakeoverTestCase):
    """Who breaks the protocol is ended, and told why; nobody else notices."""

    def assert_ended(self, name, told):
        before = len(self.breaches())
        answer = self.attack(name)
        self.assertIn(answer.status, (200, 500), f"{name}: {answer}")
        self.wait_until(f"{name} was found out", lambda: len(self.breaches()) > before)
        self.assertIn(told, self.breaches()[-1], name)
        self.assertEqual(self.daemon.get(self.other).body, "other")

    def assert_all_ended(self, expected):
        before = len(self.hosts())
        for name, told in expected.items():
            self.assert_ended(name, told)
        self.wait_until("their processes are gone", lambda: len(self.hosts()) <= before)

    def test_frames(self):
        """Bytes that are no frame, or no frame of a kind that a host may send."""
        self.assert_all_ended(FRAMES)

    def test_directions(self):
        """Frames that only the daemon sends, and those of the fork server."""
        self.assert_all_ended(dict.fromkeys(attacks.DIRECTIONS, NO_FRAME))

    def test_order(self):
        """Frames that do not fit those before."""
        self.assert_all_ended(ORDER)

    def test_forged(self):
        """Frames for requests that this host was not asked, or is done with."""
        self.assert_all_ended(dict.fromkeys(attacks.FORGED, NOT_THERE))

    def test_others_in_progress(self):
        """Numbers of requests are a host's own: those of another app cannot be meant."""
        victim = f"{self.mine}-victim"
        self.create(victim, {"app.star": MINE}, approve=True)
        asked = self.daemon.begin("GET", f"{victim}/attack/patient")
        self.assert_ended("all_others", NOT_THERE)
        self.assertEqual(asked.answer().body, '"patient"')

    def test_headers(self):
        """Headers that are none, or would say where an answer ends, or speak for the origin."""
        self.assert_all_ended({f"header_{name}": "the header" for name in attacks.HEADERS})


class LoadingTests(TakeoverTestCase):
    def install(self, attack):
        """Have an app installed that attacks while it is loaded."""
        source = self.source({"app.star": MINE, "attack.star": attack})
        wanted = {"path": f"{self.mine}-{attack}", "source_url": str(source)}
        body = json.dumps(wanted).encode()
        return self.daemon.begin_admin("POST", "/_clace/app?approve=true", body)

    def refusal(self, installation):
        answer = installation.answer()
        self.assertEqual(answer.status, 422, answer)
        return json.loads(answer.body)["message"]

    def test_breaches(self):
        """An app whose host breaks the protocol while it is loaded is not installed."""
        before = len(self.hosts())
        for attack, told in {
            "ready": "twice",
            "answer_of_no_request": NOT_THERE,
            "answer_of_the_first": NOT_THERE,
            "call": NOT_THERE,
            "large": "over the limit",
            "values": "values is over the limit",
            "no_demands": NO_FRAME,
        }.items():
            self.assertIn(told, self.refusal(self.install(attack)), attack)
        self.assertEqual(self.refusal(self.install("loaded_after_failing")), "no")
        self.wait_until("their processes are gone", lambda: len(self.hosts()) <= before)

    def test_endless(self):
        """Nor one that does not finish; what it says meanwhile is cut like the log of any app."""
        for installation in [self.install(attack) for attack in ("notes", "silent")]:
            self.assertIn("did not load within 2 seconds", self.refusal(installation))
        said = [line for line in self.log() if "flood" in line["message"]]
        self.assertLessEqual(len(said), LINES)
