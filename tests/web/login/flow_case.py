"""A server in memory with one app, and browsers that sign in to it."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from twisted.internet.task import Clock

from clace.audit.events import AuditEvents
from clace.identity.sessions import SignInRules
from clace.model.app import App, AppSettings
from clace.model.traffic import AppResponse
from clace.web.apps.open_requests import OpenRequests
from clace.web.apps.request_audit import RequestAudits
from clace.web.apps.served import ServedApps, Transfers
from clace.web.forwarded import TrustedProxies
from clace.web.login.flow import Places, SignInFlow
from clace.web.login.leaving import SignOutFlow
from clace.web.login.reactor_turns import ReactorTurns
from clace.web.login.routes import OurRoutes
from clace.web.login.states import PendingSignIns
from clace.web.login.steps import sign_in_steps
from clace.web.root import RootResource
from tests.support.sign_in import (
    MemoryProvider,
    MemorySessionRows,
    OneAccount,
    app_access,
    app_authentication,
    make_sessions,
)
from tests.support.web import Served, SiteTreq
from tests.web.test_apps import DEFAULT_EDGE, AppsCase

BROWSER = {"Accept": "text/html,*/*;q=0.8"}
APP = "https://apps.example"
LOGIN = "https://auth.apps.example"


class Answer:
    """A response with its body."""

    def __init__(self, response, body):
        self.status = response.code
        self.headers = response.headers
        self.text = body.decode()

    def header(self, name):
        values = self.headers.getRawHeaders(name) or []
        assert len(values) < 2, values
        return values[0] if values else None

    @property
    def location(self):
        return self.header("location")

    @property
    def state(self):
        """The state in the address that the browser is sent to, or in the form."""
        if self.location:
            return parse_qs(urlsplit(self.location).query)["state"][0]
        return re.search(r'name="state" value="([^"]+)"', self.text)[1]


class FlowCase(AppsCase):
    """A server with one app, whose setting is ``setting``, and browsers that keep cookies."""

    setting = "system"
    app_origin, login_origin = APP, LOGIN

    def setUp(self):
        super().setUp()
        self.account = OneAccount()
        self.provider, self.other = self.make_providers()
        self.rows = MemorySessionRows()
        self.events = AuditEvents(self.audit, self.ration, lambda: 2.0, lambda: "i1")
        self.clock = Clock()
        self.clock.advance(1000)
        self.sessions = make_sessions(self.rows, self.clock)
        self.factors = None
        self.auth = app_authentication(
            self.account,
            *self.more_accounts(),
            self.provider,
            self.other,
            sessions=self.sessions,
            factors=self.factors,
            rules=SignInRules(login_host="auth.apps.example", provider_host="apps.example"),
            **self.more_settings(),
        )
        self.places = Places(login_host="auth.apps.example", callback_url=APP)
        self.pending = PendingSignIns(self.clock)
        self.sessions.follow_choices(self.pending.end_chosen)
        self.flow = SignInFlow(
            self.auth,
            self.sessions,
            self.pending,
            self.places,
            self.events,
            86_400,
        )
        self.open_requests = OpenRequests(self.clock, self.sessions)
        self.access = app_access(
            self.auth, depart=self.flow.depart, open_requests=self.open_requests
        )
        proxies = TrustedProxies(["127.0.0.1", "192.168.1.1"])
        self.site = Served(self.root()).make_site(proxies=proxies)
        self.apps.find = lambda _host, _path: App(
            id="app_prd_1", path="/a", settings=AppSettings(authn_type=self.setting)
        )
        self.browser = self.new_browser()

    async def keys(self):
        """The keys of identity tokens."""
        return AppResponse(body=b'{"keys":[]}')

    def new_browser(self):
        return Browser(self)

    def more_accounts(self):
        """Accounts beside the administrator's."""
        return ()

    def more_settings(self):
        """Kinds of settings beside sign-ins, and servers that are asked besides."""
        return {}

    def more_steps(self):
        """Steps beside those of signing in and out."""
        return {}

    def make_providers(self):
        """``github`` and ``saml_corp``."""
        other = MemoryProvider("saml_corp", "Corp", fields=(("SAMLRequest", "<r>"),))
        return MemoryProvider(), other

    def root(self):
        served = ServedApps(
            self.apps,
            self.apps,
            self.access,
            Transfers(self.downloads, None),
            RequestAudits(self.ration, self.failures, lambda: 2.0, lambda: "i1"),
            lambda _app: DEFAULT_EDGE,
        )
        leaving = SignOutFlow(self.auth, self.sessions, self.pending, self.events)
        self.steps = sign_in_steps(self.flow, leaving, self.keys) | self.more_steps()
        routes = OurRoutes(self.steps, "auth.apps.example", lambda: "i1", ReactorTurns(self.clock))
        return RootResource(None, served, routes)

    def refused_sign_ins(self):
        """What the audit log says of sign-ins that failed."""
        return [
            event.detail
            for event in self.audit
            if event.operation == "sign_in" and event.status in {"Failed", "Refused"}
        ]

    def sent_to_sign_in(self, path="/a/x?y=1", browser=None, **headers):
        """The answer of the app to a browser without a session."""
        answer = (browser or self.browser).get(f"{self.app_origin}{path}", **headers)
        self.assertEqual(answer.status, 303)
        return answer

    def form(self, state, user="admin", password="right", name="system", **others):
        fields = {"state": state, f"{name}-username": user, f"{name}-password": password}
        return self.browser.post(f"{self.login_origin}/_clace/auth/login/{name}", fields | others)

    def signed_in(self, path="/a/x?y=1"):
        """The browser after a whole sign-in by the form; the last answer of it."""
        state = self.sent_to_sign_in(path).state
        proved = self.form(state)
        return self.browser.get(proved.location)


class Browser:
    """Keeps cookies for each host, as far as their names and ages say."""

    def __init__(self, case):
        self._case = case
        self.jars = {}

    def get(self, url, **headers):
        return self._ask("GET", url, headers)

    def post(self, url, fields, **headers):
        return self.post_text(url, urlencode(fields), **headers)

    def post_text(self, url, encoded, **headers):
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", url, form | headers, encoded.encode())

    def _ask(self, method, url, headers, data=None):
        case, parts = self._case, urlsplit(url)
        jar = self.jars.setdefault(parts.hostname, {})
        sent = {"X-Forwarded-Proto": parts.scheme, "X-Forwarded-For": "203.0.113.9"} | BROWSER
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        treq = SiteTreq(case.site)
        plain = url.replace("https://", "http://")
        options = {"headers": sent, "data": data, "allow_redirects": False}
        asked = treq.request(method, plain, **options)
        treq.flush()
        response = case.successResultOf(asked)
        for line in response.headers.getRawHeaders("set-cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            jar[name] = value
            if "Max-Age=0" in line:
                del jar[name]
        return Answer(response, case.successResultOf(response.content()))
