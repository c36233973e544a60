"""Tests for ``clace.config.roles``, and for ``clace.model.rbac`` as far as it refuses."""

from clace.config.roles import policy_of
from clace.model.rbac import Grant
from tests.config.support import LoadCase


class RolesTests(LoadCase):
    def test_off_by_default(self):
        """Without the section no policy is in force."""
        self.assertFalse(policy_of(self.load("").rbac).enabled)

    def test_policy(self):
        """Groups, roles, permissions of owners and grants are read as they are written."""
        policy = policy_of(
            self.load(
                '[rbac]\nenabled = true\n[rbac.groups]\nteam = ["github:ann", "group:all"]\n'
                'all = ["regex:github:.*"]\n[rbac.roles]\n"de-v" = ["app:*", "role:clace-user"]\n'
                '[rbac.owner_permissions]\napp = []\n[[rbac.grants]]\nusers = ["group:team"]\n'
                'roles = ["de-v"]\ntargets = ["/a/**"]\n'
            ).rbac
        )
        self.assertTrue(policy.enabled)
        self.assertEqual(policy.groups["team"], ("github:ann", "group:all"))
        self.assertEqual(policy.role("de-v"), ("app:*", "role:clace-user"))
        self.assertEqual(policy.owned("app"), ())
        self.assertEqual(
            policy.grants, (Grant(users=("group:team",), roles=("de-v",), targets=("/a/**",)),)
        )

    def test_refusals(self):
        """What cannot be used is refused with its place, and with what was expected there."""
        for text, told in (
            ('[rbac.groups]\na = ["group:b"]\nb = ["group:a"]', "[rbac.groups] a: leads back to"),
            ('[rbac.groups]\na = ["group:a"]', "[rbac.groups] a: leads back to itself: a > a"),
            ('[rbac.groups]\na = ["regex:("]', '[rbac.groups] a: the pattern of "regex:(" is'),
            ('[rbac.groups]\na = ["regex:"]', "[rbac.groups] a: expected a user's id, group:NAME"),
            ('[rbac.groups]\na = "x"', "[rbac.groups] a: expected an array"),
            ('[rbac.roles]\nr = ["role:r"]', "[rbac.roles] r: leads back to itself: r > r"),
            ('[rbac.roles]\nr = ["app:raed"]', '"app:raed": no such permission; did you mean app'),
            ('[rbac.roles]\nr = ["zz*"]', '[rbac.roles] r: "zz*": no permission matches this glob'),
            ('[rbac.roles]\nr = ["role:q"]', '[rbac.roles] r: there is no role "q"'),
            ('[rbac.roles]\nr = ["custom:a b"]', '"custom:a b": after custom: expected 1 to 64'),
            ('[rbac.roles]\nr = ["custom:"]', '"custom:": after custom: expected 1 to 64'),
            ("[rbac.roles]\nclace-x = []", "[rbac.roles] clace-x: names with clace- or openrun-"),
            ('[rbac.owner_permissions]\napp = ["app:approve"]', "app:approve does not come with"),
            ('[rbac.owner_permissions]\napp = ["secret:read"]', "expected permissions that begin"),
            ("[rbac.owner_permissions]\napps = []", "expected one of app, sync, service, binding"),
            ('[[rbac.grants]]\nroles = ["clace-user"]', "[[rbac.grants]] #1 users: missing"),
            (
                '[[rbac.grants]]\nusers = ["a"]\nroles = ["clace-usr"]',
                '[[rbac.grants]] #1 roles: there is no role "clace-usr"; did you mean clace-user?',
            ),
            (
                '[[rbac.grants]]\nusers = ["a"]\nroles = []\ntargets = ["/a["]',
                "[[rbac.grants]] #1 targets: invalid path glob /a[",
            ),
            ('[rbac]\ngrants = ["x"]', "[rbac] grants: expected blocks that begin with [[rbac."),
        ):
            problems = "\n".join(self.problems(text))
            self.assertIn(told, problems, text)

    def test_the_administrator_is_nobody_else(self):
        """A name that a user of a provider or a certificate has is not the administrator's."""
        for name in ("github:ann", "builtin:admin", "cert", "cert_staff"):
            (problem,) = self.problems(f'admin_user = "{name}"')
            self.assertTrue(problem.startswith("admin_user: expected a name without"), problem)
        self.load('admin_user = "root"')

    def test_keeps_an_administrator(self):
        """A configuration without any administrator is refused unless it says that it is meant."""
        text = 'admin_user = ""\n[rbac]\nenabled = true\n'
        self.assertIn("nobody an administrator", self.problems(text)[0])
        self.load(text + "allow_lockout = true\n")
        self.load(text.replace("true", "false"))
        self.load(text.replace('""', '"root"'))
        grant = '[[rbac.grants]]\nusers = ["{}"]\nroles = ["{}"]\n'
        self.load(text + grant.format("github:ann", "clace-admin"))
        self.load(text + grant.format("group:ops", "clace-admin"))
        self.load(text + '[rbac.roles]\nr = ["role:openrun-admin"]\n' + grant.format("a", "r"))
        for rest in (
            grant.format("a", "clace-operator"),
            '[rbac.groups]\nops = []\nall = ["group:ops"]\n'
            + grant.format("group:all", "clace-admin"),
        ):
            self.assertIn("nobody an administrator", self.problems(text + rest)[0])

    def test_bare_names(self):
        """A name without its way to sign in means nobody, which a warning tells with its place."""
        config = self.load(
            'admin_user = "root"\n[rbac.groups]\nteam = ["root", "cert_staff", "jo"]\n'
            '[[rbac.grants]]\nusers = ["ann", "anonymous", "github:ben", "group:team"]\n'
            'roles = ["clace-user"]\n'
        )
        groups, grants = config.warnings
        self.assertIn('[rbac.groups] team: nobody has the id "jo"; did you mean', groups)
        self.assertIn('[[rbac.grants]] #1 users: nobody has the id "ann"; did you mean', grants)
        self.assertIn('"builtin:ann"?', grants)
