"""Tests mirror ``clace`` file for file; how Hypothesis runs in all of them is said here."""

from hypothesis import HealthCheck, settings

# How long an example takes says more of the machine than of the code, and a shared one is slow.
settings.register_profile(
    "clace", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("clace")
