"""Tests for ``clace.gotemplate.corpus``."""

import json
import os
import time

from twisted.trial.unittest import SynchronousTestCase

from tests.support.gotemplate_oracle import corpus
from tests.support.gotemplate_oracle.answers import ours


def differences(name):
    """The cases of a file that we answer differently from Go."""
    cases = corpus.read(corpus.FOLDER / f"{name}.jsonl")
    return [
        (corpus.question(case), corpus.answer(case), answer)
        for case in cases
        if (answer := ours(case)) != corpus.answer(case)
    ]


def in_zone(name):
    """Make a zone the process's own, or go back to the machine's."""
    os.environ.pop("TZ", None)
    if name is not None:
        os.environ["TZ"] = name
    time.tzset()


class CorpusTests(SynchronousTestCase):
    def setUp(self):
        """Go made its answers in UTC."""
        self.addCleanup(in_zone, os.environ.get("TZ"))
        in_zone("UTC")

    def test_escaping(self):
        """Every value in every escaping context comes out as Go's."""
        self.assertEqual(differences("escaping"), [])

    def test_content(self):
        """Trusted content and predefined escapers are treated as Go treats them."""
        self.assertEqual(differences("content"), [])

    def test_joins(self):
        """Branches, loops and calls keep or lose their context as in Go."""
        self.assertEqual(differences("joins"), [])

    def test_language(self):
        """The language means what it means in Go, errors and their places included."""
        self.assertEqual(differences("language"), [])

    def test_request(self):
        """Structs, query values and headers answer as Go's do."""
        self.assertEqual(differences("request"), [])

    def test_printf(self):
        """Every verb and flag of printf prints as Go's."""
        self.assertEqual(differences("printf"), [])

    def test_sprig(self):
        """Every sprig function gives what sprig gives."""
        self.assertEqual(differences("sprig"), [])

    def test_regex(self):
        """Patterns match, replace, split and are refused as in Go."""
        self.assertEqual(differences("regex"), [])

    def test_sets(self):
        """Files see one another, and pages their base, as parsed sets do in Go."""
        self.assertEqual(differences("sets"), [])

    def test_every_case_proves_something(self):
        """No case asks for more than its answer answers, and none is asked twice."""
        for path in corpus.files():
            self.assertEqual(list(corpus.useless(corpus.read(path))), [], path.name)

    def test_cases_that_prove_nothing(self):
        """A template that does not parse asks for one thing, and one that stops for none after."""
        undefined = 'template: t:1: function "x" not defined'
        stopped = 'template: t:1:18: executing "t" at <.a.b>: no'
        for text, error, fault in (
            ("{{upper .a}}{{x}}", undefined, "several actions and none was run"),
            ("{{if .a}}{{x}}{{end}}", undefined, ""),
            ("{{if `xxxxxx`}}{{.a.b}}{{.c}}{{end}}", stopped, "asks more after it failed"),
            ("{{.c}}{{/*x*/}}{{.a.b}}", stopped, ""),
            ("{{.c}}{{.b}}", "", ""),
        ):
            found = [
                each.partition(": ")[0] for each in corpus.useless([{"t": text, "error": error}])
            ]
            self.assertEqual(found, [fault] if fault else [], text)

    def test_size(self):
        """The corpus is as large as was promised and says which Go made it."""
        self.assertGreaterEqual(sum(len(corpus.read(path)) for path in corpus.files()), 600)
        self.assertEqual(set(json.loads(corpus.VERSIONS.read_text())), {"go", "sprig"})
