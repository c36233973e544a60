"""Tests mirror ``clace`` file for file; what holds for all of them is said here."""

import os

from hypothesis import HealthCheck, settings
from twisted.trial.unittest import SynchronousTestCase

from tests.support.rows import RowFailed

# How long an example takes says more of the machine than of the code, and a shared one is slow.
settings.register_profile(
    "clace", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
# Mutants are tried by the thousand, each by tests that run in a process forked from another's.
settings.register_profile(
    "mutants",
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "clace"))

# A table of cases is looped over in many tests: whatever fails there says in which row.
SynchronousTestCase.failureException = RowFailed
