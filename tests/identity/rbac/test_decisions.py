"""Tests for ``clace.identity.rbac.decisions``."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.operation import Right
from clace.identity.rbac import Question, decide
from clace.model.identity import NOBODY, Assurance, Identity
from clace.model.permissions import IMPLIED
from clace.model.rbac import BUILT_IN, Grant, Policy
from clace.model.scope import Scope

ANN = Identity(user_id="github:ann@corp.example", assurance=Assurance.SSO, groups=("ops",))
ALL = ("all",)


def policy(*grants, **fields):
    return Policy(enabled=True, grants=grants, **fields)


def grant(roles, targets=ALL, users=(ANN.user_id,), **fields):
    return Grant(users=users, roles=roles, targets=targets, **fields)


class DecisionTests(SynchronousTestCase):
    def ask(self, rules, permission, target="/x", identity=ANN, owner="", admin="admin"):
        question = Question(identity=identity, permission=permission, target=target, owner=owner)
        return decide(rules, admin, question)

    def may(self, *args, **fields):
        return self.ask(*args, **fields).is_allowed

    def test_denies_without_grant(self):
        """With roles on, a user without a grant may do nothing at all."""
        for right in Right:
            self.assertFalse(self.may(policy(), right))

    def test_grants(self):
        """A grant holds for its users, its roles and its targets, and for nothing beside them."""
        rules = policy(grant(("clace-user",), ("/team/**",)))
        self.assertTrue(self.may(rules, "app:access", "/team/a"))
        self.assertFalse(self.may(rules, "app:access", "/other"))
        self.assertFalse(self.may(rules, "app:access", "d.example:/team/a"))
        self.assertFalse(self.may(rules, "app:update", "/team/a"))
        self.assertFalse(self.may(rules, "app:access", "/team/a", replace(ANN, user_id="github:b")))

    def test_no_app_is_named(self):
        """The explanation of a right on apps tells that no app was named."""
        rules = policy(grant(("clace-user",), ("/team/**",)))
        self.assertIn("it is for apps, and none is named", str(self.ask(rules, "app:read", "")))
        self.assertNotIn("none is named", str(self.ask(rules, "app:read", "/x")))

    def test_patterns_match_whole_ids(self):
        """A pattern that matches a part of an id lets nobody in."""
        rules = policy(grant(("clace-user",), users=("regex:github:.*@corp\\.example",)))
        self.assertTrue(self.may(rules, "app:access"))
        for other in ("github:ann@corp.example.evil", "x github:ann@corp.example", "github:a\n"):
            self.assertFalse(self.may(rules, "app:access", identity=replace(ANN, user_id=other)))
        self.assertFalse(
            self.may(policy(grant(("clace-user",), users=("regex:ann",))), "app:access")
        )

    def test_ids_that_are_no_text(self):
        """An id with half a character is a pattern's no more than a literal name's."""
        rules = policy(grant(("clace-user",), users=("regex:.*",)))
        broken = replace(ANN, user_id="oidc:\ud800")
        self.assertFalse(self.may(rules, "app:access", identity=broken))

    def test_groups(self):
        """Members of a group, of a group in it, and users whose sign-in names it, are meant."""
        groups = {"a": ("group:b",), "b": (ANN.user_id,)}
        for group in ("a", "b", "ops"):
            rules = policy(grant(("clace-user",), users=(f"group:{group}",)), groups=groups)
            self.assertTrue(self.may(rules, "app:access"), group)
        rules = policy(grant(("clace-user",), users=("group:c",)), groups=groups)
        self.assertFalse(self.may(rules, "app:access"))

    def test_circles_end(self):
        """Groups and roles in a circle, which no configuration has, allow nothing and end."""
        rules = policy(
            grant(("r",), users=("group:a",)),
            groups={"a": ("group:b",), "b": ("group:a",)},
            roles={"r": ("role:r",)},
        )
        self.assertFalse(self.may(rules, "app:access"))
        self.assertFalse(self.may(replace(rules, grants=(grant(("r",)),)), "app:access"))

    def test_anonymous(self):
        """A visitor without a sign-in is found by that name only, never by a pattern or a group."""
        for users in (("regex:.*",), ("group:everybody",)):
            rules = policy(grant(("clace-user",), users=users), groups={"everybody": ("regex:.*",)})
            self.assertFalse(self.may(rules, "app:access", identity=NOBODY))
        named = policy(grant(("clace-user",), users=("anonymous",)))
        self.assertTrue(self.may(named, "app:access", identity=NOBODY))

    def test_administrators(self):
        """The administrator, and whoever a role makes one, pass everything."""
        chief = Identity(user_id="admin", assurance=Assurance.PASSWORD)
        rules = policy(grant(("clace-admin",), targets=()))
        for right in Right:
            self.assertTrue(self.may(policy(), right, identity=chief))
            self.assertTrue(self.may(rules, right), right)
        self.assertFalse(self.may(policy(), "app:read", identity=chief, admin=""))

    def test_nobody_known(self):
        """An identity without a name is denied, with an administrator without a name too."""
        nameless = Identity(user_id="", assurance=Assurance.SSO)
        for admin in ("", "admin"):
            self.assertFalse(self.may(policy(), "app:read", identity=nameless, admin=admin))

    def test_socket(self):
        """The socket is trusted, roles or not."""
        socket = Identity(user_id="admin", assurance=Assurance.SOCKET)
        for rules in (Policy(), policy()):
            self.assertTrue(self.may(rules, Right.ADMIN, "", socket, admin=""))

    def test_off(self):
        """Without roles an app's sign-in decides who opens it, and all else is the admin's."""
        for right in Right:
            self.assertEqual(self.may(Policy(), right), right is Right.APP_ACCESS, right)

    def test_literal_only(self):
        """Approval and administration come with no glob, no other permission, no ownership."""
        for right in (Right.APP_APPROVE, Right.ADMIN):
            for entry in ("*", "app:*", "app:a*", "ad*", "app:manage"):
                rules = policy(grant(("r",)), roles={"r": (entry,)})
                self.assertFalse(self.may(rules, right, owner=ANN.user_id), (right, entry))
            rules = policy(grant(("r",)), roles={"r": (right,)})
            self.assertTrue(self.may(rules, right))
            owned = policy(owner_permissions={"app": (right, "app:*")})
            self.assertFalse(self.may(owned, right, owner=ANN.user_id))

    def test_implied(self):
        """A permission brings those that it implies, and these bring no more than that."""
        for entry, implied in IMPLIED.items():
            rules = policy(grant(("r",)), roles={"r": (entry,)})
            for right in set(Right) - {Right.ADMIN}:
                target = f"{right.partition(':')[0]}:/x" if right[:3] in {"ser", "bin"} else "/x"
                expected = right == entry or right in implied
                self.assertEqual(self.may(rules, right, target), expected, (entry, right))

    def test_owners(self):
        """The maker of an app may manage it, unless the configuration says otherwise."""
        self.assertTrue(self.may(policy(), "app:delete", owner=ANN.user_id))
        self.assertFalse(self.may(policy(), "app:delete", owner="github:ben"))
        self.assertFalse(self.may(policy(), "secret:read", owner=ANN.user_id))
        self.assertFalse(self.may(policy(), "custom:x", owner=ANN.user_id))
        self.assertFalse(
            self.may(policy(owner_permissions={"app": ()}), "app:read", owner=ANN.user_id)
        )
        readers = policy(owner_permissions={"app": ("app:read",)})
        self.assertTrue(self.may(readers, "app:read", owner=ANN.user_id))
        self.assertFalse(self.may(readers, "app:delete", owner=ANN.user_id))
        self.assertFalse(self.may(policy(), "app:read", identity=NOBODY, owner="anonymous"))

    def test_syncs_have_owners(self):
        """The maker of a sync entry may run it."""
        self.assertTrue(self.may(policy(), "sync:run", "sync s1", owner=ANN.user_id))
        self.assertFalse(self.may(policy(), "sync:run", "sync s1", owner="github:ben"))

    def test_global_permissions_need_no_target(self):
        """What is not about apps is held whatever the targets are; what is about them is not."""
        rules = policy(grant(("clace-operator",), targets=()))
        self.assertTrue(self.may(rules, "secret:create", ""))
        self.assertFalse(self.may(rules, "app:read", "/x"))
        self.assertFalse(self.may(policy(grant(("clace-operator",), ("/**",))), "app:read", ""))
        self.assertTrue(self.may(policy(grant(("clace-operator",))), "app:read", ""))

    def test_all(self):
        """Two targets cover everything, with and without a domain, and services; no other does."""
        asked = ("/x", "d.example:/y", "service:postgres/main", "binding:/x", "")
        for target, is_covering in (("all", True), ("ALL", True), ("*:**", True), ("**", False)):
            rules = policy(grant(("clace-operator",), (target,)))
            for each in asked:
                kind = each.partition(":")[0] if each.startswith(("service", "binding")) else "app"
                expected = is_covering or each == "/x"
                self.assertEqual(self.may(rules, f"{kind}:read", each), expected, (target, each))

    def test_other_targets(self):
        """Services and bindings are matched by targets of their kind only."""
        rules = policy(grant(("clace-operator",), ("service:postgres/*", "binding:/team/**")))
        self.assertTrue(self.may(rules, "service:read", "service:postgres/main"))
        self.assertFalse(self.may(rules, "service:read", "service:mysql/main"))
        self.assertTrue(self.may(rules, "binding:read", "binding:/team/x"))
        self.assertFalse(self.may(rules, "app:read", "/team/x"))
        self.assertFalse(
            self.may(
                policy(grant(("clace-operator",), ("/**",))), "binding:read", "binding:/team/x"
            )
        )

    def test_custom(self):
        """Permissions of apps are held by name or by a glob of their own, on targets."""
        for entry, expected in (
            ("custom:report", True),
            ("custom:r*", True),
            ("custom:other", False),
            ("*", False),
        ):
            rules = policy(grant(("r",), ("/x",)), roles={"r": (entry,)})
            self.assertEqual(self.may(rules, "custom:report"), expected, entry)
            self.assertFalse(self.may(rules, "custom:report", "/y"))

    def test_any_app(self):
        """A right on one app is a right on some app; one on services is not, nor is ownership."""
        for targets, expected in ((("/x",), 1), (ALL, 1), (("service:**",), 0), ((), 0)):
            rules = policy(grant(("clace-user",), targets))
            self.assertEqual(self.may(rules, "app:read", "any app"), bool(expected), targets)
        self.assertFalse(self.may(policy(), "app:read", "any app"))

    def test_old_names(self):
        """``access`` and ``list`` are what they were called."""
        rules = policy(grant(("r",)), roles={"r": ("access", "list")})
        for name in ("app:access", "app:read", "access", "list"):
            self.assertTrue(self.may(rules, name), name)

    def test_built_in_roles(self):
        """Both products' names of a role mean the same, and only one kind is an administrator."""
        for name in ("admin", "operator", "developer", "builder", "user", "monitor"):
            self.assertEqual(BUILT_IN[f"clace-{name}"], BUILT_IN[f"openrun-{name}"])
            rules = policy(grant((f"openrun-{name}",)))
            self.assertEqual(self.may(rules, Right.ADMIN), name == "admin")
            self.assertEqual(self.may(rules, "secret:reveal", ""), name == "admin")

    def test_explains(self):
        """Every line of the policy that was asked has a line, and the last is the answer."""
        rules = policy(
            grant(("clace-user",), ("/y",), description="readers"),
            grant(("dev",), ("/x",), users=("group:ops",)),
            roles={"dev": ("role:clace-developer",)},
        )
        self.assertEqual(
            self.ask(rules, "app:access").reasons,
            (
                "user github:ann@corp.example, groups from the sign-in: ops",
                (
                    'grant 1 "readers": for user github:ann@corp.example; role clace-user has '
                    "app:access; no target of it matches /x"
                ),
                (
                    "grant 2: group:ops is a group of the user; role dev has "
                    "role:clace-developer > app:manage, which implies app:access; "
                    "target /x matches /x"
                ),
                "allowed",
            ),
        )

    def test_explains_without_a_policy(self):
        """What decides before the policy is said too."""
        off, admin = Policy(enabled=False), Identity(user_id="admin", assurance=Assurance.PASSWORD)
        socket = Identity(user_id="admin", assurance=Assurance.SOCKET)
        unnamed = Identity(user_id="", assurance=Assurance.SSO)
        roles_off = "roles and grants are off, see [rbac] enabled"
        for rules, permission, identity, reasons in (
            (
                policy(),
                "app:access",
                socket,
                ("the request came through the admin socket, which is trusted", "allowed"),
            ),
            (policy(), "app:access", unnamed, ("nobody is known to ask", "denied")),
            (policy(), "app:access", admin, ("user admin is the administrator", "allowed")),
            (
                off,
                "app:access",
                ANN,
                (roles_off, "the sign-in of the app decides who may open it", "allowed"),
            ),
            (
                off,
                "app:update",
                ANN,
                (roles_off, "app:update is for the administrator alone", "denied"),
            ),
        ):
            told = self.ask(rules, permission, identity=identity).reasons
            self.assertEqual(told, reasons)

    def test_explains_ownership(self):
        """What an owner may is said, and nothing of ownership to others."""
        nobody = replace(ANN, groups=())
        line = f"user {ANN.user_id}, groups from the sign-in: none"
        owned = self.ask(policy(), "app:update", identity=nobody, owner=ANN.user_id).reasons
        self.assertEqual((owned[0], owned[-1]), (line, "allowed"))
        self.assertTrue(owned[1].startswith("owner of /x: owners have "), owned)
        other = self.ask(policy(), "app:update", identity=nobody, owner="github:b").reasons
        self.assertEqual(other, (line, "denied"))

    def test_groups_of_nobody(self):
        """Groups of a visitor who proved nothing are not those of a grant."""
        rules = policy(grant(("clace-user",), users=("group:ops",)))
        self.assertTrue(self.may(rules, "app:access"))
        unproved = replace(ANN, assurance=Assurance.NONE)
        self.assertFalse(self.may(rules, "app:access", identity=unproved))

    def test_a_name_alone_is_no_administrator(self):
        """A user with the administrator's name who proved nothing is not the administrator."""
        unproved = Identity(user_id="admin", assurance=Assurance.NONE)
        self.assertTrue(unproved.is_anonymous)
        self.assertFalse(self.may(policy(), "app:update", identity=unproved))


