import tomllib
from pathlib import Path

from msgspec import structs

from clace.config import Location, load
from clace.config.schema import keys
from clace.config.sections import Listen
from clace.config.shipped import shipped_text
from tests.config.support import HOME, LoadCase


class ShippedFileTests(LoadCase):
    def test_is_the_defaults(self):
        """Every value of the shipped file is the default, and nothing in it is complained about."""
        shipped = self.load(shipped_text())
        self.assertEqual(shipped.warnings, ())
        defaults = load(Location(HOME), {})
        self.assertEqual(
            structs.replace(shipped, file=None, origins={}, warnings=()),
            structs.replace(defaults, warnings=()),
        )

    def test_has_every_key(self):
        """No key is left out of the shipped file."""
        shipped = tomllib.loads(shipped_text())
        for key in keys():
            value = shipped
            for step in key.at:
                self.assertIn(step, value, key.at)
                value = value[step]

    def test_is_the_documented_one(self):
        """What the package ships is what the repository documents."""
        documented = Path(__file__).parents[2] / "etc" / "clace.toml"
        self.assertEqual(shipped_text(), documented.read_text("utf-8"))

    def test_commented_examples_hold(self):
        """The examples in comments are right once the comment signs are taken away."""
        text = "\n".join(
            line.removeprefix("# ")
            if line.startswith(
                (
                    "# [",
                    "# endpoint",
                    "# serve",
                    "# user_id",
                    "# key_file",
                    "# private_key",
                    "# agent_socket",
                    "# known_hosts",
                    "# password",
                    "# report",
                    "# secret = ",
                    "# discovery_url",
                    "# metadata_url =",
                    "# groups_attr =",
                    "# use_post =",
                    "# force_authn =",
                    "# sp_key_file =",
                    "# ca_cert_file",
                    "# crl_file =",
                    "# auth_url",
                    "# forward_headers =",
                    "# copy_response_headers =",
                    "# hosted_domain",
                    "# file_name",
                    "# keys_printf",
                    "# address",
                    "# token",
                    "# profile",
                    "# region",
                    "# endpoint =",
                    '# key = "',
                    "# team = ",
                    "# deployer = ",
                    "# app = ",
                    "# description = ",
                    "# users = ",
                    "# roles = ",
                    "# targets = ",
                )
            )
            else line
            for line in shipped_text().split("\n")
        )
        text = text.replace('callback_url = ""', 'callback_url = "https://apps.example.com"')
        config = self.load(text, {"HOME": "/u"})
        self.assertEqual(config.auth["oidc"].key, "clace")
        self.assertEqual(config.saml["corp"].sp_key_file, "random")
        self.assertEqual(
            config.client_auth["cert_staff"].ca_cert_file, Path("/h/config/staff-ca.pem")
        )
        self.assertEqual(config.forward["policy"].forward_headers, ("X-Team",))
        self.assertEqual(config.listen, (Listen(endpoint="systemd:domain=INET:index=0"),))
        self.assertEqual(config.git_auth["example"].key_file_path, Path("/u/.ssh/id_ed25519"))
        self.assertEqual(dict(config.node_config), {"report_folder": "$HOME/reports"})
        self.assertEqual(config.rbac.grants[0].targets, ("/team/**",))
        self.assertEqual(list(config.rbac.roles), ["deployer"])
        self.assertEqual(list(config.secret), ["env", "prop", "vault", "asm", "db"])
