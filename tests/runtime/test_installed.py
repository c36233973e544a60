"""Which app is served where."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.interfaces import IInstalledApps
from clace.model.app import App
from clace.model.paths import AppGlob, AppPath
from clace.runtime.installed import InstalledApps

SEGMENTS = st.lists(st.sampled_from(["a", "b", "cc"]), max_size=3)
PLACES = st.tuples(
    st.sampled_from(["", "x.com"]), SEGMENTS.map(lambda segments: "/" + "/".join(segments))
)


def app(number, path, domain="", main_app=""):
    kind = "app_stg_" if main_app else "app_prd_"
    return App(id=f"{kind}{number}", path=path, domain=domain, main_app=main_app)


def apps_at(places, numbers):
    """An app at each place, with a staging twin where that is wanted."""
    found = []
    for (domain, path), has_twin in places.items():
        main = app(numbers[domain, path], path, domain)
        found.append(main)
        if has_twin:
            found.append(app(main.id, f"{path}_cl_stage", domain, main_app=main.id))
    return tuple(found)


class InstalledAppsTests(SynchronousTestCase):
    def installed(self, *apps, default="localhost", fallback=False):
        found = InstalledApps(default, fallback=fallback)
        found.replace(apps)
        return found

    def paths(self, installed, host, *paths):
        found = [installed.find(host, path) for path in paths]
        return [one and str(one) for one in found]

    def test_fills_the_seam(self):
        """It is an IInstalledApps."""
        verifyObject(IInstalledApps, self.installed())

    def test_longest_path(self):
        """The longest path of whole segments is taken."""
        installed = self.installed(app(1, "/"), app(2, "/a"), app(3, "/b/c"))
        self.assertEqual(
            self.paths(installed, "localhost", "/", "/a", "/a/", "/a/x/y", "/ab", "/b", "/b/c/d"),
            ["/", "/a", "/a", "/a", "/", "/", "/b/c"],
        )

    def test_on_a_host(self):
        """All apps under a name are told, with their twins; for the default one by any name."""
        installed = self.installed(app(1, "/a"), app(2, "/b", "x.example"), app(3, "/c"))
        for host, expected in (
            ("X.example", ["x.example:/b"]),
            ("localhost", ["/a", "/c"]),
            ("127.0.0.1", ["/a", "/c"]),
            ("y.example", []),
        ):
            self.assertEqual([str(each) for each in installed.on(host)], expected)

    def test_nothing(self):
        """Where nothing is installed nothing is found."""
        self.assertEqual(
            self.paths(self.installed(app(1, "/a")), "localhost", "/", "/b"), [None, None]
        )

    def test_domains(self):
        """An app is found on its own domain only, others on the default one."""
        installed = self.installed(app(1, "/"), app(2, "/", "tools.example.com"))
        self.assertEqual(self.paths(installed, "tools.example.com", "/x"), ["tools.example.com:/"])
        for host in ("localhost", "LOCALHOST", "127.0.0.1", "::1", "192.0.2.7", ""):
            self.assertEqual(self.paths(installed, host, "/x"), ["/"])

    def test_unknown_hosts(self):
        """A name that nobody gave an app finds nothing, unless the operator wants it to."""
        apps = (app(1, "/"), app(2, "/a", "tools.example.com"))
        strict = self.installed(*apps, default="apps.example.com")
        lenient = self.installed(*apps, default="apps.example.com", fallback=True)
        for host in ("rebind.evil", "localhost.evil.example", "192.0.2.7.evil.example"):
            self.assertEqual(self.paths(strict, host, "/"), [None], host)
            self.assertFalse(strict.serves(host))
            self.assertEqual(self.paths(lenient, host, "/"), ["/"])
            self.assertTrue(lenient.serves(host))
        for host in ("apps.example.com.", "localhost", "127.0.0.1", "192.0.2.7", "::1"):
            self.assertEqual(self.paths(strict, host, "/"), ["/"], host)
            self.assertTrue(strict.serves(host))
        self.assertEqual(self.paths(lenient, "tools.example.com", "/b"), [None])

    def test_names(self):
        """The default domain and the domains of apps are names of this server, and no others."""
        apps = (app(1, "/"), app(2, "/a", "tools.example.com"))
        installed = self.installed(*apps, default="apps.example.com", fallback=True)
        for host in ("apps.example.com", "APPS.example.com.", "tools.example.com"):
            self.assertTrue(installed.is_named(host), host)
        for host in ("evil.example", "192.0.2.7", "127.0.0.1", "::1"):
            self.assertFalse(installed.is_named(host), host)

    def test_default_domain(self):
        """The default domain is the same as none."""
        installed = self.installed(
            app(1, "/a", "apps.example.com"), app(2, "/b"), default="apps.example.com"
        )
        self.assertEqual(
            self.paths(installed, "apps.example.com", "/a", "/b"), ["apps.example.com:/a", "/b"]
        )
        self.assertEqual(installed.at(AppPath("/a")).id, "app_prd_1")

    def test_staging_is_nobody_elses(self):
        """An app at the root does not answer for a staging address."""
        installed = self.installed(app(1, "/"), app(2, "/_cl_stage", main_app="app_prd_1"))
        self.assertEqual(self.paths(installed, "localhost", "/_cl_stage/x"), ["/_cl_stage"])
        alone = self.installed(app(1, "/"))
        self.assertEqual(self.paths(alone, "localhost", "/_cl_stage/x", "/x"), [None, "/"])

    def test_twins(self):
        """The staging twin of an app is found, and not listed among the apps."""
        production, twin = app(1, "/a"), app(2, "/a_cl_stage", main_app="app_prd_1")
        installed = self.installed(production, twin)
        self.assertEqual(installed.staging_of(production), twin)
        self.assertIsNone(installed.staging_of(twin))
        self.assertEqual(installed.matching(AppGlob.parse("all")), (production,))

    def test_replace(self):
        """Apps that are no more are not found."""
        installed = self.installed(app(1, "/a"))
        self.assertEqual(self.paths(installed, "localhost", "/a", "/b"), ["/a", None])
        installed.replace((app(2, "/b"),))
        self.assertEqual(self.paths(installed, "localhost", "/a", "/b"), [None, "/b"])

    def test_any_number_of_hosts(self):
        """Clients may ask for more hosts than are remembered, and for long ones."""
        installed = self.installed(app(1, "/", "a.example"))
        for number in range(2100):
            self.assertIsNone(installed.find(f"{number}.example", "/"))
        self.assertEqual(self.paths(installed, "A.example.", "/"), ["a.example:/"])
        self.assertLessEqual(len(installed._found), 1000)
        self.assertIsNone(installed.find("x" * 100_000, "/"))
        self.assertNotIn("x" * 100_000, installed._found)

    @given(
        st.dictionaries(PLACES, st.booleans(), max_size=6), st.dictionaries(PLACES, st.booleans())
    )
    def test_change(self, before, after):
        """Changed one by one, it is what it would be if all had been replaced."""
        numbers = {place: number for number, place in enumerate({**before, **after})}
        old, new = apps_at(before, numbers), apps_at(after, numbers)
        changed, whole = self.installed(*old), self.installed(*old)
        for domain, path in {**before, **after}:
            changed.find(domain, path)  # what was found before is not to be found any more
        changed.change({one.id for one in old}, tuple(one for one in new if one in old))
        changed.change({one.id for one in new}, new)
        whole.replace(new)
        for domain, path in {**before, **after}:
            address = AppPath(path, domain)
            self.assertEqual(changed.at(address), whole.at(address))
            self.assertEqual(changed.find(domain, path), whole.find(domain, path))
            self.assertEqual(changed.serves(domain), whole.serves(domain))
        for one in new:
            self.assertEqual(changed.staging_of(one), whole.staging_of(one))
        every = AppGlob.parse("all")
        self.assertCountEqual(changed.matching(every), whole.matching(every))

    def test_change_keeps_places(self):
        """An app that is changed stays where it is in lists, and a new one comes last."""
        first, second = app(1, "/a"), app(2, "/b")
        installed = self.installed(first, second)
        newer = replace(first, source_url="/elsewhere")
        installed.change((newer.id, "app_prd_3"), (newer, app(3, "/c")))
        found = installed.matching(AppGlob.parse("all"))
        self.assertEqual(found, (newer, second, app(3, "/c")))

    @given(st.sets(PLACES, max_size=8), PLACES)
    def test_overlapping(self, places, asked):
        """The apps that overlap with an address are those whose addresses say so."""
        apps = [app(number, path, domain) for number, (domain, path) in enumerate(sorted(places))]
        address = AppPath(asked[1], asked[0])
        found = self.installed(*apps).overlapping(address)
        wanted = {one.id for one in apps if one.address.overlaps(address)}
        self.assertEqual({one.id for one in found}, wanted)

    @given(st.lists(SEGMENTS, max_size=5), SEGMENTS)
    def test_agrees_with_addresses(self, places, asked):
        """What is found is the longest address that covers the path."""
        apps = [app(index, "/" + "/".join(place)) for index, place in enumerate(places)]
        path = "/" + "/".join(asked)
        found = self.installed(*apps).find("localhost", path)
        covering = [one.path for one in apps if one.address.covers(path)]
        self.assertEqual(found and found.path, max(covering, key=len, default=None))