class TokenTests(SynchronousTestCase):
    """A token's own bounds come before all else."""

    def test_explains(self):
        """What a token's own grants say comes first, and ends it if they say no."""
        its_user = "user admin is the administrator"
        for scope, permission, reasons in (
            (
                Scope(permissions=("admin",)),
                "app:update",
                ("token t1: its grant admin gives all permissions", its_user, "allowed"),
            ),
            (
                Scope(permissions=("app:read",)),
                "app:update",
                ("token t1: none of its grants gives app:update", "denied"),
            ),
            (
                Scope(permissions=("app:read",), apps=("/a", "/x*")),
                "app:read",
                (
                    "token t1: its grant app:read gives app:read",
                    "token t1: it is for /x*",
                    its_user,
                    "allowed",
                ),
            ),
            (
                Scope(permissions=("app:read",), apps=("/a",)),
                "app:read",
                (
                    "token t1: its grant app:read gives app:read",
                    "token t1: it is not for /x",
                    "denied",
                ),
            ),
        ):
            identity = Identity(
                user_id="admin", assurance=Assurance.TOKEN, token_id="t1", scope=scope
            )
            question = Question(identity=identity, permission=permission, target="/x")
            self.assertEqual(decide(policy(), "admin", question).reasons, reasons)

    def may(self, scope, permission, target="/x", *, rules=None, user="admin"):
        identity = Identity(user_id=user, assurance=Assurance.TOKEN, token_id="t1", scope=scope)
        question = Question(identity=identity, permission=permission, target=target)
        return decide(rules or Policy(), "admin", question).is_allowed

    def test_without_grants(self):
        """A token without grants may do nothing, roles or not, although it is the admin's."""
        for rules in (Policy(), Policy(enabled=True)):
            for right in Right:
                self.assertFalse(self.may(Scope(), right, rules=rules))

    def test_grants(self):
        """A token may do what it was granted, for the apps it is for."""
        scope = Scope(permissions=("app:update", "secret:read"), apps=("/team/**",))
        for rules in (Policy(), Policy(enabled=True)):
            self.assertTrue(self.may(scope, "app:reload", "/team/x", rules=rules))
            self.assertFalse(self.may(scope, "app:reload", "/x", rules=rules))
            self.assertFalse(self.may(scope, "app:reload", "", rules=rules))
            self.assertFalse(self.may(scope, "app:delete", "/team/x", rules=rules))
            self.assertTrue(self.may(scope, "secret:read", "", rules=rules))

    def test_for_no_app_in_particular(self):
        """A token that names no apps may do what it was granted with all of its user's."""
        scope = Scope(permissions=("app:update",))
        for target in ("/x", "d.example:/y", ""):
            self.assertTrue(self.may(scope, "app:reload", target))
            self.assertFalse(self.may(scope, "app:delete", target))

    def test_admin(self):
        """The grant ``admin`` is all that the user may do; no glob is."""
        self.assertTrue(self.may(Scope(permissions=("admin",)), "server:stop", ""))
        self.assertFalse(self.may(Scope(permissions=("*",)), "admin", ""))
        self.assertFalse(self.may(Scope(permissions=("*",)), "app:approve"))

    def test_others(self):
        """A token gives its user nothing that they do not have."""
        scope = Scope(permissions=("admin",))
        self.assertFalse(self.may(scope, "app:read", rules=Policy(enabled=True), user="github:b"))
        self.assertFalse(self.may(scope, "app:read", user="github:b"))


