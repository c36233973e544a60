"""Tests for ``clace.identity.oauth.profiles``: each kind of provider, by its published answers."""

from pathlib import Path
from urllib.parse import urlsplit

from twisted.trial.unittest import SynchronousTestCase

from clace.config.sign_ins import OAUTH_KINDS
from clace.errors import ProviderUnavailable
from clace.identity.oauth.endpoints import Endpoints, described, located
from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.people import identity_of, primary_email, verified_email
from clace.identity.oauth.profiles import PROFILES
from clace.interfaces import SignedIn
from tests.support.openid import FakeProvider
from tests.support.returning import ReturningCase

PAGES = Path(__file__).parents[3] / "docs" / "sign-in"
TENANT = "9122040d-6c67-4c5b-b112-36a304b66dad"
MICROSOFT = {
    "iss": f"https://login.microsoftonline.com/{TENANT}/v2.0",
    "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
    "name": "Abe Lincoln",
    "preferred_username": "AbeLi@microsoft.com",
    "email": "AbeLi@microsoft.com",
    "oid": "00000000-0000-0000-66f3-3332eca7ea81",
    "tid": TENANT,
}
# The answers of each kind as its documentation prints them: the profile or the claims, and the
# list of addresses where there is one. Then who that is.
DOCUMENTED = {
    # https://developer.amazon.com/docs/login-with-amazon/obtain-customer-profile.html
    "amazon": (
        {
            "user_id": "amzn1.account.K2LI23KL2LK2",
            "email": "mhashimoto-04@plaxo.com",
            "name": "Mork Hashimoto",
            "postal_code": "98052",
        },
        None,
        ("mhashimoto-04@plaxo.com", "amzn1.account.K2LI23KL2LK2", "Mork Hashimoto"),
    ),
    # https://auth0.com/docs/api/authentication/user-profile/get-user-info
    "auth0": (
        {
            "sub": "248289761001",
            "name": "Jane Josephine Doe",
            "nickname": "JJ",
            "preferred_username": "j.doe",
            "email": "janedoe@exampleco.com",
            "email_verified": True,
        },
        None,
        ("janedoe@exampleco.com", "248289761001", "Jane Josephine Doe"),
    ),
    # https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
    "azuread": (MICROSOFT, None, (MICROSOFT["oid"], MICROSOFT["sub"], "Abe Lincoln")),
    "microsoftonline": (MICROSOFT, None, (MICROSOFT["oid"], MICROSOFT["sub"], "Abe Lincoln")),
    # https://developer.atlassian.com/cloud/bitbucket/rest/api-group-users/
    "bitbucket": (
        {
            "type": "user",
            "uuid": "{d301aafa-d676-4ee0-88be-962be7417567}",
            "username": "evzijst",
            "nickname": "evzijst",
            "display_name": "Erik van Zijst",
            "account_status": "active",
        },
        {
            "pagelen": 10,
            "values": [
                {"is_primary": False, "is_confirmed": True, "email": "old@example.com"},
                {"is_primary": True, "is_confirmed": True, "email": "erik@example.com"},
            ],
            "page": 1,
            "size": 2,
        },
        ("erik@example.com", "{d301aafa-d676-4ee0-88be-962be7417567}", "Erik van Zijst"),
    ),
    # https://docs.digitalocean.com/reference/api/reference/account/
    "digitalocean": (
        {
            "account": {
                "droplet_limit": 25,
                "email": "sammy@digitalocean.com",
                "name": "Sammy the Shark",
                "uuid": "b6fr89dbf6d9156cace5f3c78dc9851d957381ef",
                "email_verified": True,
                "status": "active",
            }
        },
        None,
        (
            "sammy@digitalocean.com",
            "b6fr89dbf6d9156cace5f3c78dc9851d957381ef",
            "Sammy the Shark",
        ),
    ),
    # https://docs.github.com/rest/users/users and https://docs.github.com/rest/users/emails
    "github": (
        {"login": "octocat", "id": 1, "name": "monalisa octocat", "email": "other@github.com"},
        [
            {
                "email": "octocat@github.com",
                "verified": True,
                "primary": True,
                "visibility": "public",
            }
        ],
        ("octocat@github.com", "1", "monalisa octocat"),
    ),
    # https://docs.gitlab.com/integration/openid_connect_provider/
    "gitlab": (
        {
            "sub": "1024",
            "name": "John Smith",
            "nickname": "jsmith",
            "email": "john@example.com",
            "email_verified": True,
            "groups": ["a", "a/b"],
        },
        None,
        ("john@example.com", "1024", "John Smith"),
    ),
    # https://developers.google.com/identity/openid-connect/openid-connect
    "google": (
        {
            "iss": "https://accounts.google.com",
            "sub": "10769150350006150715113082367",
            "email": "jsmith@example.com",
            "email_verified": "true",
            "hd": "example.com",
            "name": "Jan Smith",
        },
        None,
        ("jsmith@example.com", "10769150350006150715113082367", "Jan Smith"),
    ),
    # https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
    "oidc": (
        {
            "sub": "248289761001",
            "name": "Jane Doe",
            "preferred_username": "j.doe",
            "email": "janedoe@example.com",
        },
        None,
        ("janedoe@example.com", "248289761001", "Jane Doe"),
    ),
    # https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/tag/CustomAS/
    "okta": (
        {
            "sub": "00uid4BxXw6I6TV4m0g3",
            "name": "John Doe",
            "nickname": "Jimmy",
            "preferred_username": "john.doe@example.com",
            "email": "john.doe@example.com",
            "email_verified": True,
        },
        None,
        ("john.doe@example.com", "00uid4BxXw6I6TV4m0g3", "John Doe"),
    ),
}


