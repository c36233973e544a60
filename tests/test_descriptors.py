"""Tests for ``clace.descriptors``."""

import resource

from twisted.trial.unittest import SynchronousTestCase

from clace.descriptors import connections_of, egress_share, raise_limit
from clace.errors import ConfigError


class DescriptorTests(SynchronousTestCase):
    def test_raises_the_soft_limit(self):
        """The soft limit becomes the hard one, which is told."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
        self.assertEqual(raise_limit(), hard)
        self.assertEqual(resource.getrlimit(resource.RLIMIT_NOFILE), (hard, hard))

    def test_keeps_some(self):
        """What is not a connection keeps its files, each app host among it."""
        self.assertEqual(connections_of(1024, 64), 800)
        self.assertEqual(connections_of(1024, 100), 764)

    def test_of_programs(self):
        """Programs of apps get a part of them for connections to others, and no more than 512."""
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        for soft, share in ((1024, 64), (limits[1], min(512, limits[1] // 16))):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, limits[1]))
            self.assertEqual(egress_share(), share)

    def test_too_few(self):
        """Too few to serve anybody are refused, with what is needed."""
        error = self.assertRaises(ConfigError, connections_of, 200, 64)
        self.assertIn("200", error.message)
        self.assertIn("at least 256", error.message)
