"""Tests for ``clace.web.admin.api``, ``clace.web.admin.guard`` and ``clace.web.root``."""

import json
from base64 import b64encode
from functools import partial

from msgspec import to_builtins
from treq import collect
from treq.testing import RequestTraversalAgent, StubTreq
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http_headers import Headers
from zope.interface import implementer

from clace.admin_api.apps import CREATE_APP, LIST_APPS, CreateApp, NewApp
from clace.admin_api.catalogue import OPERATIONS
from clace.admin_api.declarations import EXPORT_APPS, SHOW_DRIFT
from clace.admin_api.operation import Right
from clace.admin_api.previews import LIST_PREVIEWS
from clace.admin_api.sync import LIST_SYNCS
from clace.admin_api.tokens import (
    CREATE_TOKEN,
    REVOKE_TOKEN,
    CreateToken,
    NamedToken,
    NewToken,
)
from clace.audit.fitting import fitted
from clace.client.administration import AdminClient
from clace.client.agents import AgentExchange
from clace.errors import BadRequest, LockedOut, NotAllowed, NotAuthenticated
from clace.interfaces import Decision, ICredentials
from clace.model.app import Demands, Permission
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope
from clace.model.wording import permission_text
from clace.operations.administration import Administration
from clace.web.admin.api import AdminAPI
from clace.web.admin.guard import ActingAs, AdminGuard, trusted
from clace.web.forwarded import TrustedProxies
from clace.web.http1.answering import own_fields
from clace.web.root import RootResource
from tests.operations.house import House, app_star
from tests.operations.test_administration import GIT
from tests.support.administration_contract import FETCHES, RUNS, AdministrationContract
from tests.support.audit_contract import event as audit_entry
from tests.support.audit_contract import maker_into
from tests.support.memory_administration import MemoryAdministration
from tests.support.queries import example
from tests.support.web import Served, SiteTreq

BROWSERS = (
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin"},
    {"Cookie": "a=b"},
    {"Content-Type": "text/plain"},
)

GRANT = Grant(users=("group:ops",), roles=("clace-user",), targets=("/x",))


@implementer(ICredentials)
class OnePassword:
    """Lets ``admin`` in with ``right``, and nobody from an address that is locked."""

    locked = ""

    async def check(self, user, password, address):
        if address == self.locked:
            raise LockedOut("too many failures", 900)
        if (user, password) != ("admin", "right"):
            raise NotAuthenticated("Unauthorized")
        return user


class Events(list):
    """An audit log that can be read."""

    record = list.append


class Holding:
    """Decides by one set of rights, wherever they are asked for."""

    def __init__(self, rights):
        self.rights = rights

    def decide(self, _identity, permission, _target=""):
        return Decision(permission in self.rights)

    def authorise(self, identity, permission, target=""):
        if permission not in self.rights:
            raise NotAllowed(
                f"unauthorized: user {identity.user_id} does not have permission {permission}"
                f" on {target or 'server'}"
            )


def holding(administration, rights):
    """A user with these rights, and no others, in the administration."""
    administration.authorisation = Holding(rights)
    return Identity(user_id="jo", assurance=Assurance.PASSWORD)


def admitting(identity):
    """A guard that admits everybody as one user."""

    async def guard(_request):
        return identity

    return guard


def api(administration, guard=trusted, audit=None):
    return AdminAPI(
        administration,
        guard,
        maker_into(Events() if audit is None else audit),
        clock=Clock(),
        new_id=lambda: "i1",
        version="1",
    )


class Revoking:
    """An administration whose stream goes on after its caller's token was revoked."""

    def __init__(self, revoke, *then):
        self.revoke, self.then = revoke, then

    async def stream_as(self, _identity, _operation, _query):
        yield (audit_entry(1),)
        await self.revoke()
        yield self.then
        raise AssertionError("asked for more")


