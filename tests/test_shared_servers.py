"""Tests on one server, in any order: no two may install an app at one path."""

import inspect
import re
from collections import defaultdict

from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

from tests import system
from tests.system.cases import SharedDaemonTestCase

INSTALLS = re.compile(r'\bcreate\(|\binstall\(|"create",')
PATHS = re.compile(r'"(/[\w-]+)"')
# Routes, and folders: no app is installed there.
NO_APPS = frozenset({"/a", "/own", "/tmp", "/x"})


def tests_of(suite):
    for each in suite:
        if isinstance(each, SharedDaemonTestCase):
            yield each
        elif hasattr(each, "__iter__"):
            yield from tests_of(each)


class SharedServerTests(SynchronousTestCase):
    def test_paths(self):
        """Which tests run before which, and on which server, is another matter each time."""
        users = defaultdict(set)
        for test in tests_of(TestLoader().loadPackage(system, recurse=True)):
            method = getattr(test, test._testMethodName)
            source = inspect.getsource(method)
            found = set(PATHS.findall(source)) if INSTALLS.search(source) else set()
            for path in found - NO_APPS:
                users[test.config, test.command, path].add(method.__qualname__)
        self.assertGreater(len(users), 50)
        shared = {path: names for (*_, path), names in users.items() if len(names) > 1}
        self.assertEqual(shared, {})
