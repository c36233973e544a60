"""Tests for ``clace.secrets.keys``."""

import contextlib
import stat
from base64 import b64encode
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchSecret, SecretFailed
from clace.secrets.keys import KEY_BYTES, KeyFile, KeyText, SealingKey, SealingKeys

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)
materials = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


def encoded(material):
    return b64encode(material).decode()


A, B = b"a" * KEY_BYTES, b"b" * KEY_BYTES


class KeysTests(SynchronousTestCase):
    def test_as_operators_write_them(self):
        """Lines or commas, comments, a lone key; the first is active."""
        a, b = encoded(A), encoded(B)
        for text in (
            f"new:{a}\nold:{b}",
            f"# mine\n\n new : {a} # since May\nold:{b}\n",
            f"new:{a},old:{b}",
            f"new:{a}, # old:x\nold:{b}",
        ):
            keys = SealingKeys.parse(text)
            self.assertEqual(keys.active, SealingKey("new", A))
            self.assertEqual(keys.by_id, {"new": SealingKey("new", A), "old": SealingKey("old", B)})
        self.assertEqual(SealingKeys.parse(a).active, SealingKey("default", A))

    def test_refuses(self):
        """What is no key is refused by its number, and not repeated."""
        a = encoded(A)
        for text, reason in [
            ("", "there is no key in it"),
            ("# only this\n,", "there is no key in it"),
            (f"a:{a}\nb:hunter2!", "key 2 is not base64"),
            ("a:aHVudGVyMg==", "key 1 has 7 bytes, expected 32"),
            (f"a:{a},a:{a}", "key 2: there is another of the id a"),
            (f"a b:{a}", "key 1: its id is no word of letters, digits, dots and hyphens"),
        ]:
            error = self.assertRaises(SecretFailed, SealingKeys.parse, text)
            self.assertEqual(error.message, reason)

    @given(st.dictionaries(ids, materials, min_size=1, max_size=4), st.sampled_from("\n,"))
    def test_reads_what_was_written(self, keys, between):
        """Any keys come out as they went in."""
        text = between.join(f"{name}:{encoded(each)}" for name, each in keys.items())
        found = SealingKeys.parse(text)
        self.assertEqual({name: key.material for name, key in found.by_id.items()}, keys)
        self.assertEqual(found.active.id, next(iter(keys)))

    @given(st.text(max_size=80) | st.text(st.sampled_from("a:=,#\nAAAA"), max_size=80))
    def test_any_text_is_read_or_refused(self, text):
        """No text raises anything but a refusal."""
        with contextlib.suppress(SecretFailed):
            SealingKeys.parse(text)

    def test_keys_do_not_show(self):
        """What shows a key to people shows its id only."""
        self.assertEqual(repr(SealingKey("a", A)), "Key('a')")
        self.assertNotIn("aaa", repr(SealingKeys.parse(encoded(A))))


class KeyFileTests(SynchronousTestCase):
    def setUp(self):
        self.path = Path(self.mktemp()).absolute() / "config" / "secret.key"
        self.vault = {}
        self.file = KeyFile(self.path, self.resolve)

    def resolve(self, text):
        if text not in self.vault:
            raise NoSuchSecret("secret k of provider env: none")
        return self.vault[text]

    def test_none(self):
        """That there is no file is no error: none may be needed."""
        self.assertIsNone(self.file.read())

    def test_creates(self):
        """A new key is of the size, in a file and folder that are the owner's."""
        self.file.create(lambda size: b"r" * size)
        self.assertEqual(self.file.read().active, SealingKey("key1", b"r" * KEY_BYTES))
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.path.parent.stat().st_mode), 0o700)
        self.assertEqual([each.name for each in self.path.parent.iterdir()], ["secret.key"])

    def test_does_not_replace(self):
        """Of servers that start together the first makes the key, and the others use it."""
        self.file.create(lambda size: b"1" * size)
        self.file.create(lambda size: b"2" * size)
        self.assertEqual(self.file.read().active.material, b"1" * KEY_BYTES)

    def test_open_to_others(self):
        """A key that others can read is no secret, and is not used."""
        self.file.create(bytes)
        for mode in (0o640, 0o604, 0o620):
            self.path.chmod(mode)
            error = self.assertRaises(SecretFailed, self.file.read)
            self.assertIn(f"chmod 600 {self.path}", error.message)

    def test_names_a_secret(self):
        """The file may name a secret that holds the keys; a missing one is told with the file."""
        self.file.create(bytes)
        self.path.write_text('{{secret "k"}}\n')
        error = self.assertRaises(SecretFailed, self.file.read)
        self.assertEqual(error.message, f"key file {self.path}: secret k of provider env: none")
        self.vault['{{secret "k"}}'] = f"x:{encoded(B)}"
        self.assertEqual(self.file.read().active, SealingKey("x", B))

    def test_cannot_be_written(self):
        """A place where no file can be made is named with the reason."""
        self.path.parent.parent.mkdir()
        self.path.parent.write_text("")
        error = self.assertRaises(SecretFailed, self.file.create, bytes)
        self.assertIn(f"key file {self.path} cannot be written", error.message)


class KeyTextTests(SynchronousTestCase):
    def test_reference(self):
        """The keys are what the reference stands for; none are made."""
        source = KeyText('{{secret "k"}}', {'{{secret "k"}}': encoded(A)}.__getitem__)
        self.assertEqual(source.read().active, SealingKey("default", A))
        self.assertIsNone(source.create(bytes))
