import os
import shlex
import socket
import stat
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_ssh_private_key,
)
from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoSuchSecret, SourceError
from clace.sources.git_auth import GitLogin, credential_options
from clace.sources.git_ssh import next_step, ssh_command
from clace.sources.places import parse

WEB = parse("https://git.example:8443/org/repo")
PASSWORD = GitLogin(name="work", user_id="jo@x", password="s3/c ret")


class GitAuthTests(SynchronousTestCase):
    """What git is given to prove who it is."""

    def setUp(self):
        self.folder = Path(self.mktemp()).absolute() / "a folder"
        self.folder.mkdir(parents=True)

    def key(self, form, passphrase=""):
        locked = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
        path = self.folder / "id 100%"
        path.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, form, locked))
        return GitLogin(name="work", key_file_path=str(path), password=passphrase)

    def test_a_password_is_only_in_a_file(self):
        """Git is told where to look; the file is for its owner and says for which host."""
        options = credential_options(PASSWORD, WEB, self.folder)
        self.assertNotIn("s3", "".join(options))
        setting, _, helper = options[1].partition("=")
        self.assertEqual(setting, "credential.https://git.example:8443.helper")
        program, file = shlex.split(helper)
        path = Path(file.removeprefix("--file="))
        self.assertEqual(program, "store")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(path.read_text(), "https://jo%40x:s3%2Fc%20ret@git.example:8443\n")

    def test_a_password_from_elsewhere(self):
        """A password that names a secret is looked up whenever git needs it; if that fails, why."""
        secrets = {"<a>": "first"}
        auth = GitLogin(name="work", password="<a>", reveal=secrets.__getitem__)
        for value in ("first", "second"):
            secrets["<a>"] = value
            folder = self.folder / value
            folder.mkdir()
            credential_options(auth, WEB, folder)
            self.assertIn(f"git:{value}@", (folder / "credentials").read_text())

        def fail(_text):
            raise NoSuchSecret("secret a of provider env: none")

        broken = GitLogin(name="work", password="<a>", reveal=fail)
        self.assertRaises(NoSuchSecret, credential_options, broken, WEB, self.folder)

    def test_no_password_is_given_where_none_is_asked(self):
        """Without an entry, with a key, and for files of this machine there is no password."""
        self.assertEqual(credential_options(None, WEB, self.folder), ())
        self.assertEqual(credential_options(GitLogin(name="work"), WEB, self.folder), ())
        local = parse("file:///srv/r.git")
        self.assertEqual(credential_options(PASSWORD, local, self.folder), ())
        key = self.key(PrivateFormat.OpenSSH)
        self.assertEqual(credential_options(key, WEB, self.folder), ())

    def test_ssh_never_asks(self):
        """Without a key ssh uses what it has, and fails where it would ask."""
        for auth in (None, PASSWORD):
            self.assertIn("BatchMode=yes", ssh_command(auth, self.folder))
            self.assertNotIn("Identit", ssh_command(auth, self.folder))

    def test_only_known_servers(self):
        """Host keys that are not known are refused; a file of them, if named, is the only one."""
        auth = GitLogin(name="a", key_file_path="/k", known_hosts='/etc/a "b" 5%')
        for each in (None, self.key(PrivateFormat.OpenSSH), PASSWORD):
            self.assertIn("StrictHostKeyChecking=yes", ssh_command(each, self.folder))
        Path(self.folder / "k").write_text("key")
        auth = replace(auth, key_file_path=str(self.folder / "k"))
        words = shlex.split(ssh_command(auth, self.folder))
        self.assertIn(r'UserKnownHostsFile="/etc/a \"b\" 5%%"', words)
        self.assertIn("GlobalKnownHostsFile=/dev/null", words)

    def test_says_what_to_do_about_host_keys(self):
        """A host key that is not known is to be scanned and compared, a changed one forgotten."""
        strict = "and you have requested strict checking."
        unknown = f"No ED25519 host key is known for h.io {strict}"
        ported = f"No RSA host key is known for [::1]:2222 {strict}"
        changed = f"Host key for [h.io]:2222 has changed {strict}"
        self.assertIn("ssh-keyscan h.io >> ~/.ssh/known_hosts;", next_step(unknown, ""))
        self.assertIn("ssh-keyscan -p 2222 ::1 >> '/a b';", next_step(ported, "/a b"))
        self.assertIn("ssh-keygen -f /k -R '[h.io]:2222'", next_step(changed, "/k"))
        self.assertEqual(next_step("Permission denied (publickey).", ""), "")

    def test_a_key_that_is_a_secret(self):
        """A key of a provider is looked up each time; line ends of Windows and indents do."""
        auth = self.key(PrivateFormat.OpenSSH)
        key = Path(auth.key_file_path).read_text()
        for number, form in enumerate((key, key.replace("\n", "\r\n"), f"  {key}".rstrip())):
            folder = self.folder / str(number)
            folder.mkdir()
            inline = GitLogin(name="a", private_key="<k>", reveal={"<k>": form, "": ""}.__getitem__)
            self.assertNotIn("<k>", ssh_command(inline, folder))
            path = folder / "key"
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            load_ssh_private_key(path.read_bytes(), None)
        broken = GitLogin(name="a", private_key="junk")
        error = self.assertRaises(SourceError, ssh_command, broken, self.folder)
        self.assertIn("git auth entry a: its private key cannot be read", error.message)

    def test_an_agent(self):
        """An agent is asked at its socket, and for no other key; without one it is told."""
        path = self.folder / "agent"
        auth = GitLogin(name="a", agent_socket=os.path.relpath(path))
        for make, words in (
            (lambda: None, "cannot reach its agent at"),
            (path.touch, "is no socket of an agent"),
        ):
            make()
            error = self.assertRaises(SourceError, ssh_command, auth, self.folder)
            self.assertIn(words, error.message)
        path.unlink()
        with closing(socket.socket(socket.AF_UNIX)) as agent:
            agent.bind(auth.agent_socket)
            words = shlex.split(ssh_command(auth, self.folder))
        self.assertIn(f'IdentityAgent="{auth.agent_socket}"', words)
        self.assertIn("IdentityFile=none", words)

    def test_a_key_is_used_as_it_is(self):
        """A key without a passphrase is named to ssh, quoted for the shell and for ssh itself."""
        auth = self.key(PrivateFormat.OpenSSH)
        words = shlex.split(ssh_command(auth, self.folder))
        self.assertEqual(words[-1].replace("%%", "%"), f'IdentityFile="{auth.key_file_path}"')
        self.assertIn("IdentityAgent=none", words)
        self.assertIn("IdentitiesOnly=yes", words)

    def test_a_passphrase_opens_the_key(self):
        """A locked key, old or new form, is opened into a file for its owner only."""
        for number, form in enumerate((PrivateFormat.OpenSSH, PrivateFormat.PKCS8)):
            auth = self.key(form, "open sesame")
            folder = self.folder / str(number)
            folder.mkdir()
            words = shlex.split(ssh_command(auth, folder))
            self.assertNotIn("sesame", "".join(words))
            path = Path(words[-1].removeprefix("IdentityFile=").strip('"'))
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
            load_ssh_private_key(path.read_bytes(), None)

    def test_names_the_entry_that_cannot_be_used(self):
        """A missing key, a wrong passphrase and a key that is none are refused by the entry."""
        locked = self.key(PrivateFormat.OpenSSH, "right")
        junk = self.folder / "junk"
        junk.write_text("no key")
        for path, password in ((locked.key_file_path, "wrong"), (str(junk), "x"), ("/nowhere", "")):
            auth = GitLogin(name="work", key_file_path=path, password=password)
            error = self.assertRaises(SourceError, ssh_command, auth, self.folder)
            self.assertTrue(error.message.startswith("git auth entry work: "), error.message)
            self.assertNotIn("wrong", error.message)

    def test_reaches_by_what_it_has(self):
        """A key goes by SSH, a password by the web, and neither is for files of this machine."""
        key = GitLogin(name="work", key_file_path="/k", user_id="deploy")
        ssh, local = parse("git@git.example:org/repo"), parse("file:///srv/r.git")
        self.assertEqual(key.reach(WEB).url, "deploy@git.example:org/repo.git")
        self.assertEqual(key.reach(local), local)
        self.assertEqual(PASSWORD.reach(WEB), WEB)
        self.assertEqual(PASSWORD.reach(local), local)
        error = self.assertRaises(SourceError, PASSWORD.reach, ssh)
        self.assertIn("work: it has no key file", error.message)

    def test_shows_no_secret(self):
        """An entry in a log or traceback is only its name."""
        self.assertEqual(repr(PASSWORD), "GitAuth('work')")
