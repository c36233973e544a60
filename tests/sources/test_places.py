import contextlib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SourceError
from clace.locations import is_git
from clace.sources.places import (
    check_text,
    checked_branch,
    checked_commit,
    commit_id,
    parse,
)

PARTS = st.text(alphabet="ab-._~/:@%#\\ \n\0é\ud800[]0", max_size=8)
TEXTS = st.one_of(
    st.text(),
    st.builds(
        "{}{}/{}//{}".format,
        st.sampled_from(
            ["", "git@", "git@h.io:", "https://", "ssh://", "file://", "ext::", "x://"]
        ),
        PARTS,
        PARTS,
        PARTS,
    ),
    st.lists(PARTS, max_size=5).map("/".join),
)


class ParseTests(SynchronousTestCase):
    """Which repository and folder a source is."""

    def test_reads_every_form(self):
        """Each way to write a source gives git's URL and the folder."""
        for text, url, folder in [
            ("github.com/org/repo", "https://github.com/org/repo", ""),
            ("github.com/org/repo/a/b", "https://github.com/org/repo", "a/b"),
            ("github.com/org/repo/", "https://github.com/org/repo", ""),
            ("github.com/~org/repo.git/a", "https://github.com/~org/repo.git", "a"),
            ("gitlab.com/group/sub/repo//a", "https://gitlab.com/group/sub/repo", "a"),
            ("gitlab.com/group/sub/repo.git/a", "https://gitlab.com/group/sub/repo.git", "a"),
            ("https://h.io:8443/o/r/a", "https://h.io:8443/o/r", "a"),
            ("http://localhost/o/r", "http://localhost/o/r", ""),
            ("https://h.io/r.git", "https://h.io/r.git", ""),
            ("https://[::1]:80/o/r", "https://[::1]:80/o/r", ""),
            ("git@h.io:o/r/a/b", "git@h.io:o/r", "a/b"),
            ("git@h.io:g/s/r.git//a", "git@h.io:g/s/r.git", "a"),
            ("ssh://jo@h.io:22/o/r//a", "ssh://jo@h.io:22/o/r", "a"),
            ("ssh://h.io/o/r", "ssh://h.io/o/r", ""),
            ("file:///srv/git/r.git//a/b/", "file:///srv/git/r.git", "a/b"),
            ("file:///srv/git/r", "file:///srv/git/r", ""),
        ]:
            place = parse(text)
            self.assertEqual((place.url, place.folder), (url, folder), text)
            self.assertTrue(is_git(text), text)

    def test_refuses_what_is_none(self):
        """Texts that only look like a repository are refused, and named."""
        for text in [
            "https://h.io/o",
            "https:///o/r",
            "https://-h.io/o/r",
            "https://h.io/-o/r",
            "https://h.io/o/r/../x",
            "https://h.io/o/r/-x",
            "https://h.io/o/r?x=1",
            "https://h.io:port/o/r",
            "git@-oProxyCommand=x:o/r",
            "git@h.io",
            "git@h.io:/etc/passwd",
            "ssh://-x@h.io/o/r",
            "ssh://jo:secret@h.io/o/r",
            "ext::sh/o/r",
            "file://host/srv/r",
            "file:///srv/../r",
            "file:///",
            "git://h.io/o/r",
        ]:
            error = self.assertRaises(SourceError, parse, text)
            self.assertTrue(error.message.startswith("invalid git url: "), error.message)

    def test_a_password_is_not_repeated(self):
        """A URL with a password is refused without showing it."""
        for text in ("https://jo:secret@h.io/o/r", "jo:secret@h.io/o/r"):
            error = self.assertRaises(SourceError, parse, text)
            self.assertNotIn("secret", error.message)
            self.assertIn("--git-auth", error.message)

    def test_a_key_changes_the_way(self):
        """With a key a web address is reached by SSH; who is named in the address stays."""
        for text, url in [
            ("github.com/o/r/a", "git@github.com:o/r.git"),
            ("https://h.io:8443/o/r.git", "git@h.io:o/r.git"),
            ("git@h.io:o/r", "git@h.io:o/r"),
            ("ssh://h.io:22/o/r", "ssh://git@h.io:22/o/r"),
            ("ssh://jo@h.io/o/r", "ssh://jo@h.io/o/r"),
        ]:
            place = parse(text)
            self.assertEqual(place.by_key("git").url, url)
            self.assertEqual(place.by_key("git").folder, place.folder)

    @given(TEXTS)
    def test_refuses_as_such(self, text):
        """Any text is a place or a refusal, and no place can be taken for an option."""
        with contextlib.suppress(SourceError):
            check_text(text)
            if is_git(text):
                place = parse(text)
                for part in (place.url, place.by_key("git").url, place.host, place.folder):
                    self.assertFalse(part.startswith("-"))
                    self.assertTrue(part.isprintable() or "\u00e9" in part or not part.isascii())
                for name in (place.repository, place.folder):
                    self.assertNotIn("..", name.split("/"))
                    self.assertFalse(any(part.startswith("-") for part in name.split("/")))
                self.assertNotIn("\n", place.url)


class RevisionTests(SynchronousTestCase):
    """Names of branches and commits."""

    def test_takes_what_git_takes(self):
        """Usual branches and hashes pass; an id is in small letters."""
        for branch in ("main", "feature/x-1", "v1.2", "b\u00fcro", "a@b", "x-"):
            self.assertEqual(checked_branch(branch), branch)
            self.assertEqual(checked_commit(branch), branch)
        self.assertEqual(commit_id("ABCD" * 10), "abcd" * 10)
        for text in ("main", "abc", "abcg", "a" * 65, ""):
            self.assertEqual(commit_id(text), "")

    def test_refuses_what_git_refuses(self):
        """Names that no branch has, options among them, are refused."""
        for branch in (
            *("", "-x", "--upload-pack=x", "/x", "x/", "x.", "a..b", "a//b", "a b", "a:b", "a*"),
            *("a?", "a[", "a\\b", "a^", "a~1", "@{1}", "x.lock", ".x/../y", "a/.b", "a\0", "\n"),
        ):
            self.assertRaises(SourceError, checked_branch, branch)
            self.assertRaises(SourceError, checked_commit, branch)

    @given(st.text())
    def test_refuses_any_text_as_such(self, text):
        """Any text is a name or a refusal, and no name an option or a rule for refs."""
        for check in (checked_branch, checked_commit):
            with contextlib.suppress(SourceError):
                name = check(text)
                self.assertFalse(name.startswith("-"))
                self.assertFalse(set(name) & set(":*^~ \n\0"))