_ENTRIES = st.sampled_from(
    (*Right, "app:*", "*", "custom:a", "custom:*", "role:r0", "role:r1", "role:clace-user", "x")
)
_USERS = st.sampled_from(("u0", "u1", "group:g0", "group:g1", "regex:u.", "anonymous"))
_TARGETS = st.sampled_from(("all", "/a", "/**", "d:/a", "service:**", "[", ""))
_POLICIES = st.builds(
    Policy,
    enabled=st.booleans(),
    groups=st.dictionaries(st.sampled_from(("g0", "g1")), st.lists(_USERS).map(tuple)),
    roles=st.dictionaries(st.sampled_from(("r0", "r1")), st.lists(_ENTRIES).map(tuple)),
    grants=st.lists(
        st.builds(
            Grant,
            users=st.lists(_USERS, max_size=3).map(tuple),
            roles=st.lists(
                st.sampled_from(("r0", "r1", "clace-user", "clace-operator", "none"))
            ).map(tuple),
            targets=st.lists(_TARGETS, max_size=3).map(tuple),
        ),
        max_size=4,
    ).map(tuple),
    owner_permissions=st.dictionaries(st.just("app"), st.lists(_ENTRIES, max_size=2).map(tuple)),
)
_QUESTIONS = st.builds(
    Question,
    identity=st.builds(
        Identity,
        user_id=st.sampled_from(("u0", "u1", "u22", "", "anonymous")),
        groups=st.lists(st.sampled_from(("g0", "g1", "g2")), max_size=2).map(tuple),
        assurance=st.sampled_from((Assurance.NONE, Assurance.SSO, Assurance.PASSWORD)),
    ),
    permission=st.sampled_from((*Right, "custom:a", "custom:b", "unknown")),
    target=st.sampled_from(("", "/a", "/b/c", "d:/a", "service:a/b", "sync s1")),
    owner=st.sampled_from(("", "u0", "anonymous")),
)


