"""Downloaded packages, kept within bounds."""

import errno
import os

from twisted.internet.defer import Deferred, succeed

from clace.environments.cache import PackageCache, cache_fact, own_bytes
from clace.environments.planning import planned
from clace.environments.store import remove
from clace.units import MEBIBYTE
from tests.environments.support import FLASK, EnvironmentCase, make_wheel

FASTAPI = b"from fastapi import FastAPI\napp = FastAPI()\n"
LARGE = "x = '" + "y" * 600_000 + "'\n"


class CacheTests(EnvironmentCase):
    def setUp(self):
        super().setUp()
        for name in ("flask", "gunicorn", "fastapi", "uvicorn", "websockets"):
            make_wheel(self.links, name, modules={f"{name}.py": f"version = '1.0'\n{LARGE}"})

    def packages(self):
        """The packages in the cache, by the modules that they have."""
        return sorted(path.name for path in self.store.cache.glob("archive-v*/*/*.py"))

    def trim(self, limit_mb):
        for folder in PackageCache(self.store, limit_mb).withdraw_excess():
            remove(folder)

    async def build_both(self):
        """Build two environments; the second has the packages that are unpacked later."""
        first = await self.build({"a.py": FLASK})
        for path in self.store.cache.glob("archive-v*/*"):
            os.utime(path, (1, 1))
        return first, await self.build({"b.py": FASTAPI})

    async def test_within_bounds(self):
        """Nothing goes while there is room."""
        await self.build_both()
        before = self.packages()
        self.trim(1000)
        self.assertEqual((self.packages(), len(before)), (before, 5))

    async def test_oldest_first(self):
        """Packages that were unpacked first go first, and no more than have to."""
        await self.build_both()
        self.trim(2)
        self.assertEqual(self.packages(), ["fastapi.py", "uvicorn.py", "websockets.py"])
        self.assertLess(own_bytes(self.store.cache), 2 * MEBIBYTE)

    async def test_fetched_again(self):
        """What has gone is fetched again when it is needed; environments that are built stay."""
        first, second = await self.build_both()
        self.trim(0)
        self.assertEqual((self.packages(), own_bytes(self.store.cache)), ([], 0))
        for built in (first, second):
            self.assertTrue(self.store.has(built.key))
        self.store.drop(first.key)
        again = await self.build({"a.py": FLASK}, pins={"requirements.lock": first.lock})
        self.assertEqual(again.key, first.key)
        self.assertIn("flask.py", self.packages())

    async def test_other_files(self):
        """If all besides packages is too much, everything goes."""
        await self.build_both()
        (self.store.cache / "other").write_bytes(bytes(2 * MEBIBYTE))
        self.trim(1)
        self.assertEqual(list(self.store.cache.iterdir()), [])

    async def test_links(self):
        """A link in the place of packages is not followed."""
        await self.build_both()
        outside = self.top / "outside"
        (outside / "there").mkdir(parents=True)
        (outside / "there" / "file").write_bytes(bytes(MEBIBYTE))
        (self.store.cache / "archive-v9").symlink_to(outside)
        (found,) = self.store.cache.glob("archive-v0")
        (found / "link").symlink_to(outside)
        self.trim(1)
        self.assertTrue((outside / "there" / "file").exists())

    async def test_told(self):
        """Its size is told by ``clace doctor``, and that it cannot be read."""
        told = cache_fact(self.top, 1000)
        self.assertIn("0 MB of packages in", told[1])
        await self.build_both()
        name, fact, problem = cache_fact(self.top, 1000)
        self.assertEqual((name, problem), ("package_cache", ""))
        self.assertRegex(fact, r"^[1-9] MB of packages in .*/environments/cache, at most 1000 ")

    async def test_after_builds(self):
        """After each build what is too much goes, before the next one begins."""
        small = self.environments(cache_mb=0)
        await self.build({"a.py": FLASK}, small)
        await self.build({"b.py": FASTAPI}, small)
        self.assertNotIn("flask.py", self.packages())

    async def test_failing(self):
        """A build that waits for what is too much to go begins as well if it cannot go."""
        trimming = [Deferred(), succeed([])]

        async def in_thread(work):
            if getattr(work, "__name__", "") == "withdraw_excess":
                return await trimming.pop(0)
            return await self.threads.run(work)

        installer = self.installer(in_thread)
        order, source = self.order({}, command=("x",)), self.top
        plan = planned(order, source, None)

        async def work():
            async with installer.work(order, source, plan, self.told.append) as place:
                return place.folder

        failing = trimming[0]
        await work()
        waiting = Deferred.fromCoroutine(work())
        self.assertNoResult(waiting)
        failing.errback(OSError(errno.ENOSPC, "the disk is full"))
        self.assertEqual((await waiting).parent, self.top / "environments" / "work")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 1)

    async def test_offline(self):
        """A server that asks nobody keeps all: nothing could be fetched again."""
        small = self.environments(cache_mb=0, offline=True)
        await self.build({"a.py": FLASK}, small)
        await self.build({"b.py": FASTAPI}, small)
        self.assertIn("flask.py", self.packages())