class AdminOverHTTPTests(AdministrationContract, SynchronousTestCase):
    """The whole contract, through client, HTTP and the table of routes."""

    def make_administration(self):
        self.kept = MemoryAdministration()
        agent = RequestTraversalAgent(RootResource(api(self.kept).resource(), None))
        exchange = AgentExchange(agent, Clock(), "http://localhost")
        return AdminClient(exchange, "http://localhost")

    def put_source(self, name, demands):
        self.kept.sources[f"/src/{name}"] = demands
        return f"/src/{name}"


class AdminAPITests(SynchronousTestCase):
    def setUp(self):
        self.audit = Events()
        self.credentials = OnePassword()
        self.kept = MemoryAdministration()
        guard = AdminGuard(self.credentials, self.kept.tokens, TrustedProxies(), ["localhost"])
        admin = api(self.kept, guard, self.audit).resource()
        self.treq = StubTreq(RootResource(admin, None))

    def ask(self, method, path, login="admin:right", host="localhost", data=None, **headers):
        if login:
            headers["Authorization"] = "Basic " + b64encode(login.encode()).decode()
        response = self.successResultOf(
            self.treq.request(method, f"http://{host}/_clace{path}", headers=headers, data=data)
        )
        return response, self.successResultOf(response.text())

    def create(self, path):
        self.kept.sources["/src"] = RUNS
        new = CreateApp(NewApp(path=path, source_url="/src"), approve=True)
        self.successResultOf(self.kept.perform(CREATE_APP, new))

    def test_every_route_asks_for_credentials(self):
        """No credentials, wrong ones and malformed ones are one plain 401, everywhere."""
        for route in (*((r.method, r.path) for r in OPERATIONS), ("GET", "/openapi.json")):
            for login in (None, "admin:wrong", "nobody:right", "admin"):
                response, body = self.ask(*route, login=login)
                self.assertEqual(response.code, 401, route)
                self.assertEqual(json.loads(body)["error"], "not_authenticated")
                (challenge,) = response.headers.getRawHeaders("www-authenticate")
                self.assertNotIn("basic", challenge.lower())

    def test_every_route_is_served(self):
        """Each route of the table is there: with credentials none is 404 or 405."""
        for route in OPERATIONS:
            answered = "?answer=true" if route.path == "/stop" else ""
            response, body = self.ask(route.method, route.path + answered)
            self.assertIn(response.code, {200, 400}, (route.path, body))

    def test_every_operation_needs_its_right(self):
        """A user without the right of an operation is told so, and the attempt is recorded; the
        list of apps is silent about those that the user may not see.
        """
        house = House()
        house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        self.successResultOf(house.create("/x", "/src"))
        guard = admitting(Identity(user_id="jo", assurance=Assurance.PASSWORD))
        for operation in OPERATIONS:
            audit = Events()
            everything_else = Holding(set(Right) - {operation.right})
            administration = Administration(everything_else, *house.nouns)
            treq = StubTreq(RootResource(api(administration, guard, audit).resource(), None))
            query = example(operation.query)
            parameters = {each.encode_name: "/x" for each in operation.parameters if each.required}
            body = json.dumps(to_builtins(query.body)) if operation.body else None
            if operation is CREATE_APP:
                body = body.replace('"x"', '"/new"')
            url = f"http://localhost/_clace{operation.path}"
            response = self.successResultOf(
                treq.request(operation.method, url, params=parameters, data=body and body.encode())
            )
            text = self.successResultOf(response.text())
            if operation is EXPORT_APPS:
                self.assertEqual((response.code, "app(path" in text), (200, False))
                continue
            if operation in (LIST_APPS, LIST_PREVIEWS, SHOW_DRIFT, LIST_SYNCS):
                self.assertEqual(list(json.loads(text).values()), [[]])
                continue
            self.assertEqual(response.code, 403, (operation.name, text))
            self.assertIn(f"does not have permission {operation.right} on", text)
            kept = [(event.operation, event.user_id, event.status) for event in audit]
            self.assertEqual(kept, [(operation.name, "jo", "Failed")], operation.name)

    def test_options_need_their_rights(self):
        """Who may reload or create may not thereby approve or promote."""
        kept = MemoryAdministration()
        kept.sources["/src"] = RUNS
        new = b'{"path": "/x", "source_url": "/src"}'
        for option, right in (("approve", Right.APP_APPROVE), ("promote", Right.APP_PROMOTE)):
            guard = admitting(holding(kept, set(Right) - {right}))
            treq = StubTreq(RootResource(api(kept, guard).resource(), None))
            paths = [("/reload?appPathGlob=all", b"")]
            if option == "approve":
                paths.append(("/app?dryRun=true", new))
            else:
                paths.append(("/update_param?appPathGlob=all&paramName=size&paramValue=1", b""))
            for path, body in paths:
                for given, status in ((f"&{option}=false", 200), (f"&{option}=true", 403)):
                    url = f"http://localhost/_clace{path}{given}"
                    response = self.successResultOf(treq.post(url, data=body))
                    self.assertEqual(response.code, status, url)

    def test_a_right_is_enough(self):
        """A user with the right of an operation only may use it."""
        reader = holding(self.kept, {Right.APP_READ})
        treq = StubTreq(RootResource(api(self.kept, admitting(reader)).resource(), None))
        response = self.successResultOf(treq.get("http://localhost/_clace/apps"))
        self.assertEqual(response.code, 200)

    def test_tokens_are_recorded(self):
        """What was done by a token says so in the audit log."""
        self.create("/x")
        audit = Events()
        identity = Identity(
            user_id="admin",
            assurance=Assurance.TOKEN,
            token_id="tok_1",
            scope=Scope(permissions=("app:reload",)),
        )
        treq = StubTreq(RootResource(api(self.kept, admitting(identity), audit).resource(), None))
        for path, status, detail in (
            ("/reload?appPathGlob=all", 200, "tok_1; updated"),
            ("/approve?appPathGlob=all", 403, "tok_1; unauthorized: user admin does not have"),
        ):
            response = self.successResultOf(treq.post(f"http://localhost/_clace{path}"))
            self.assertEqual(response.code, status, path)
            self.assertIn(detail, audit.pop().detail)

    def test_acting_as_a_user(self):
        """The administrator may act as a user, with no more than that user's rights."""
        self.create("/x")
        kept = self.kept.authorisation
        kept.replace(Policy(enabled=True, grants=(GRANT,)), "admin")
        audit = Events()
        for guard in (trusted, admitting(Identity(user_id="admin", assurance=Assurance.PASSWORD))):
            acting = ActingAs(guard, kept, lambda user: ("ops",) if user == "builtin:jo" else ())
            treq = StubTreq(RootResource(api(self.kept, acting, audit).resource(), None))
            for user, found in (("builtin:jo", 1), ("builtin:al", 0)):
                response = self.acting(treq.get, "/apps", user)
                self.assertEqual(len(self.json(response)["apps"]), found)
                response = self.acting(treq.post, "/approve?appPathGlob=/x", user)
                self.assertEqual(response.code, 403)
                event = audit.pop()
                self.assertEqual(event.user_id, user)
                self.assertIn("admin acts as this user; unauthorized", event.detail)
            for user in ("", " ", ("a", "b")):
                self.assertEqual(self.acting(treq.get, "/apps", user).code, 400)
            kept.replace(Policy(), "admin")
            self.assertEqual(self.acting(treq.get, "/apps", "builtin:jo").code, 400)
            kept.replace(Policy(enabled=True, grants=(GRANT,)), "admin")

    def test_acting_as_nobody(self):
        """An id that nobody can sign in with is refused; visitors without a sign-in have one."""
        kept = self.kept.authorisation
        kept.replace(Policy(enabled=True), "admin")

        def check(user_id):
            raise BadRequest(f"nobody is {user_id}")

        acting = ActingAs(trusted, kept, lambda _user: (), check)
        treq = StubTreq(RootResource(api(self.kept, acting).resource(), None))
        response = self.acting(treq.get, "/apps", "zzz")
        self.assertEqual(response.code, 400)
        self.assertEqual(self.json(response)["message"], "nobody is zzz")
        self.assertEqual(self.acting(treq.get, "/apps", "anonymous").code, 200)

    def test_only_administrators_act_as_others(self):
        """Neither a token nor another user may act as somebody."""
        kept = self.kept.authorisation
        kept.replace(Policy(enabled=True), "admin")
        scope = Scope(permissions=("admin",))
        token = Identity(user_id="admin", assurance=Assurance.TOKEN, token_id="t", scope=scope)
        for identity in (token, Identity(user_id="builtin:jo", assurance=Assurance.PASSWORD)):
            acting = ActingAs(admitting(identity), kept, lambda _user: ())
            treq = StubTreq(RootResource(api(self.kept, acting).resource(), None))
            self.assertEqual(self.acting(treq.get, "/apps", "admin").code, 403)

    def acting(self, method, path, user):
        """Ask as the user, or the users."""
        names = [user] if isinstance(user, str) else list(user)
        headers = Headers({"X-Clace-As-User": names})
        return self.successResultOf(method(f"http://localhost/_clace{path}", headers=headers))

    def json(self, response):
        return json.loads(self.successResultOf(response.text()))

    def test_tokens_over_tcp(self):
        """A token is taken in place of the password, for what it was granted and no more."""
        self.create("/x")
        new = CreateToken(NewToken(grants=("app:read",), apps=("/x",)))
        created = self.successResultOf(self.kept.perform(CREATE_TOKEN, new))
        for scheme in ("Bearer", "bearer", "BEARER"):
            response, body = self.ask_by(f"{scheme} {created.secret}", "GET", "/apps")
            self.assertEqual((response.code, len(json.loads(body)["apps"])), (200, 1))
        response, body = self.ask_by(f"Bearer {created.secret}", "DELETE", "/app?appPathGlob=/x")
        self.assertEqual(response.code, 403)
        self.assertIn(f"app:delete on /x (token {created.id})", json.loads(body)["message"])
        for other in (created.secret[:-1], created.secret[:-1] + "-", "clace_", "other"):
            response, _ = self.ask_by(f"Bearer {other}", "GET", "/apps")
            self.assertEqual(response.code, 401, other)
        self.successResultOf(self.kept.perform(REVOKE_TOKEN, NamedToken(created.id)))
        response, _ = self.ask_by(f"Bearer {created.secret}", "GET", "/apps")
        self.assertEqual(response.code, 401)

    def test_streams_end_with_their_token(self):
        """Nothing more comes to a client whose token was revoked in the middle of its answer."""
        self.streams_end(audit_entry(2))

    def test_silent_streams_end_with_their_token(self):
        """One of which nothing comes ends when its source has looked for more and found none."""
        self.streams_end()

    def streams_end(self, *then):
        new = CreateToken(NewToken(grants=("admin",)))
        created = self.successResultOf(self.kept.perform(CREATE_TOKEN, new))
        revoke = partial(self.kept.perform, REVOKE_TOKEN, NamedToken(created.id))
        guard = AdminGuard(self.credentials, self.kept.tokens, TrustedProxies(), ["localhost"])
        admin = api(Revoking(revoke, *then), guard, self.audit).resource()
        self.treq = StubTreq(RootResource(admin, None))
        authorization = {"Authorization": f"Bearer {created.secret}"}
        url = "http://localhost/_clace/audit/export"
        response = self.successResultOf(self.treq.get(url, headers=authorization))
        got = []
        self.failureResultOf(collect(response, got.append))
        self.assertEqual(
            [json.loads(line)["rid"] for line in b"".join(got).splitlines()], ["rid_1"]
        )
        self.assertEqual(len(self.flushLoggedErrors(NotAuthenticated)), 1)

    def test_tokens_are_for_no_browser(self):
        """A browser is refused with a token as it is with a password."""
        created = self.successResultOf(
            self.kept.perform(CREATE_TOKEN, CreateToken(NewToken(grants=("admin",))))
        )
        for headers in BROWSERS:
            response, _ = self.ask_by(f"Bearer {created.secret}", "GET", "/apps", **headers)
            self.assertEqual(response.code, 403)

    def ask_by(self, authorization, method, path, **headers):
        headers["Authorization"] = authorization
        return self.ask(method, path, login=None, **headers)

    def test_lockout(self):
        """Who is locked out is told for how long."""
        self.credentials.locked = "127.0.0.1"
        response, _ = self.ask("GET", "/apps")
        self.assertEqual(response.code, 429)
        self.assertEqual(response.headers.getRawHeaders("retry-after"), ["900"])

    def test_refuses_other_hosts(self):
        """A name that is not this server's is refused before a password is looked at."""
        response, body = self.ask("GET", "/apps", host="evil.example")
        self.assertEqual(response.code, 403)
        self.assertIn("evil.example", body)
        (event,) = self.audit
        self.assertEqual((event.operation, event.target), ("access_denied", "list_apps"))
        self.assertEqual((event.status, event.user_id), ("Failed", "anonymous"))
        response, _ = self.ask("GET", "/apps", host="192.0.2.1")
        self.assertEqual(response.code, 200)

    def test_refuses_browsers(self):
        """No route takes what a browser sent, not from its own origin and not with a password."""
        for route in (*((r.method, r.path) for r in OPERATIONS), ("GET", "/openapi.json")):
            for headers in BROWSERS:
                response, body = self.ask(*route, **headers)
                self.assertEqual(response.code, 403, (route, headers))
                self.assertEqual(json.loads(body)["error"], "not_allowed")

    def test_refuses_browsers_on_the_socket(self):
        """A page that reaches the socket through something in between is refused there too."""
        treq = StubTreq(RootResource(api(MemoryAdministration()).resource(), None))
        for headers in BROWSERS:
            response = self.successResultOf(
                treq.post("http://x/_clace/promote?appPathGlob=all", headers=headers)
            )
            self.assertEqual(response.code, 403, headers)

    def test_only_reads_are_a_get(self):
        """What a link or an image of a page can ask for changes nothing and reveals no secret."""
        read = {route.name for route in OPERATIONS if route.method == "GET"}
        self.assertEqual(
            read,
            {
                *("list_apps", "get_app", "show_app", "list_secrets", "get_secret"),
                *("list_previews", "list_syncs", "show_drift", "export_apps", "pretty_print"),
                "list_webhooks",
                *("list_versions", "list_files", "read_file", "verify_file", "compare_versions"),
                *("list_lockouts", "list_users", "list_tokens", "server_status"),
                *("check_permission", "list_holders", "read_log"),
                *("list_audit", "export_audit", "verify_audit", "list_sessions"),
            },
        )
        self.assertLessEqual({route.method for route in OPERATIONS}, {"GET", "POST", "DELETE"})
        self.ask("POST", "/secret", data=b'{"name": "a", "value": "hunter2"}')
        for path in ("/secret?name=a", "/secret?name=a&reveal=true"):
            self.assertNotIn("hunter2", self.ask("GET", path)[1])
        self.assertEqual(self.ask("GET", "/secret?name=a&reveal=true")[0].code, 400)
        self.assertIn("hunter2", self.ask("POST", "/secret/reveal?name=a")[1])
        self.assertEqual(self.audit[-1].operation, "reveal_secret")

    def test_records_changes(self):
        """What may change something is in the audit log, with who asked and how it ended."""
        self.ask("GET", "/apps")
        self.ask("DELETE", "/app?appPathGlob=/x*&dryRun=true")
        self.ask("POST", "/app?approve=true")
        (event,) = self.audit
        self.assertEqual(
            (event.operation, event.target, event.status, event.user_id, event.create_time),
            ("delete_apps_dryrun", "/x*", "Success", "admin", 1_500_000_000),
        )

    def test_records_what_was_cleared(self):
        """Who lets others try again is recorded, with the address and user that it is about."""
        self.ask("DELETE", "/lockouts?address=192.0.2.1&user=jo")
        self.ask("DELETE", "/lockouts")
        kept = [(event.operation, event.target, event.status) for event in self.audit]
        self.assertEqual(
            kept,
            [
                ("clear_lockouts", "jo from 192.0.2.1", "Failed"),
                ("clear_lockouts", "all", "Success"),
            ],
        )

    def test_records_what_was_created(self):
        """The app that somebody wanted to create is named, also if it could not be."""
        self.ask("POST", "/app", data=b'{"path": "/x", "source_url": "/nowhere"}')
        (event,) = self.audit
        self.assertEqual(
            (event.operation, event.target, event.status), ("create_app", "/x", "Failed")
        )

    def test_records_each_app_that_changed(self):
        """An event for each app: its id, path and version, what was approved, and by whom."""
        self.kept.sources["/src"] = FETCHES
        self.ask("POST", "/app?approve=true", data=b'{"path": "/x", "source_url": "/src"}')
        production, staging = self.audit
        self.assertEqual((production.target, staging.target), ("/x", "/x_cl_stage"))
        self.assertEqual(production.rid, staging.rid)
        for event in self.audit:
            self.assertEqual(
                (event.operation, event.status, event.user_id), ("create_app", "Success", "admin")
            )
            self.assertEqual(
                event.detail,
                "created, version 1; approved plugin exec.in; approved plugin http.in; approved"
                " exec.in.run [ls -l] READ; approved http.in.get [https://example.com] secrets=a",
            )
        self.assertTrue(production.app_id.startswith("app_prd_"))
        del self.audit[:]
        self.kept.sources["/src"] = RUNS
        self.ask("POST", "/reload?appPathGlob=all")
        self.ask("POST", "/promote?appPathGlob=all&dryRun=true")
        self.ask("POST", "/promote?appPathGlob=all")
        self.ask("DELETE", "/app?appPathGlob=all")
        lost = "no longer approved plugin http.in; no longer approved http.in.get"
        lost += " [https://example.com] secrets=a"
        self.assertEqual(
            [(event.operation, event.target, event.detail) for event in self.audit],
            [
                ("reload_apps", "/x_cl_stage", f"updated, version 2; was version 1; {lost}"),
                ("promote_apps_dryrun", "all", ""),
                ("promote_apps", "/x", f"updated, version 2; was version 1; {lost}"),
                ("delete_apps", "/x_cl_stage", "deleted, version 2"),
                ("delete_apps", "/x", "deleted, version 2"),
            ],
        )

    def test_records_a_preview_that_needs_approval(self):
        """Such a preview is answered without an error; the log says that nothing was created."""
        house, audit = House(), Events()
        house.sources.put_commit(GIT, {"app.star": app_star(Demands())})
        self.successResultOf(house.create("/x", GIT))
        commit = house.sources.put_commit(GIT, {"app.star": app_star(RUNS)})
        treq = StubTreq(RootResource(api(house.administration, audit=audit).resource(), None))
        url = f"http://localhost/_clace/preview?appPath=/x&commitId={commit}"
        response = self.successResultOf(treq.post(url))
        self.assertEqual(response.code, 200)
        (event,) = audit
        self.assertEqual(
            (event.operation, event.target, event.status, event.detail),
            (
                "create_preview",
                f"/x {commit}",
                "Failed",
                "it needs approval, and nothing was created",
            ),
        )

    def test_records_long_approvals_whole(self):
        """An approval that fills more than one row of the log goes on in the next."""
        permissions = tuple(Permission("fs.in", "list", ("x" * 999, str(n))) for n in range(9))
        self.kept.sources["/src"] = Demands((), permissions)
        self.ask("POST", "/app?approve=true", data=b'{"path": "/x", "source_url": "/src"}')
        texts = [event.detail for event in self.audit if event.target == "/x"]
        self.assertEqual([fitted(event) for event in self.audit], self.audit)
        self.assertEqual(len(texts), 3)
        whole = texts[0] + "".join(text.removeprefix("continued: ") for text in texts[1:])
        for one in permissions:
            self.assertIn(permission_text(one), whole)

    def test_describes_itself(self):
        """The OpenAPI document is served as JSON."""
        response, body = self.ask("GET", "/openapi.json")
        self.assertEqual(response.headers.getRawHeaders("content-type"), ["application/json"])
        self.assertEqual(json.loads(body)["openapi"], "3.1.0")

    def test_refuses_what_it_does_not_know(self):
        """A field or a parameter that an operation does not know is refused by its name."""
        for route in (*((r.method, r.path) for r in OPERATIONS), ("GET", "/openapi.json")):
            response, body = self.ask(*route[:1], f"{route[1]}?bindings=x")
            self.assertEqual(response.code, 400, route)
            self.assertIn("unknown query parameter bindings", body)
        required = {"path": "/x", "source_url": "/x", "value": "v"}
        for route in OPERATIONS:
            known = route.body.__struct_fields__ if route.body else ()
            fields = {name: value for name, value in required.items() if name in known}
            data = json.dumps({**fields, "bindings": []}).encode()
            queries = "&".join(
                f"{field.encode_name}=x" for field in route.parameters if field.required
            )
            response, body = self.ask(route.method, f"{route.path}?{queries}", data=data)
            self.assertEqual(response.code, 400, (route.path, body))
            self.assertIn("unknown field bindings", json.loads(body)["message"])
        self.assertEqual(self.audit, [])

    def test_takes_a_body_that_says_nothing(self):
        """Clients of 2025 send null where there is nothing to say."""
        for data in (b"", b"null\n", b"{}"):
            response, body = self.ask("POST", "/reload?appPathGlob=all", data=data)
            self.assertEqual(response.code, 200, body)

    def test_a_parameter_given_twice_is_refused(self):
        """Which of the two would count is not guessed."""
        response, body = self.ask("DELETE", "/app?appPathGlob=/x&appPathGlob=/y")
        self.assertEqual(response.code, 400)
        self.assertIn("more than once", body)