def entry_of(kind, **more):
    return ProviderEntry(name=kind, key="k", secret="s", callback_url="https://a.example", **more)


class TableTests(SynchronousTestCase):
    """The rows of the table."""

    def test_kinds(self):
        """The table has a row for each kind that a configuration may name, and no other."""
        self.assertEqual(set(PROFILES), set(OAUTH_KINDS))
        self.assertEqual(set(PROFILES), set(DOCUMENTED))

    def test_pages(self):
        """Each kind has a page that says what to do there, and what to write here."""
        pages = [page.read_text("utf-8") for page in PAGES.glob("*.md")]
        for kind in PROFILES:
            own = [text for text in pages if f"`{kind}`" in text or f"[auth.{kind}]" in text]
            done = [text for text in own if "\n## There\n" in text and "\n## Here\n" in text]
            self.assertTrue(done, kind)

    def test_documented_profiles(self):
        """Each kind's published answers make the user that they describe."""
        for kind, (said, emails, (user, subject, name)) in DOCUMENTED.items():
            entry = entry_of(kind)
            profile = located(PROFILES[kind], entry)
            self.assertEqual(profile.emails is None, emails is None, kind)
            if profile.emails:
                address = primary_email(profile.emails, emails)
            else:
                address = verified_email(profile, said)
            identity = identity_of(profile, entry, said, address)
            self.assertEqual(identity.user_id, f"{kind}:{user}")
            self.assertEqual((identity.subject, identity.name), (subject, name))

    def test_addresses(self):
        """Every address of the table is HTTPS, and has nothing left to fill in."""
        for kind, profile in PROFILES.items():
            filled = located(profile, entry_of(kind, org_url="https://a.example", domain="b"))
            plain = located(profile, entry_of(kind))
            for row in (filled, plain):
                emails = row.emails.url if row.emails else ""
                for url in (row.issuer, row.authorization, row.token, row.profile, emails):
                    self.assertNotIn("{", url)
                    if url and (row is filled or kind not in {"auth0", "okta", "oidc"}):
                        self.assertEqual(urlsplit(url).scheme, "https", url)

    def test_own_servers(self):
        """GitHub Enterprise, GitLab, Okta, Auth0 and tenants of Microsoft are where one says."""
        site = {"org_url": "https://git.example.com/"}
        github = located(PROFILES["github"], entry_of("github", **site))
        self.assertEqual(github.authorization, "https://git.example.com/login/oauth/authorize")
        self.assertEqual(github.emails.url, "https://git.example.com/api/v3/user/emails")
        gitlab = located(PROFILES["gitlab"], entry_of("gitlab", **site))
        self.assertEqual(gitlab.issuer, "https://git.example.com")
        okta = located(PROFILES["okta"], entry_of("okta", org_url="https://x.okta.com"))
        self.assertEqual(okta.issuer, "https://x.okta.com/oauth2/default")
        auth0 = located(PROFILES["auth0"], entry_of("auth0", domain="x.eu.auth0.com"))
        self.assertEqual(auth0.issuer, "https://x.eu.auth0.com/")


