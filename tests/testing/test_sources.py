from twisted.trial.unittest import TestCase

from clace.testing.sources import MemorySources
from tests.support.source_contract import SourcesContract


class MemorySourcesTests(SourcesContract, TestCase):
    """The twin that other rooms test with keeps the contract."""

    def make_sources(self):
        return MemorySources()

    def put_folder(self, name, contents):
        self.sources.put_folder(f"/{name}", contents)
        return f"/{name}"

    def put_commit(self, name, contents, branch="main", message=""):
        url = f"https://git.example/org/{name}"
        return url, self.sources.put_commit(url, contents, branch=branch, message=message)

    def put_tag(self, name, tag, commit):
        self.sources.put_tag(f"https://git.example/org/{name}", tag, commit)
