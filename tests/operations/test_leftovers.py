"""Data of removed apps, deleted in the background."""

from clace.admin_api.apps import DELETE_APPS, DeleteApps
from clace.admin_api.declarations import APPLY_FILES, ApplyFiles
from clace.operations.leftovers import DataRemoval
from tests.operations.house import app_star
from tests.operations.test_administration import HouseCase
from tests.support.administration_contract import NONE
from tests.support.audit_contract import maker_into

DAY = 86_400


class LeftoverTests(HouseCase):
    def setUp(self):
        super().setUp()
        house = self.house
        house.sources.put_folder("/src", {"app.star": app_star(NONE)})
        events = maker_into(house.audit, house.clock.seconds)
        self.removal = DataRemoval(house.store.leftovers, house.data, house.clock, events)

    def begin(self):
        self.removal.startService()
        self.addCleanup(lambda: self.successResultOf(self.removal.stopService()))

    def installed(self, path="/a"):
        """The ids of an app and its twin, which have data."""
        self.successResultOf(self.house.create(path, "/src"))
        ids = [app.id for app in self.apps() if path in app.path]
        self.house.data.sizes |= dict.fromkeys(ids, 7)
        return ids

    def delete(self, **how):
        query = DeleteApps("/a", **how)
        return self.successResultOf(self.house.administration.perform(DELETE_APPS, query))

    def deeds(self):
        found = [event for event in self.house.audit.events if event.operation == "delete_data"]
        return [(event.target, event.detail) for event in found]

    def test_goes_with_the_app(self):
        """The data of an app and of its twin are told, go after it, and that is recorded."""
        self.begin()
        self.installed()
        others = dict.fromkeys(self.installed("/b"), 7)
        told = [(str(one.app_path_domain), one.size) for one in self.delete(dry_run=True).data]
        self.assertEqual(told, [("/a_cl_stage", 7), ("/a", 7)])
        self.house.clock.advance(60)
        self.assertEqual(len(self.house.data.sizes), 4)
        self.delete(dry_run=False)
        self.house.clock.advance(60)
        self.assertEqual(self.house.data.sizes, others)
        deeds = [("/a", "7 bytes of data"), ("/a_cl_stage", "7 bytes of data")]
        self.assertEqual(sorted(self.deeds()), deeds)

    def test_tried_again(self):
        """What cannot be deleted, or not yet, is tried again, and logged once."""
        self.begin()
        first, second = self.installed()
        self.house.data.stays = {first: OSError("busy"), second: None}
        self.delete(dry_run=False)
        for _ in range(3):
            self.house.clock.advance(60)
        self.assertEqual(len(self.house.data.sizes), 2)
        self.house.data.stays.clear()
        self.house.clock.advance(60)
        self.assertEqual((self.house.data.sizes, len(self.deeds())), ({}, 2))

    def test_server_was_killed(self):
        """What an earlier server did not come to goes when the next one starts."""
        self.installed()
        self.delete(dry_run=False)
        self.assertEqual(len(self.house.data.sizes), 2)
        self.begin()
        self.house.clock.advance(60)
        self.assertEqual(self.house.data.sizes, {})

    def test_pruned(self):
        """The data of a pruned app and of its twin stay for seven days, and go after them."""
        self.begin()
        self.declare("/a", "/b")
        sizes = {app.id: 7 for app in self.apps() if "/a" in app.path}
        self.house.data.sizes |= sizes
        self.declare("/b", prune=True)
        self.house.clock.advance(7 * DAY)
        self.assertEqual(self.house.data.sizes, sizes)
        self.house.clock.advance(2 * DAY)
        self.assertEqual(self.house.data.sizes, {})

    def test_comes_back(self):
        """An app that is declared again in time keeps its data."""
        self.begin()
        self.declare("/a", "/b")
        sizes = {app.id: 7 for app in self.apps() if "/a" in app.path}
        self.house.data.sizes |= sizes
        self.declare("/b", prune=True)
        self.house.clock.advance(6 * DAY)
        self.declare("/a", "/b")
        self.house.clock.advance(9 * DAY)
        self.assertEqual(self.house.data.sizes, sizes)

    def declare(self, *paths, **options):
        text = "".join(f'app("{path}", "/src")\n' for path in paths)
        self.house.sources.put_folder("/ops", {"apps.ace": text.encode()})
        query = ApplyFiles("/ops/apps.ace", **options)
        self.successResultOf(self.house.administration.perform(APPLY_FILES, query))
