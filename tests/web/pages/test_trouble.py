"""Refusals as pages, JSON and text."""

import json

from twisted.trial.unittest import SynchronousTestCase

from clace import errors
from clace.web.pages import MediaType, Trouble, policy, trouble_answer
from clace.web.pages.trouble import page_of


class TroubleTests(SynchronousTestCase):
    def trouble(self, **fields):
        return Trouble(**{"status": 500, "code": "app_failed", "message": "no", **fields})

    def test_text_and_json(self):
        """Both say the same, JSON as every refusal of the server."""
        trouble = self.trouble(request_id="rid_1")
        self.assertEqual(trouble_answer(trouble, MediaType.TEXT).body, b"no, request rid_1")
        self.assertEqual(
            json.loads(trouble_answer(trouble, MediaType.JSON).body),
            {"message": "no, request rid_1", "code": 500, "error": "app_failed", "retry_after": 0},
        )

    def test_sentence(self):
        """The request goes on a sentence, which has lost its full stop; alone it keeps it."""
        whole = self.trouble(message="It cannot.")
        self.assertEqual(trouble_answer(whole, MediaType.TEXT).body, b"It cannot.")
        looked_up = self.trouble(message="It cannot.", request_id="rid_1")
        told = trouble_answer(looked_up, MediaType.TEXT).body
        self.assertEqual(told, b"It cannot, request rid_1")

    def test_headers(self):
        """Caches keep the three apart, and a page has the policy of our pages."""
        for media in MediaType:
            headers = trouble_answer(
                self.trouble(retry_after=90), media, (("Allow", "GET"),)
            ).headers
            self.assertIn(("Vary", "Accept"), headers)
            self.assertIn(("Retry-After", "90"), headers)
            self.assertIn(("Allow", "GET"), headers)
            has_policy = ("Content-Security-Policy", policy()) in headers
            self.assertEqual(has_policy, media is MediaType.HTML)

    def test_kept(self):
        """Usual answers are made once; those with long headers of an app are not kept."""
        for size, is_kept in ((10, True), (100_000, False)):
            headers = (("Location", "x" * size),)
            first = trouble_answer(self.trouble(), MediaType.HTML, headers)
            self.assertEqual(
                first is trouble_answer(self.trouble(), MediaType.HTML, headers), is_kept
            )
            self.assertIn(headers[0], first.headers)

    def test_every_refusal_has_a_page(self):
        """A page for each error says what it is and what to do next."""
        for code in errors.BY_CODE:
            page = page_of(self.trouble(code=code))
            self.assertTrue(page.title, code)
            self.assertTrue(page.steps, code)

    def test_next_step_of_operators(self):
        """An admin sees the command for the app, quoted; visitors do not learn its path."""
        approving, shown = "clace app approve --promote", "clace app show"
        for code, named in (
            ("app_not_approved", [approving]),
            ("call_not_approved", [shown, approving]),
        ):
            trouble = self.trouble(code=code, app="a.example:/my app")
            commands = [step.command for step in page_of(trouble).steps if step.command]
            self.assertEqual(commands, [f"{one} 'a.example:/my app'" for one in named])
            visitors = page_of(self.trouble(code=code))
            self.assertFalse([step.command for step in visitors.steps if step.command])

    def test_calls_that_nobody_asked_for(self):
        """To approve helps only if the app asks for the call; the page says what else to do."""
        page = page_of(self.trouble(code="call_not_approved", app="/a"))
        self.assertIn("permissions of ace.app", page.steps[-1].text)

    def test_waiting(self):
        """A lockout says when to try again, in minutes."""
        for seconds, told_as in ((40, "1 minute."), (61, "2 minutes."), (900, "15 minutes.")):
            page = page_of(self.trouble(code="locked_out", retry_after=seconds))
            self.assertIn(told_as, page.steps[0].text)

    def test_front_page(self):
        """The front page of a server without an app there says so, and how to install one."""
        page = page_of(self.trouble(status=404, code="no_such_app", is_root=True))
        self.assertIn("running", page.title)
        self.assertTrue(any("clace app create" in step.command for step in page.steps))

    def test_unknown_status(self):
        """A status without a phrase is told by its number."""
        self.assertIn("599", page_of(self.trouble(status=599, code="")).status)