class OneApp:
    """Answers every request."""

    def serve(self, request):
        request.answer(200, own_fields((("Content-Type", "text/plain"),)), b"an app")


class RootTests(SynchronousTestCase):
    def ask(self, path, admin=None, apps=None):
        treq = SiteTreq(Served(RootResource(admin, apps)).site)
        response = self.successResultOf(treq.get("http://localhost" + path))
        return response.code, self.successResultOf(response.text())

    def test_health_needs_nothing(self):
        """The health page answers where there is no admin API."""
        self.assertEqual(self.ask("/_clace/health"), (200, "OK"))

    def test_addresses_within_an_app_at_the_top(self):
        """What the server serves within each app is served within the one at ``/`` too."""
        apps = OneApp()
        for path in ("/_clace_app/sse", "/_openrun_app/file/x", "/static/a.css"):
            self.assertEqual(self.ask(path, apps=apps), (200, "an app"), path)
        self.assertEqual(self.ask("/_clace_webhook/x", apps=apps)[0], 404)

    def test_admin_is_off(self):
        """Without an admin API its routes are not there, with the text clients know."""
        for path in ("/_clace/apps", "/_clace", "/_clace/", "/_clace_webhook/reload", "/x"):
            self.assertEqual(self.ask(path), (404, "404 page not found"), path)
