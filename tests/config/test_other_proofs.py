"""Tests for ``clace.config.other_proofs``."""

from pathlib import Path

from tests.config.support import LoadCase

CALLBACK = '[security]\ncallback_url = "https://apps.example.com"\n'
URL = 'metadata_url = "https://login.example.com/metadata"\n'


class SamlTests(LoadCase):
    """Sections ``[saml.NAME]``."""

    def test_entry(self):
        """An entry has the keys of its era, and paths start at home."""
        config = self.load(
            f'{CALLBACK}[saml.corp]\n{URL}groups_attr = "teams"\nuse_post = true\n'
            'force_authn = true\nsp_key_file = "sp.key"\nsp_cert_file = "sp.crt"'
        )
        entry = config.saml["corp"]
        self.assertEqual(
            (entry.groups_attr, entry.use_post, entry.force_authn), ("teams", True, True)
        )
        self.assertEqual((entry.sp_key_file, entry.sp_cert_file), ("/h/sp.key", Path("/h/sp.crt")))

    def test_random_key(self):
        """``random`` is no path."""
        config = self.load(f'{CALLBACK}[saml.corp]\n{URL}sp_key_file = "random"')
        self.assertEqual(config.saml["corp"].sp_key_file, "random")

    def test_missing_metadata(self):
        """An entry without metadata is refused with its place."""
        (problem,) = self.problems(f"{CALLBACK}[saml.corp]")
        self.assertEqual(
            problem,
            "[saml.corp] metadata_url: expected the URL of the provider's metadata, "
            "or metadata_file",
        )

    def test_two_sources(self):
        """Metadata from two places is refused: one of them would be overlooked."""
        (problem,) = self.problems(f'{CALLBACK}[saml.corp]\n{URL}metadata_file = "idp.xml"')
        self.assertTrue(problem.startswith("[saml.corp] metadata_file: "))

    def test_open_address(self):
        """Metadata over plain HTTP is refused: it holds the keys that everything depends on."""
        (problem,) = self.problems(
            f'{CALLBACK}[saml.corp]\nmetadata_url = "http://login.example.com/metadata"'
        )
        self.assertIn("expected an https:// URL, or an http:// one of localhost", problem)

    def test_half_a_pair(self):
        """A key needs its certificate, and a certificate its key."""
        cases = {
            'sp_key_file = "a"': [
                "[saml.corp] sp_cert_file: expected the certificate of sp_key_file"
            ],
            'sp_cert_file = "a"': ["[saml.corp] sp_key_file: expected the key of sp_cert_file"],
            'sp_key_file = "random"\nsp_cert_file = "a"': [
                "[saml.corp] sp_cert_file: a random key comes with a certificate of its own"
            ],
        }
        for text, expected in cases.items():
            self.assertEqual(self.problems(f"{CALLBACK}[saml.corp]\n{URL}{text}"), expected)

    def test_callback(self):
        """The address at which browsers come back must be known."""
        (problem,) = self.problems(f"[saml.corp]\n{URL}")
        self.assertIn("security.callback_url must be set for [saml.corp]", problem)

    def test_name(self):
        """A name that could not be part of an URL is refused."""
        self.assertEqual(
            self.problems(f'{CALLBACK}[saml."a/b"]\n{URL}'),
            ['[saml."a/b"]: expected a name of letters, digits, _ and -'],
        )

    def test_open_key(self):
        """A key that others can read is a warning."""
        file = Path(self.mktemp()).absolute()
        file.touch(0o644)
        found = self.warnings(
            f"{CALLBACK}[saml.corp]\n{URL}sp_key_file = '{file}'\nsp_cert_file = '{file}'"
        )
        self.assertEqual(found, [f"[saml.corp] sp_key_file: others can read {file}; chmod 600 it"])

    def test_near_key(self):
        """A wrong key names the nearest one."""
        (problem,) = self.problems(f'{CALLBACK}[saml.corp]\n{URL}group_attr = "a"')
        self.assertEqual(
            problem, '[saml.corp] group_attr: no such key; did you mean "groups_attr"?'
        )


class ClientAuthTests(LoadCase):
    """Sections ``[client_auth.NAME]``."""

    def test_entry(self):
        """Files start at home; the list of what was taken back may be missing."""
        config = self.load('[client_auth.cert]\nca_cert_file = "ca.pem"')
        entry = config.client_auth["cert"]
        self.assertEqual((entry.ca_cert_file, entry.crl_file), (Path("/h/ca.pem"), None))

    def test_name(self):
        """An entry that no app could name is refused."""
        (problem,) = self.problems('[client_auth.staff]\nca_cert_file = "ca.pem"')
        self.assertTrue(problem.startswith("[client_auth.staff]: expected the name cert or cert_"))

    def test_missing_file(self):
        """An entry without authorities is refused with its place."""
        (problem,) = self.problems("[client_auth.cert_x]")
        self.assertEqual(
            problem,
            "[client_auth.cert_x] ca_cert_file: expected the certificates of authorities, in PEM",
        )


class ForwardTests(LoadCase):
    """Sections ``[forward.NAME]``."""

    def test_entry(self):
        """A server in a private network may be asked over plain HTTP."""
        config = self.load(
            '[forward.policy]\nauth_url = "http://policy.internal:8080/check?app=x"\n'
            'forward_headers = ["Host", "X-Team"]\ncopy_response_headers = ["A", "B>C"]'
        )
        entry = config.forward["policy"]
        self.assertEqual(entry.auth_url, "http://policy.internal:8080/check?app=x")
        self.assertEqual(entry.copy_response_headers, ("A", "B>C"))

    def test_missing_url(self):
        """An entry that asks nobody is refused with its place."""
        self.assertEqual(
            self.problems("[forward.policy]"),
            ["[forward.policy] auth_url: expected the URL that is asked about each request"],
        )

    def test_bad_values(self):
        """What is no URL or no header's name is refused."""
        url = 'auth_url = "https://policy.example.com"\n'
        cases = (
            'auth_url = "file:///etc/passwd"',
            'auth_url = "https://user:password@policy.example.com"',
            f'{url}forward_headers = ["a b"]',
            f'{url}copy_response_headers = ["a>b>c"]',
            f'{url}copy_response_headers = [">b"]',
        )
        for text in cases:
            self.assertEqual(len(self.problems(f"[forward.policy]\n{text}")), 1, text)
