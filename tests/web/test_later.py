"""Tests for ``clace.web.admin.later``."""

from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.test.requesthelper import DummyRequest

from clace.web.admin.later import LateResource


class Counting(Resource):
    """Answers how often it was asked."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def render_GET(self, _request):
        self.asked += 1
        return str(self.asked).encode()


class LaterTests(SynchronousTestCase):
    def test_is_made_once(self):
        """The resource is made by the first request, and answers all of them."""
        made = []

        def make():
            made.append(Counting())
            return made[0]

        later = LateResource(make)
        self.assertEqual(made, [])
        bodies = [later.render(DummyRequest([b""])) for _ in range(2)]
        self.assertEqual((bodies, len(made)), ([b"1", b"2"], 1))