class PropertyTests(SynchronousTestCase):
    """Promises over any policy, sensible or not."""

    @given(_POLICIES, _QUESTIONS)
    def test_answers_say_what_they_are(self, rules, question):
        """The last line is the answer, and no policy makes the engine fail."""
        decision = decide(rules, "", question)
        self.assertEqual(decision.reasons[-1], "allowed" if decision.is_allowed else "denied")
        self.assertTrue(all("\n" not in reason for reason in decision.reasons))

    @given(_POLICIES, _QUESTIONS, st.lists(_ENTRIES).map(tuple), st.lists(_TARGETS).map(tuple))
    def test_tokens_narrow(self, rules, question, permissions, apps):
        """Whatever a token is granted, it allows nothing that its user may not."""
        scope = Scope(permissions=permissions, apps=apps)
        bounded = replace(question, identity=replace(question.identity, scope=scope))
        if decide(rules, "u0", bounded).is_allowed:
            self.assertTrue(decide(rules, "u0", question).is_allowed)

    @given(_POLICIES, _QUESTIONS)
    def test_grants_only_add(self, rules, question):
        """Without a grant nothing more is allowed than with it."""
        fewer = replace(rules, grants=rules.grants[:-1])
        if decide(fewer, "", question).is_allowed:
            self.assertTrue(decide(rules, "", question).is_allowed)

    @given(_POLICIES, _QUESTIONS)
    def test_approval_is_granted_by_name(self, rules, question):
        """Where no role names approval or administration, nobody may approve."""
        plain = replace(
            rules,
            roles={
                name: tuple(each for each in entries if each not in {"admin", "app:approve"})
                for name, entries in rules.roles.items()
            },
            grants=tuple(
                replace(each, roles=tuple(r for r in each.roles if r != "clace-operator"))
                for each in rules.grants
            ),
        )
        asked = replace(question, permission=Right.APP_APPROVE)
        self.assertFalse(decide(plain, "", asked).is_allowed)

    @given(_POLICIES, _QUESTIONS)
    def test_agrees_with_sets(self, rules, question):
        """The engine agrees with one that makes plain sets of users and permissions."""
        if rules.enabled and question.permission != "unknown":
            expected = SetsOfAll(rules).may(question)
            self.assertEqual(decide(rules, "", question).is_allowed, expected)


