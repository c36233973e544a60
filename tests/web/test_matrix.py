"""Every operation of the admin API, by everybody who may ask, about every kind of app.

The rows come from the table of operations. A new operation fails here until ``KINDS`` says what it
is about.
"""

import json
import re
from base64 import b64encode
from itertools import count

from msgspec import to_builtins
from treq.testing import StubTreq
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import CREATE_APP
from clace.admin_api.catalogue import OPERATIONS
from clace.admin_api.operation import Right
from clace.admin_api.secrets import CREATE_SECRET
from clace.admin_api.sending import SEND_SOURCE
from clace.admin_api.tokens import CREATE_TOKEN
from clace.interfaces import NewAPIToken
from clace.model.app import Demands
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope
from clace.web.admin.guard import ActingAs, AdminGuard, trusted
from clace.web.forwarded import TrustedProxies
from clace.web.root import RootResource
from tests.operations.house import NOW, House, app_star
from tests.support.queries import example
from tests.web.test_admin import Events, OnePassword, api

OWN, OTHERS, MISSING = TARGETS = ("/own", "/others", "/missing")
OWNER, WITH, WITHOUT = "github:owner", "github:with", "github:without"
APPS, LISTING, SERVER, WIDENING, PARTIAL = "apps", "listing", "server", "widening", "partial"
PROGRAMS = "programs"
KINDS = {
    **dict.fromkeys(
        (
            *("get_app", "show_app", "create_app", "send_source", "delete_apps"),
            *("approve_apps", "reload_apps", "promote_apps"),
            *("link_account", "update_params", "update_metadata", "update_settings"),
            *("list_versions", "list_files", "read_file", "verify_file", "compare_versions"),
            *("switch_version", "revoke_approvals"),
            *("create_preview", "delete_preview"),
            *("list_webhooks", "create_webhook", "delete_webhook"),
        ),
        APPS,
    ),
    **dict.fromkeys(("read_log", "stop_app", "start_app", "restart_app", "run_command"), PROGRAMS),
    "list_apps": LISTING,
    **dict.fromkeys(("list_previews", "list_syncs", "show_drift", "export_apps"), LISTING),
    **dict.fromkeys(("run_sync", "delete_sync"), SERVER),
    # It needs the rights of an apply too.
    "create_sync": PARTIAL,
    # It needs the right on some app, and later on those that the files describe.
    "apply_files": SERVER,
    "pretty_print": SERVER,
    **dict.fromkeys(
        (
            *("create_secret", "list_secrets", "get_secret", "reveal_secret"),
            *("delete_secret", "rekey_secrets"),
            *("list_users", "delete_user"),
            *("list_lockouts", "clear_lockouts"),
            *("list_sessions", "revoke_sessions", "check_permission", "list_holders"),
            *("list_audit", "export_audit", "verify_audit", "create_backup"),
            *("create_token", "list_tokens", "revoke_token", "server_status", "stop_server"),
        ),
        SERVER,
    ),
    # Ownership gives rights without a grant.
    "change_owner": SERVER,
    "change_user": WIDENING,
    "reset_factors": WIDENING,
}
"""What each operation is about. ``WIDENING`` ones no token may use but with all rights, and
for ``PARTIAL`` ones their own right is not enough. ``PROGRAMS`` ones do not come with ownership.
"""


class Actors:
    """Ways to ask, all the way through HTTP and the guards."""

    def __init__(self, house, operation):
        self.house = house
        house.authorisation.replace(policy(operation.right), "admin")
        guard = AdminGuard(OnePassword(), house.tokens, TrustedProxies(), ("localhost",))
        acting = ActingAs(trusted, house.authorisation, lambda _user: ())
        self.socket = StubTreq(
            RootResource(api(house.administration, acting, Events()).resource(), None)
        )
        self.tcp = StubTreq(
            RootResource(api(house.administration, guard, Events()).resource(), None)
        )
        self.ways = {
            "socket": (self.socket, {}),
            "admin": (self.tcp, {"Authorization": "Basic " + b64encode(b"admin:right").decode()}),
            "token with the right": (self.tcp, self.token(operation.right)),
            "token without": (self.tcp, self.token("custom:x")),
            "token without any grant": (self.tcp, self.token()),
            "SSO user with a role": (self.socket, {"X-Clace-As-User": WITH}),
            "SSO user without": (self.socket, {"X-Clace-As-User": WITHOUT}),
            "owner": (self.socket, {"X-Clace-As-User": OWNER}),
            "anonymous": (self.tcp, {}),
        }

    def token(self, *permissions):
        new = NewAPIToken(
            identity=Identity(user_id="admin", assurance=Assurance.PASSWORD),
            scope=Scope(permissions=permissions, apps=(OWN, MISSING)),
            expire_time=NOW.replace(year=2100),
        )
        making = self.house.tokens.create(new)
        try:
            making.send(None)
        except StopIteration as done:
            return {"Authorization": f"Bearer {done.value[0]}"}
        raise AssertionError("tokens in memory do not wait")


def policy(right):
    """Roles of one user, for an operation on two apps."""
    return Policy(
        enabled=True,
        roles={"one": (right,)},
        grants=(Grant(users=(WITH,), roles=("one",), targets=(OWN, MISSING)),),
    )


def expected(kind, right, actor, target):
    """200 for what is allowed, else the status of the refusal."""
    if actor == "anonymous":
        return 401
    if actor in {"socket", "admin"} or kind == LISTING:
        return 200
    if actor in {"token with the right", "SSO user with a role"}:
        if kind in {WIDENING, PARTIAL}:
            return 403 if actor.startswith("token") or kind == PARTIAL else 200
        return 200 if kind == SERVER or target in {OWN, MISSING} else 403
    if actor == "owner":
        is_theirs = kind == APPS and target == OWN and right != Right.APP_APPROVE
        return 200 if is_theirs else 403
    return 403


