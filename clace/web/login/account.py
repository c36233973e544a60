"""A user's own account, on the host with the pages to sign in: password and second factors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from twisted.internet.defer import DeferredLock

from clace.errors import (
    BadRequest,
    LockedOut,
    NotAllowed,
    NotAuthenticated,
    SignInNeeded,
    SignInRefused,
)
from clace.interfaces import (
    IAccounts,
    IAppAuthentication,
    IAuditEvents,
    ISecondFactors,
    IUsers,
    User,
)
from clace.model import AppResponse, Identity, deeds
from clace.web.login import account_pages, pages
from clace.web.login.flow import SignInFlow
from clace.web.login.second import party_of
from clace.web.login.steps import OurRequest, Step
from clace.web.statuses import status_of

UserStep = Callable[[OurRequest, Identity], Awaitable[AppResponse]]
_DIFFERENT = "The two new passwords are different."
_WRONG = "The present password is wrong."
_OF_ADMIN = "the administrator's password is in the configuration: clace password --save"


class AccountSteps:
    """Steps for a user who has signed in on this host."""

    def __init__(
        self,
        flow: SignInFlow,
        auth: IAppAuthentication,
        users: IUsers,
        accounts: IAccounts,
        factors: ISecondFactors,
        audit: IAuditEvents,
    ) -> None:
        self._flow = flow
        self._auth = auth
        self._users = users
        self._accounts = accounts
        self._factors = factors
        self._audit = audit
        # A link is used up only once its passkey is enrolled, and two must not do that at once.
        self._enrolling = DeferredLock()

    def steps(self) -> dict[str, Step]:
        """Return the steps by the names that the table of routes has for them."""
        named = {
            "account_page": self.page,
            "account_password": self.password,
            "account_codes_page": self._lately(self.codes_page),
            "account_codes": self._lately(self.codes),
            "account_passkey_page": self._lately(self.passkey_page),
            "account_passkey": self._lately(self.passkey),
            "account_remove": self._lately(self.remove),
            "account_recovery": self._lately(self.recovery),
        }
        return {name: self._signed_in(step) for name, step in named.items()} | {
            "invitation_page": self.invitation_page,
            "invitation": self.invitation,
            "invitation_passkey": self.invitation_passkey,
        }

    async def page(self, _asked: OurRequest, identity: Identity) -> AppResponse:
        """Show what the user can change."""
        return await self._page(identity)

    async def password(self, asked: OurRequest, identity: Identity) -> AppResponse:
        """Change the password, which ends all sessions of the user."""
        user = self._users.of(identity.user_id)
        if user is None:
            raise BadRequest(_OF_ADMIN)
        error = await self._change_password(asked, user)
        if error:
            return await self._page(identity, error)
        self._record(asked, identity, "password changed")
        return pages.message_page(
            "Password changed", "All your sessions have ended. Sign in with the new password."
        )

    async def codes_page(self, _asked: OurRequest, identity: Identity) -> AppResponse:
        """Offer a secret for an authenticator app."""
        return await self._codes_page(identity)

    async def codes(self, asked: OurRequest, identity: Identity) -> AppResponse:
        """Enrol the app, if its first code is right."""
        ticket, code = asked.form.get("ticket", ""), asked.form.get("code", "")
        try:
            recovery = await self._factors.accept_codes(identity.user_id, ticket, code)
        except (BadRequest, SignInRefused) as error:
            return await self._codes_page(identity, pages.sentence(error), ticket)
        self._record(asked, identity, "authenticator app enrolled")
        return account_pages.enrolled_page(recovery)

    async def passkey_page(self, asked: OurRequest, identity: Identity) -> AppResponse:
        """Offer the enrolment of a passkey."""
        return await self._passkey_page(asked, identity)

    async def passkey(self, asked: OurRequest, identity: Identity) -> AppResponse:
        """Enrol a passkey."""
        form = asked.form
        ticket, answer, label = (form.get(name, "") for name in ("ticket", "answer", "label"))
        party = party_of(asked.head)
        try:
            recovery = await self._factors.accept_passkey(
                identity.user_id, ticket, answer, label, party
            )
        except (BadRequest, SignInRefused) as error:
            return await self._passkey_page(asked, identity, pages.sentence(error))
        self._record(asked, identity, "passkey enrolled")
        return account_pages.enrolled_page(recovery)

    async def remove(self, asked: OurRequest, identity: Identity) -> AppResponse:
        """Remove a factor."""
        try:
            await self._factors.remove(identity.user_id, asked.form.get("id", ""))
        except BadRequest as error:
            return await self._page(identity, pages.sentence(error))
        self._record(asked, identity, "second factor removed")
        return await self._page(identity)

    async def recovery(self, asked: OurRequest, identity: Identity) -> AppResponse:
        """Make other recovery codes."""
        if not self._factors.kinds(identity.user_id):
            return await self._page(identity, "Recovery codes are for a second factor.")
        recovery = await self._factors.renew_recovery(identity.user_id)
        self._record(asked, identity, "recovery codes renewed")
        return account_pages.enrolled_page(recovery)

    async def invitation_page(self, asked: OurRequest) -> AppResponse:
        """Ask an invited user for a password."""
        token = asked.parameters.get("token", "")
        try:
            user = await self._users.invited(token)
        except SignInRefused as error:
            return self._no_link(asked, error)
        return await self._invitation_page(asked, user, token)

    async def invitation(self, asked: OurRequest) -> AppResponse:
        """Set the password of an invited user."""
        form, token = asked.form, asked.form.get("token", "")
        try:
            user = await self._users.invited(token)
            if form.get("new") != form.get("again"):
                return await self._invitation_page(asked, user, token, _DIFFERENT)
            async with self._enrolling:
                user = await self._users.accept(token, form.get("new", ""))
        except BadRequest as error:
            return await self._invitation_page(asked, user, token, pages.sentence(error))
        except SignInRefused as error:
            return self._no_link(asked, error)
        self._audit.record(
            deeds.account_changed(user.user_id, "password set by a link", asked.head.address)
        )
        return account_pages.welcome_page(user.name)

    async def invitation_passkey(self, asked: OurRequest) -> AppResponse:
        """Enrol a passkey for an invited user, who will have no password."""
        try:
            await self._users.invited(asked.form.get("token", ""))
            async with self._enrolling:
                return await self._invited_with_passkey(asked)
        except SignInRefused as error:
            return self._no_link(asked, error)

    def _no_link(self, asked: OurRequest, error: SignInRefused) -> AppResponse:
        """Record a link that cannot be used, and show the page that says so."""
        self._refused(asked, error)
        status = status_of(type(error))
        return pages.message_page("This link cannot be used", error.message, status=status)

    def _refused(self, asked: OurRequest, error: SignInRefused) -> None:
        self._audit.record(deeds.sign_in_refused("link", asked.head.address, error.reason))

    async def _invited_with_passkey(self, asked: OurRequest) -> AppResponse:
        """:raises SignInRefused: if the link was used meanwhile."""
        form, token = asked.form, asked.form.get("token", "")
        ticket, answer = form.get("ticket", ""), form.get("answer", "")
        user = await self._users.invited(token)
        # A link is no way around the factors that a user has.
        if self._factors.kinds(user.user_id):
            return await self._invitation_page(asked, user, token)
        try:
            await self._factors.accept_passkey(
                user.user_id, ticket, answer, "", party_of(asked.head)
            )
        except (BadRequest, SignInRefused) as error:
            if isinstance(error, SignInRefused):
                self._refused(asked, error)
            return await self._invitation_page(asked, user, token, pages.sentence(error))
        await self._users.accept_without_password(token)
        self._audit.record(
            deeds.account_changed(user.user_id, "passkey set by a link", asked.head.address)
        )
        return account_pages.welcome_page(user.name, "passkey")

    async def _invitation_page(
        self, asked: OurRequest, user: User, token: str, error: str = ""
    ) -> AppResponse:
        offer = None
        if not self._factors.kinds(user.user_id):
            party = party_of(asked.head)
            offer = await self._factors.offer_passkey(user.user_id, party, alone=True)
        view = account_pages.InvitationView(user.name, token, offer, error)
        return account_pages.invitation_page(view)

    def _lately(self, step: UserStep) -> UserStep:
        """Return a step for users who have just signed in; others sign in once more. A session that
        somebody else has got hold of is not enough to change what it was proved by.
        """

        async def checked(asked: OurRequest, identity: Identity) -> AppResponse:
            if self._flow.is_recent(identity):
                return await step(asked, identity)
            return self._flow.depart(self._setting, asked.head, account_pages.ACCOUNT)

        return checked

    @property
    def _setting(self) -> str:
        """All ways of signing in that have accounts here."""
        return ",".join(sorted(way.name for way in self._auth.all_ways() if way.accounts))

    def _signed_in(self, step: UserStep) -> Step:
        """Return a step that only a user with a session takes; others go to sign in first."""
        setting = self._setting

        async def checked(asked: OurRequest) -> AppResponse:
            try:
                identity = await self._auth.of(setting).identify(asked.head)
            except SignInNeeded:
                return self._flow.depart(setting, asked.head, account_pages.ACCOUNT)
            # A password in a header is sent by programs, and by browsers without being asked.
            if not identity.session_id:
                raise self._no_session(asked, identity)
            return await step(asked, identity)

        return checked

    def _no_session(self, asked: OurRequest, identity: Identity) -> NotAllowed:
        """The refusal of a password in a header, which is recorded."""
        address = asked.head.address
        denied = deeds.access_denied(
            identity, "account", account_pages.ACCOUNT, address=address, why="without a session"
        )
        self._audit.record(denied)
        return NotAllowed("your account is changed after signing in with a browser")

    async def _change_password(self, asked: OurRequest, user: User) -> str:
        """Return what is wrong, or nothing."""
        form = asked.form
        if form.get("new") != form.get("again"):
            return _DIFFERENT
        try:
            await self._accounts.prove(user.name, form.get("current", ""), asked.head.address)
        except NotAuthenticated:
            return _WRONG
        except LockedOut as error:
            return pages.sentence(error)
        try:
            await self._users.change_password(user.name, form.get("new", ""))
        except BadRequest as error:
            return pages.sentence(error)
        return ""

    async def _page(self, identity: Identity, error: str = "") -> AppResponse:
        user = self._users.of(identity.user_id)
        view = account_pages.AccountView(
            name=identity.name or identity.user_id,
            has_password=user is not None and bool(user.password),
            factors=await self._factors.listed(identity.user_id),
            error=error,
        )
        return account_pages.account_page(view)

    async def _codes_page(
        self, identity: Identity, error: str = "", ticket: str = ""
    ) -> AppResponse:
        offer = await self._factors.offer_codes(identity.user_id, ticket)
        return account_pages.codes_page(offer, error)

    async def _passkey_page(
        self, asked: OurRequest, identity: Identity, error: str = ""
    ) -> AppResponse:
        offer = await self._factors.offer_passkey(identity.user_id, party_of(asked.head))
        return account_pages.passkey_page(offer, error)

    def _record(self, asked: OurRequest, identity: Identity, change: str) -> None:
        self._audit.record(deeds.account_changed(identity.user_id, change, asked.head.address))
