"""Tests for ``clace.model.pushes``."""

import contextlib
import json
import time

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.model.pushes import Push, matches_globs, read_globs, read_push

JSON = "application/json"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = ("ref", "after", "deleted", "forced", "commits", "total_commits_count", "repository")
GITHUB = {
    "ref": "refs/heads/main",
    "before": "6" * 40,
    "after": "7" * 40,
    "created": False,
    "deleted": False,
    "forced": False,
    "commits": [
        {"id": "7", "added": ["a/new"], "removed": [], "modified": ["README.md", "a/b"]},
        {"id": "8", "added": [], "removed": ["a/new"], "modified": []},
    ],
    "repository": {"id": 1, "pushed_at": 1_700_000_000},
}
GITLAB = {
    "object_kind": "push",
    "ref": "refs/heads/main",
    "after": "7" * 40,
    "commits": [{"id": "7", "added": [], "modified": ["x"], "removed": []}],
    "total_commits_count": 1,
    "repository": {"name": "x"},
}
GITEA = {
    "ref": "refs/heads/main",
    "after": "7" * 40,
    "commits": [{"id": "7", "added": None, "modified": ["x"], "removed": None}],
    "total_commits": 6,
    "repository": {"pushed_at": None},
}


def read(payload, event="push", kind=JSON):
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return read_push(event, kind, body)


class ReadTests(SynchronousTestCase):
    def test_github(self):
        """Branch, files of all commits once, and the time of the push."""
        push = read(GITHUB)
        self.assertEqual((push.event, push.branch, push.is_deletion), ("push", "main", False))
        self.assertEqual(push.files, ("a/new", "README.md", "a/b"))
        self.assertEqual(push.time, 1_700_000_000)

    def test_gitlab(self):
        """The event has another name; a push of which all commits are listed has files."""
        push = read(GITLAB, event="Push Hook")
        self.assertEqual((push.event, push.branch, push.files), ("push", "main", ("x",)))
        self.assertEqual(read(GITLAB, event="Tag Push Hook").event, "tag push")
        self.assertIsNone(read(GITLAB | {"total_commits_count": 21}).files)

    def test_gitea(self):
        """Gitea lists some of the commits only, and then nothing is known of all files."""
        self.assertIsNone(read(GITEA).files)
        self.assertEqual(read(GITEA | {"total_commits": 1}).files, ("x",))

    def test_unknown_files(self):
        """After a forced push, or one without commits or with too many, files are unknown."""
        self.assertIsNone(read(GITHUB | {"forced": True}).files)
        self.assertIsNone(read(GITHUB | {"commits": []}).files)
        self.assertIsNone(read(GITHUB | {"commits": GITHUB["commits"] * 1024}).files)

    def test_deletions_and_tags(self):
        """A deleted branch is told, and a tag is no branch."""
        self.assertTrue(read(GITHUB | {"deleted": True}).is_deletion)
        self.assertTrue(read(GITLAB | {"after": "0" * 40}).is_deletion)
        self.assertEqual(read(GITHUB | {"ref": "refs/tags/v1"}).branch, "")

    def test_form(self):
        """GitHub can send the payload as a field of a form."""
        form = b"payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D"
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        self.assertEqual(read(form, kind=kind).branch, "main")
        for wrong in (b"x=1", b"&" * 100, b"payload=%00"):
            self.assertRaises(BadRequest, read, wrong, kind=kind)

    def test_nothing(self):
        """An empty body is an event without a branch."""
        self.assertEqual(read(b" \n", event=""), Push())
        self.assertEqual(read(b"{}", event="ping"), Push(event="ping"))

    def test_times(self):
        """A time may be a text, as other events have it; one that is none is passed over."""
        for given_time, told in (("2023-11-14T22:13:20Z", 1_700_000_000), ("soon", None)):
            payload = GITHUB | {"repository": {"pushed_at": given_time}}
            self.assertEqual(read(payload).time, told)

    def test_malformed(self):
        """What no host sends is refused; the refusal does not repeat it."""
        for body in (b"{", b"[]", b'"x"', b'{"ref": 1}', b'{"commits": [1]}', b"\xff", b"[" * 9999):
            refusal = self.assertRaises(BadRequest, read, body)
            self.assertIn("invalid payload", refusal.message)

    @given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=40))
    def test_any_bytes(self, body, event, kind):
        """No bytes make it fail otherwise than by a refusal."""
        with contextlib.suppress(BadRequest):
            self.assertIsInstance(read_push(event, kind, body), Push)

    @given(st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
    def test_any_payload(self, payload):
        """No values of the fields that are read make it fail otherwise than by a refusal."""
        try:
            push = read(payload)
        except BadRequest:
            return
        self.assertIsInstance(push.branch, str)


class GlobTests(SynchronousTestCase):
    def test_matches(self):
        """A star ends at a slash, two do not; one glob of several suffices."""
        for name, globs, fits in (
            ("main", ("main",), True),
            ("maint", ("main",), False),
            ("release/1", ("release/*",), True),
            ("release/1/2", ("release/*",), False),
            ("a/b/c.py", ("a/**",), True),
            ("a/b/c.py", ("x", "**/*.py"), True),
            (".env", ("*",), True),
            ("x", (), False),
            ("a", ("**",), True),
            ("b", ("a/**/b", "**/b"), True),
            ("a/b", ("a/**/b",), True),
            ("a/x/y/b", ("a/**/b",), True),
            ("a/xb", ("a/**/b",), False),
            ("v1.2", ("v[0-9].?",), True),
            ("vx.2", ("v[!a-z].?", "v[^a-z].?"), False),
            ("a+b (c)", ("a+b (c)",), True),
            ("[", ("[",), True),
        ):
            self.assertEqual(matches_globs(name, globs), fits, (name, globs))

    def test_linear(self):
        """Names and globs that were made to be tried in very many ways take no time."""
        began = time.process_time()
        for glob in ("**/a/" * 40, "*a" * 100):
            self.assertFalse(matches_globs("a/" * 10_000 + "c", (f"{glob}b",)))
            self.assertFalse(matches_globs("a" * 20_000 + "c", (f"{glob}b",)))
        self.assertLess(time.process_time() - began, 5)

    def test_read(self):
        """Globs are read with commas between, not too many and not too long."""
        self.assertEqual(read_globs(" a/** , b ,"), ("a/**", "b"))
        self.assertEqual(read_globs(""), ())
        for text in ("x" * 201, ",".join("x" * 21)):
            self.assertRaises(BadRequest, read_globs, text)