class MicrosoftTests(SynchronousTestCase):
    """Many tenants at one provider, any of which can claim any address."""

    def described(self, issuer, **entry):
        fake = FakeProvider(issuer)
        profile = located(PROFILES["azuread"], entry_of("azuread", **entry))
        return described(profile, fake.described())

    def test_any_tenant(self):
        """The issuer is that of the tenant in the token, if it is a tenant's id."""
        endpoints = self.described("https://login.microsoftonline.com/{tenantid}/v2.0")
        self.assertEqual(endpoints.issuer_of(MICROSOFT), MICROSOFT["iss"])
        for tenant in (None, "", "common", f"{TENANT}/", 1, "x"):
            self.assertEqual(endpoints.issuer_of({"tid": tenant}), "")

    def test_one_tenant(self):
        """A tenant named by its domain has an issuer with its id, and no other counts."""
        issuer = f"https://login.microsoftonline.com/{TENANT}/v2.0"
        endpoints = self.described(issuer, domain="contoso.onmicrosoft.com")
        self.assertEqual(endpoints.issuer_of({"tid": "other"}), issuer)

    def test_other_issuers(self):
        """A description of anything but a tenant's issuer, there, is not used."""
        for issuer in (
            "https://login.microsoftonline.com/contoso/v2.0",
            f"https://login.microsoftonline.com/{TENANT}x/v2.0",
            f"https://login.microsoftonline.com/{TENANT}/v1.0",
            f"https://login.microsoftonline.com.evil.example/{TENANT}/v2.0",
            "https://evil.example",
        ):
            self.assertRaises(ProviderUnavailable, self.described, issuer)

    def test_addresses(self):
        """An address counts if the tenant is one's own, or Microsoft says that it is verified."""
        for domain, more, expected in [
            ("", {}, ""),
            ("common", {}, ""),
            ("organizations", {"xms_edov": False}, ""),
            ("", {"xms_edov": True}, "AbeLi@microsoft.com"),
            ("contoso.com", {}, "AbeLi@microsoft.com"),
            (TENANT, {"xms_edov": "0"}, ""),
        ]:
            profile = located(PROFILES["azuread"], entry_of("azuread", domain=domain))
            self.assertEqual(verified_email(profile, {**MICROSOFT, **more}), expected)

    def test_groups(self):
        """Of other tenants only ids are groups: names they give as they like."""
        group = "ac2a8a3c-1c3a-4a5e-8a3c-0b5f6d2f9b11"
        said = {**MICROSOFT, "groups": ["admins", group, f"{group}x"]}
        for domain, groups in [
            ("", (group,)),
            ("common", (group,)),
            ("Organizations", (group,)),
            ("contoso.com", ("admins", group, f"{group}x")),
        ]:
            entry = entry_of("azuread", domain=domain)
            profile = located(PROFILES["azuread"], entry)
            self.assertEqual(identity_of(profile, entry, said, "").groups, groups, domain)


