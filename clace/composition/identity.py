"""The rooms of identity: sessions, the ways to begin one, and what apps ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from clace.composition.data import Data
from clace.composition.elsewhere import Elsewhere
from clace.composition.identity_tokens import AppTokens
from clace.identity import AppAuthentication, check_user
from clace.identity.sessions import (
    SIGNED_OUT,
    SessionLimits,
    SessionRechecks,
    Sessions,
    SignInRules,
)
from clace.interfaces import ISignInProvider, Session, SessionChoice, Way
from clace.model import App, Assurance, Identity, deeds, host_name
from clace.threads import ThreadPool
from clace.web.apps import (
    AppAccess,
    AppRights,
    ForwardedApps,
    OpenRequests,
    TokensForApps,
    Visitors,
)
from clace.web.login import (
    AccountSteps,
    OurRoutes,
    PendingSignIns,
    Places,
    ReactorTurns,
    SecondStep,
    SignInFlow,
    SignOutFlow,
    sign_in_steps,
)

log = Logger()


class Identities:
    """Everybody who may come in, and by which way."""

    def __init__(self, data: Data, reactor: Any) -> None:
        self._data = data
        security = data.config.security
        self.threads = ThreadPool(reactor, "sessions", 2)
        self.elsewhere = Elsewhere(data.config, reactor)
        self.login_host = login_host(
            security.auth_callback_domain, data.config.system.default_domain
        )
        self.sessions = Sessions(
            data.session_rows,
            self.threads.run,
            reactor,
            SessionLimits(max_age=security.session_max_age, idle=security.session_idle),
            data.stored_secrets,
        )
        self._events = data.events
        self.sessions.tell_end = self._record_end
        data.people.users.changed = data.people.factors.changed = self._end_sessions
        # Replaced as soon as apps are known.
        self.is_named: Callable[[str], bool] = lambda _name: False
        callback_url = security.callback_url
        self._provider_host = host_name(callback_url.partition("://")[2].partition("/")[0])
        rules = SignInRules(
            login_host=self.login_host,
            provider_host=self._provider_host,
            disable_form=security.disable_login_form,
            https_only=security.session_https_only,
            is_named=self._has_name,
        )
        self.auth = AppAuthentication(
            self._ways(data),
            self.sessions,
            rules,
            default=security.app_default_auth_type,
            kinds=(self.elsewhere.certificate_kind(data.events),),
            forwards=data.config.forward,
            required=security.auth_required,
        )
        self.sessions.judge(self.auth.current)
        pending = PendingSignIns(reactor)
        self.sessions.follow_choices(pending.end_chosen)
        self.flow = SignInFlow(
            self.auth,
            self.sessions,
            pending,
            Places(login_host=self.login_host, callback_url=callback_url),
            data.events,
            security.session_max_age,
        )
        self.app_tokens = AppTokens(data, reactor, self.threads.run)
        self.open_requests = OpenRequests(reactor, self.sessions)
        data.tokens.follow(self.open_requests.tokens_ended)
        self._rights = AppRights(data.authorisation, data.events)
        self.access = AppAccess(
            self.auth,
            self._rights,
            TokensForApps(data.tokens, lambda app: data.settings_of(app).security.api_tokens),
            self.flow.depart,
            self.open_requests,
            Visitors(data.authorisation, self.app_tokens.issue),
            ForwardedApps(self.auth, self.elsewhere.forward_servers()),
        )
        self.rechecks = SessionRechecks(
            self.sessions, self.auth, reactor, security.sso_recheck_mins * 60
        )
        self.rechecks.is_open = self.open_requests.has
        leaving = SignOutFlow(self.auth, self.sessions, pending, data.events)
        people = data.people
        second = SecondStep(self.flow, pending, self.auth, people.factors, data.events)
        account = AccountSteps(
            self.flow, self.auth, people.users, people.accounts, people.factors, data.events
        )
        steps = (
            sign_in_steps(self.flow, leaving, self.app_tokens.published)
            | second.steps()
            | account.steps()
        )
        self.routes = OurRoutes(steps, self.login_host, data.new_id, ReactorTurns(reactor))

    def _record_end(self, session: Session, reason: str) -> None:
        """Record the end of a session, unless its user signed out, which is recorded as such."""
        if reason != SIGNED_OUT:
            user = session.identity.user_id
            self._events.record(deeds.session_ended(user, session.name, reason))

    def _has_name(self, name: str) -> bool:
        return name == self._provider_host or self.is_named(name)

    def check_user(self, user_id: str) -> None:
        """:raises BadRequest: if nobody can sign in with this id."""
        if user_id != self._data.authorisation.administrator:
            check_user(self.auth, user_id)
            # A user of this server's own has to exist.
            self._data.groups_of(user_id)

    def apps_changed(self, apps: Iterable[App]) -> None:
        """Close the open requests to apps whose owner or auth setting would not admit them now."""
        now = {app.id: app for app in apps}
        self.open_requests.close(
            lambda identity, app: app.id in now and not self._admits(now[app.id], identity, app),
            "the app does not admit them any more",
        )

    def _admits(self, now: App, identity: Identity, app: App) -> bool:
        in_effect = self.auth.in_effect
        same = in_effect(now.settings.authn_type) == in_effect(app.settings.authn_type)
        return same and self._rights.may_open(identity, now)

    def roles_changed(self) -> None:
        """Close the open requests of users who may not be there any more."""
        self.open_requests.close(
            lambda identity, app: not self._rights.may_open(identity, app),
            "roles or grants have changed",
        )

    async def users_changed(self) -> None:
        """End the sessions and open requests of users who are not what they were."""
        self.open_requests.close(is_by_password, "the password may have changed")
        await self.sessions.review()

    def _end_sessions(self, user_id: str) -> None:
        self.open_requests.close(
            lambda identity, _: identity.user_id == user_id, "the user has changed"
        )
        choice = SessionChoice(user_id=user_id)
        ended = Deferred.fromCoroutine(self.sessions.end(choice, "the user has changed"))
        ended.addErrback(lambda failure: log.failure("Sessions did not end", failure))

    def _ways(self, data: Data) -> tuple[Way, ...]:
        """Every way to sign in, in the order in which a page offers them."""
        accounts = (data.account, data.people.accounts)
        providers: tuple[ISignInProvider, ...] = (
            *self.elsewhere.oauth_providers(),
            *self.elsewhere.saml_providers(),
        )
        return (
            *(
                Way(name=one.name, title=one.title, accounts=one, factors=data.people.factors)
                for one in accounts
            ),
            *(Way(name=one.name, title=one.title, provider=one) for one in providers),
        )


def is_by_password(identity: Identity, _app: App) -> bool:
    """Tell whether each request of theirs brings the password along, instead of a session."""
    return identity.assurance is Assurance.PASSWORD and not identity.session_id


def login_host(callback_domain: str, default_domain: str) -> str:
    """Return the name of the host with the pages to sign in."""
    written = callback_domain.lower()
    return written + default_domain.lower() if written.endswith(".") else written