def seen(actor, target):
    """The apps that a list of the target has."""
    everything = {"socket", "admin"}
    some = {"token with the right", "SSO user with a role", "owner"}
    if target == MISSING:
        return []
    if actor in everything or (actor in some and target == OWN):
        return [target]
    return []


def hidden_from(actor):
    """The apps of which no list says anything to an actor."""
    return [path for path in (OWN, OTHERS) if path not in seen(actor, path)]


class MatrixTests(SynchronousTestCase):
    def setUp(self):
        self.numbers = count()
        self.house = House()
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        owner = Identity(user_id=OWNER, assurance=Assurance.SOCKET)
        for path in (OWN, OTHERS):
            new = example(CREATE_APP.query)
            body = type(new.body)(path=path, source_url="/src")
            creating = self.house.administration.perform_as(
                owner if path == OWN else Identity(user_id="admin", assurance=Assurance.SOCKET),
                CREATE_APP,
                type(new)(body=body),
            )
            self.successResultOf(creating)

    def ask(self, treq, headers, operation, target):
        """Ask so that nothing changes which the next one would miss."""
        parameters = {
            each.encode_name: target if each.encode_name.startswith("appPath") else "x"
            for each in operation.parameters
            if each.required or each.encode_name.startswith("appPath")
        }
        if any(each.encode_name == "dryRun" for each in operation.parameters):
            parameters["dryRun"] = "true"
        if operation.unanswered is not None:
            parameters["answer"] = "true"
        body = None
        if operation.body:
            content = to_builtins(example(operation.body))
            if operation is CREATE_APP:
                content |= {"path": target, "source_url": "/src"}
            if operation is CREATE_TOKEN:
                # A token that is for some apps makes none that is for all.
                content |= {"apps": [OWN]}
            if operation is CREATE_SECRET:
                content |= {"name": f"s{next(self.numbers)}"}
            body = json.dumps(content).encode()
        response = self.successResultOf(
            treq.request(
                operation.method,
                f"http://localhost/_clace{operation.path}",
                params=parameters,
                data=body,
                headers=headers,
            )
        )
        return response.code, self.successResultOf(response.text())

    def test_every_operation_has_expectations(self):
        """An operation whose rights nobody thought about is no part of the API."""
        self.assertEqual(set(KINDS), {operation.name for operation in OPERATIONS})

    def test_matrix(self):
        """Who may do what with which app is as it is written above, cell by cell."""
        wrong = {}
        for operation in OPERATIONS:
            actors = Actors(self.house, operation)
            kind = KINDS[operation.name]
            for actor, (treq, headers) in actors.ways.items():
                for target in TARGETS:
                    status, body = self.ask(treq, headers, operation, target)
                    want = expected(kind, operation.right, actor, target)
                    if not self.agrees(operation, status, want, target):
                        wrong[operation.name, actor, target] = (status, want, body[:200])
                    if operation.name == "list_apps" and want == 200 and status == 200:
                        found = [each["path"] for each in json.loads(body)["apps"]]
                        if found != seen(actor, target):
                            wrong[operation.name, actor, target] = (found, seen(actor, target))
                    if kind == LISTING and status == 200:
                        told = [
                            path for path in hidden_from(actor) if re.search(rf"{path}\b", body)
                        ]
                        if told:
                            wrong[operation.name, actor, target] = (told, body[:200])
        self.assertEqual(wrong, {}, "\n".join(map(str, wrong.items())))

    def agrees(self, operation, status, want, target):
        """Tell if a status is what is wanted: of what is allowed any but a refusal, and of a
        missing app that it is missing.
        """
        if want != 200:
            return status == want
        if (
            KINDS[operation.name] in {APPS, PROGRAMS}
            and target == MISSING
            and operation not in (CREATE_APP, SEND_SOURCE)
        ):
            return status == 404
        return status not in {401, 403, 500}

    def test_nothing_was_done(self):
        """What is refused leaves no trace: no app, no secret, no token, no stop."""
        for operation in OPERATIONS:
            actors = Actors(self.house, operation)
            before = len(self.house.tokens._rows.all())
            for actor in (
                "token without",
                "token without any grant",
                "SSO user without",
                "anonymous",
            ):
                for target in TARGETS:
                    self.ask(*actors.ways[actor], operation, target)
            self.assertEqual(self.house.stopped, [], operation.name)
            self.assertEqual(len(self.house.tokens._rows.all()), before, operation.name)
        stored = self.successResultOf(self.house.store.apps())
        self.assertEqual(
            sorted(str(app) for app in stored),
            sorted([OWN, OWN + "_cl_stage", OTHERS, OTHERS + "_cl_stage"]),
        )

    def test_rights_reach_no_further(self):
        """The right of one operation opens none whose right it is not, nor implies."""
        wrong = []
        for held in OPERATIONS:
            actors = Actors(self.house, held)
            for other in OPERATIONS:
                if implies(held.right, other.right) or KINDS[other.name] == LISTING:
                    continue
                for actor in ("token with the right", "SSO user with a role"):
                    status, _ = self.ask(*actors.ways[actor], other, OWN)
                    if status != 403:
                        wrong.append((held.right, other.name, actor, status))
        self.assertEqual(wrong, [])


def implies(held, wanted):
    """Tell if a right has another with it, as this API's operations use them."""
    implied = {
        Right.ADMIN: set(Right),
        Right.CONTAINER_MANAGE: {Right.CONTAINER_READ},
        Right.APP_UPDATE: {Right.APP_RELOAD, Right.APP_APPLY, Right.APP_READ},
        Right.CONFIG_READ: {Right.SERVER_READ},
    }
    return held == wanted or wanted in implied.get(held, ())
