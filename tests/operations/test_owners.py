"""Apps that are given to another owner."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import GET_APP, OneApp
from clace.admin_api.changes import Difference
from clace.admin_api.settings import CHANGE_OWNER, ChangeOwner
from clace.admin_api.versions import RELOAD_APPS, ReloadApps
from clace.errors import BadRequest, NotAllowed
from clace.model.app import Demands
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope
from tests.operations.house import House, app_star

ANN, BEN, ADMIN = (
    Identity(user_id=user_id, assurance=Assurance.SSO)
    for user_id in ("github:ann", "github:ben", "admin")
)
POLICY = Policy(
    enabled=True,
    grants=(Grant(users=(BEN.user_id,), roles=("clace-operator",), targets=("all",)),),
)


class OwnerTests(SynchronousTestCase):
    def setUp(self):
        self.house = House(policy=POLICY)
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        self.successResultOf(self.house.create("/a", "/src"))

    def give(self, owner, by=ADMIN, glob="/a", *, dry_run=False):
        query = ChangeOwner(glob, owner=owner, dry_run=dry_run)
        return self.house.administration.perform_as(by, CHANGE_OWNER, query)

    def see(self, identity):
        return self.house.administration.perform_as(identity, GET_APP, OneApp("/a"))

    def test_rights_follow(self):
        """The rights of an owner go from the old one to the new one at once."""
        self.failureResultOf(self.see(ANN), NotAllowed)
        self.successResultOf(self.give(ANN.user_id))
        self.successResultOf(self.see(ANN))
        self.successResultOf(self.give("builtin:ben"))
        self.failureResultOf(self.see(ANN), NotAllowed)

    def test_takes_an_administrator(self):
        """Owners cannot pass their app on, nor operators take it: either would grant rights."""
        self.successResultOf(self.give(ANN.user_id))
        for by in (ANN, BEN):
            for owner in (ANN.user_id, BEN.user_id):
                failure = self.failureResultOf(self.give(owner, by), NotAllowed)
                self.assertIn("does not have permission admin", failure.value.message)
        self.successResultOf(self.see(ANN))

    def test_tokens(self):
        """A token gives owners only with the grant admin."""
        for permissions, allowed in ((("app:manage", "config:update"), False), (("admin",), True)):
            token = replace(ADMIN, scope=Scope(permissions=permissions), token_id="t")
            giving = self.give(ANN.user_id, token)
            if allowed:
                self.successResultOf(giving)
            else:
                self.failureResultOf(giving, NotAllowed)

    def test_tells_both(self):
        """A dry run tells the owner before and after, and nothing else."""
        done = self.successResultOf(self.give(ANN.user_id, dry_run=True))
        wanted = (Difference(kind="owner", old="admin", new=ANN.user_id),)
        self.assertEqual([change.values for change in done.changes], [wanted, wanted])

    def test_survives_other_changes(self):
        """The owner stays with an app whose versions and settings change later."""
        self.successResultOf(self.give(ANN.user_id))
        reload = ReloadApps("/a", promote=True)
        self.successResultOf(self.house.administration.perform(RELOAD_APPS, reload))
        self.successResultOf(self.see(ANN))

    def test_neighbours(self):
        """Whoever makes apps of two owners share a host is warned; all of a host go together."""
        self.successResultOf(self.house.create("/b", "/src"))
        (text,) = self.successResultOf(self.give(ANN.user_id)).warnings
        self.assertIn("/b on the same host, of another owner", text)
        self.assertEqual(self.successResultOf(self.give(ANN.user_id, glob="all")).warnings, ())

    def test_kept_apart(self):
        """With security.shared_host = "refuse" an app does not become one of another owner's."""
        self.house = House(policy=POLICY, refuses_shared_hosts=True)
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        for path in ("/a", "/b"):
            self.successResultOf(self.house.create(path, "/src"))
        failure = self.failureResultOf(self.give(ANN.user_id), BadRequest)
        self.assertIn("security.shared_host", failure.value.message)
        self.successResultOf(self.give(ANN.user_id, glob="all"))
