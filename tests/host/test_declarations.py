"""Tests for ``clace.host.declarations``."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.host.declarations import Declarations
from clace.host.faults import AppFault
from clace.model.declared import DeclaredApp
from clace.wire import LoadApp


def declared(*texts, **config):
    """The apps that files of these texts declare."""
    sources = {f"{place}.ace": text.encode() for place, text in enumerate(texts)}
    load = LoadApp(sources=sources, declarations=tuple(sources), node_config=config)
    options = Declarations(load, lambda _text: None).loaded.options
    return msgspec.json.decode(options["declared"], type=list[DeclaredApp])


class DeclarationsTests(SynchronousTestCase):
    def failed(self, text):
        return self.assertRaises(AppFault, declared, text).located()

    def test_app(self):
        """Each call declares an app; values are kept as the server keeps them."""
        (one,) = declared(
            'app("/a", "/src", auth="none", git_branch="b", params={"n": 3, "s": "x", "l": [1]},'
            ' app_config={"a.b": 5, "c": "text", "d": True, "e": ["x"]})'
        )
        self.assertEqual((one.path, one.source, one.file), ("/a", "/src", "0.ace"))
        self.assertEqual((one.auth, one.git_branch, one.dev), ("none", "b", False))
        self.assertEqual(one.params, {"n": "3", "s": "x", "l": "[1]"})
        told = {"a.b": "5", "c": '"text"', "d": "true", "e": '["x"]'}
        self.assertEqual(one.app_config, told)
        self.assertEqual((one.stage_write_access, one.preview_write_access), (None, None))
        (one,) = declared(
            'app("/a", "/src", accounts={"http.in": "work"}, stage_write_access=False,'
            " preview_write_access=None)"
        )
        self.assertEqual(one.accounts, {"http.in": "work"})
        self.assertEqual((one.stage_write_access, one.preview_write_access), (False, None))

    def test_programs(self):
        """Files may compute: functions, comprehensions, and values of the configuration."""
        text = (
            'def team(name, dev=False):\n    app("/%s" % name, config("root", "/x") + name, dev)\n'
            '[team(name) for name in ["a", "b"]]\nteam("c", dev=True)\n'
        )
        found = declared(text, 'app("/d", "/d")', root="/srv/")
        told = [(one.path, one.source, one.dev) for one in found]
        self.assertEqual(
            told,
            [
                ("/a", "/srv/a", False),
                ("/b", "/srv/b", False),
                ("/c", "/srv/c", True),
                ("/d", "/d", False),
            ],
        )

    def test_files_of_openrun(self):
        """Keywords of 2026 are taken; bindings to services are refused by name, none are fine."""
        (one,) = declared(
            'app(path="/a", source="/s", stage_at="domain", bindings=[], verify=True)'
        )
        self.assertEqual((one.stage_at, one.verify), ("domain", True))
        for text in ('app("/a", "/s", bindings=["postgres"])', 'binding("/b", "postgres")'):
            self.assertIn("bindings to services are not supported", self.failed(text))

    def test_refused(self):
        """What is wrong is told with its place."""
        for text, message in {
            'app("/a", 5)': "0.ace:1:4: app: for parameter source: got int, want string",
            'app("/a", "/s", color=1)': "0.ace:1:4: app: unexpected keyword argument color",
            'app("/a", "/s", parms=1)': "unexpected keyword argument parms; did you mean params?",
            'app("/a", "/s", auth=1)': '0.ace:1:4: app: for parameter "auth": got int, want string',
            'app("/a", "/s", params=[])': "params",
            'app("/a", "/s", params={1: 2})': "params key",
            'app("/a", "/s", app_config={"a": print})': "app: ",
            'app("/a", "/s", container_vols="x")': "container_vols",
            'app("/a", "/s", accounts={"http.in": 1})': "accounts",
            'app("/a", "/s", stage_write_access=1)': "stage_write_access",
            "x = 1\nfail(1)": "0.ace:2:5: fail: 1",
            'load("b.ace", "x")': "a file of declarations loads nothing",
            "ace.app('x')": "undefined: ace",
            "for x in []: pass": "for loop not within a function",
        }.items():
            self.assertIn(message, self.failed(text))

    def test_not_text(self):
        """A file that is not UTF-8 is refused by its name."""
        load = LoadApp(sources={"a.ace": b"\xff"}, declarations=("a.ace",))
        fault = self.assertRaises(AppFault, Declarations, load, print)
        self.assertEqual(fault.located(), "a.ace:1:1: the file is not UTF-8")

    @given(st.text(max_size=60))
    def test_any_text(self, text):
        """No text does anything but declare apps or be refused."""
        try:
            declared(text)
        except AppFault as fault:
            self.assertTrue(fault.message)