SCOPED = {"app", "container", "service", "binding", "custom"}


class SetsOfAll:
    """The same rules written again, as sets over the few names that these tests have."""

    def __init__(self, rules):
        self.rules = rules

    def users(self, entries, identity, seen=frozenset()):
        for entry in entries:
            kind, _, name = entry.partition(":")
            known = not identity.is_anonymous
            if kind == "group":
                inner = self.rules.groups.get(name, ()) if name not in seen else ()
                if (known and name in identity.groups) or self.users(
                    inner, identity, seen | {name}
                ):
                    return True
            elif kind == "regex":
                if known and identity.user_id in {"u0", "u1"}:
                    return True
            elif entry == identity.user_id:
                return True
        return False

    def permissions(self, entries, seen=frozenset()):
        found = set()
        for entry in entries:
            if entry.startswith("role:"):
                if entry not in seen:
                    inner = self.rules.role(entry[5:])
                    found |= self.permissions(inner, seen | {entry})
            elif entry == "*":
                found |= set(Right) - {"admin", "app:approve"}
            elif entry in {"app:*", "sync:*", "builder:*"}:
                found |= {r for r in Right if r.startswith(entry[:-1])} - {"app:approve"}
            elif entry == "custom:*":
                found |= {"custom:a", "custom:b"}
            else:
                found.add(str(entry))
        for each in tuple(found):
            found |= IMPLIED.get(each, set())
        return found

    def covers(self, target, asked):
        if target == "all":
            return True
        if asked == "service:a/b" or target == "service:**":
            return asked == "service:a/b" and target == "service:**"
        plain = asked in {"/a", "/b/c"}
        return (
            (target == "" and asked in {"/a", "/b/c", "d:/a"})
            or (target == "/**" and plain)
            or (target == asked and asked != "")
        )

    def may(self, question):
        identity, permission = question.identity, question.permission
        if not identity.user_id:
            return False
        scoped = permission.partition(":")[0] in SCOPED
        for each in self.rules.grants:
            if not self.users(each.users, identity):
                continue
            held = set().union(*(self.permissions(self.rules.role(r)) for r in each.roles))
            if "admin" in held:
                return True
            if permission in held and (
                not scoped or any(self.covers(t, question.target) for t in each.targets)
            ):
                return True
        if identity.is_anonymous or question.owner != identity.user_id or not question.target:
            return False
        kind = permission.partition(":")[0]
        owned = self.permissions(
            entry for entry in self.rules.owned(kind) if not entry.startswith("role:")
        )
        return permission in owned - {"admin", "app:approve"} and kind != "custom"