class Naming:
    """A provider whose token and profile are right, and say this of the user."""

    def __init__(self, kind, said):
        self.name = self.title = self.fingerprint = kind
        self._said = said

    async def finish(self, _arrival):
        entry = entry_of(self.name)
        profile = located(PROFILES[self.name], entry)
        address = verified_email(profile, self._said)
        return SignedIn(identity=identity_of(profile, entry, self._said, address))


class NameTests(ReturningCase):
    """The names that users get, at the flow of every sign-in."""

    def identity(self, said, kind="oidc"):
        entry = entry_of(kind)
        profile = located(PROFILES[kind], entry)
        return identity_of(profile, entry, said, verified_email(profile, said))

    def reason(self, said, kind="oidc"):
        """The reason in the audit log for a user who is not let in; a plain id in the place of the
        name is accepted.
        """
        places = PROFILES[kind].subject, PROFILES[kind].user_id
        self.serve(Naming(kind, {**said, **dict.fromkeys(places, "u-7")}))
        self.lets_in({}, {})
        self.serve(Naming(kind, said))
        return self.refusal({}, {})

    def test_what_has_an_at_is_no_own_name(self):
        """An id or account is not taken for an address of somebody's domain, by a pattern too."""
        for chosen in ("ann@example.org", "a@b@example.org", '"a"@example.org', "a,@example.org"):
            said = {"sub": chosen, "nickname": "nick"}
            self.assertEqual(self.identity(said, "gitlab").user_id, "gitlab:nick", chosen)
            said = {"sub": "7", "nickname": chosen}
            self.assertEqual(self.identity(said, "gitlab").user_id, "gitlab:7", chosen)
            self.assertEqual(self.reason({"sub": chosen}), "user: no usable name")

    def test_what_users_choose(self):
        """A nickname could be the id of somebody else: it names nobody, but at git servers, where
        it is an account.
        """
        victim = self.identity({"sub": "u-1"}).user_id
        said = {"sub": "eve@example.org", "email": "eve@example.org", "email_verified": False}
        chosen = dict.fromkeys(("nickname", "preferred_username", "name", ""), "u-1")
        for kind in set(PROFILES) - {"bitbucket", "digitalocean", "github", "gitlab"}:
            of_kind = {**said, **chosen, PROFILES[kind].user_id: "eve@example.org"}
            of_kind[PROFILES[kind].subject] = "eve@example.org"
            self.assertEqual(self.reason(of_kind, kind), "user: no usable name", kind)
        self.assertEqual(self.identity({**said, "nickname": "u-1"}, "gitlab").user_id, "gitlab:u-1")
        self.assertEqual(victim, "oidc:u-1")

    def test_unverified_address(self):
        """An address that is not verified is no name; one without a word on it is."""
        said = {"sub": "u", "email": "ann@example.org"}
        for flag, name in [
            ({}, "oidc:ann@example.org"),
            ({"email_verified": True}, "oidc:ann@example.org"),
            ({"email_verified": "true"}, "oidc:ann@example.org"),
            ({"email_verified": "1"}, "oidc:ann@example.org"),
            ({"email_verified": 1}, "oidc:ann@example.org"),
            ({"email_verified": 2}, "oidc:u"),
            ({"email_verified": False}, "oidc:u"),
            ({"email_verified": "false"}, "oidc:u"),
            ({"email_verified": []}, "oidc:u"),
            ({"email_verified": None}, "oidc:u"),
            ({"email_verified": "True"}, "oidc:u"),
            ({"email_verified": "yes"}, "oidc:u"),
        ]:
            self.assertEqual(self.identity({**said, **flag}).user_id, name)

    def test_order(self):
        """Address, then id; for git servers the name of the account comes before the id."""
        said = {"sub": "u", "id": 7, "nickname": "nick", "login": "nick"}
        self.assertEqual(self.identity(said).user_id, "oidc:u")
        self.assertEqual(self.identity(said, "gitlab").user_id, "gitlab:nick")
        self.assertEqual(self.identity(said, "github").user_id, "github:nick")

    def test_address_of_somebody_else(self):
        """An id or account that reads as an address is not taken for one."""
        said = {"sub": "boss@example.org", "nickname": "eve"}
        self.assertEqual(self.reason(said), "user: no usable name")
        self.assertEqual(self.identity(said, "gitlab").user_id, "gitlab:eve")
        said = {"sub": "u", "email": "eve@example.org", "email_verified": False}
        said |= {"nickname": "boss@example.org"}
        self.assertEqual(self.identity(said, "gitlab").user_id, "gitlab:u")
        self.assertEqual(self.reason({"sub": "boss@example.org"}), "user: no usable name")

    def test_odd_texts(self):
        """Names with spaces or control characters are not taken; shown names lose the latter."""
        self.assertEqual(self.reason({"sub": "a b"}), "user: subject")
        for subject in ("", ["x"], {"a": 1}, 1.5, True, None, "x" * 256):
            self.assertEqual(self.reason({"sub": subject}), "user: subject")
        for subject in ("x", "x" * 255, 7):
            self.assertEqual(self.identity({"sub": subject}).user_id, f"oidc:{subject}")
        identity = self.identity({"sub": "u", "name": "A\nB", "email": "a\n@b.example"})
        self.assertEqual((identity.name, identity.email), ("AB", ""))
        self.assertEqual(self.identity({"sub": "u", "name": ["x"]}).name, "")

    def test_what_cannot_be_seen(self):
        """What has a character that cannot be seen, and so looks like another, is no name."""
        for odd in (
            "\0",
            "\x1b",
            "\x7f",
            "\u00ad",
            "\u200b",
            "\u202e",
            "\u3000",
            "\ufeff",
            "\ud800",
        ):
            said = {"sub": "u", "email": f"ann{odd}@example.org", "groups": ["a", f"a{odd}"]}
            identity = self.identity({**said, "name": f"A{odd}n"})
            self.assertEqual((identity.user_id, identity.email), ("oidc:u", ""), repr(odd))
            self.assertEqual((identity.name, identity.groups), ("An", ("a",)), repr(odd))
            self.assertEqual(self.reason({"sub": f"u{odd}"}), "user: subject")
        self.assertEqual(self.identity({"sub": "müller"}).user_id, "oidc:müller")

    def test_groups(self):
        """Groups are texts, or numbers, each once; malformed ones are left out."""
        for claim, groups in [
            (["a", "b", "a", 7, "", "x\ny", None, {}, True, False], ("a", "b", "7")),
            ("one", ("one",)),
            ({"a": 1}, ()),
            (None, ()),
        ]:
            self.assertEqual(self.identity({"sub": "u", "groups": claim}).groups, groups)

    def test_primary_address(self):
        """Of a list of addresses the primary one counts, if it is verified."""
        emails = PROFILES["github"].emails
        good = {"email": "a@b.example", "primary": True, "verified": True}
        for listed, address in [
            ([good], "a@b.example"),
            ([{**good, "verified": False}], ""),
            ([{**good, "primary": False}], ""),
            ([{**good, "verified": 1}], ""),
            ([{**good, "email": "x"}], ""),
            ([None, {**good, "primary": False}, good], "a@b.example"),
            ([None, "x"], ""),
            ({"message": "Not Found"}, ""),
            (None, ""),
        ]:
            self.assertEqual(primary_email(emails, listed), address)


class EntryTests(SynchronousTestCase):
    def test_fingerprint(self):
        """It changes with every part of the entry, and does not hold the secret."""
        entry = entry_of("github")
        self.assertEqual(entry.fingerprint, entry_of("github").fingerprint)
        self.assertNotEqual(entry.fingerprint, entry_of("github", hosted_domain="x").fingerprint)
        self.assertRegex(entry.fingerprint, r"^[0-9a-f]{64}$")

    def test_tenant_is_no_part_of_others(self):
        """An issuer without tenants is the same whatever a token says."""
        endpoints = Endpoints(authorization="", token="", issuer="https://a.example")
        self.assertEqual(endpoints.issuer_of({"tid": TENANT}), "https://a.example")
