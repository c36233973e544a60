from clace.config import foreign
from clace.config.schema import keys
from tests.config.support import LoadCase


class ForeignTests(LoadCase):
    def test_nothing_is_both(self):
        """No key that does something is listed as one that does nothing."""
        both = [
            key.at[:depth]
            for key in keys()
            for depth in range(1, len(key.at) + 1)
            if foreign.knows(key.at[:depth])
        ]
        self.assertEqual(both, [])

    def test_keys_of_openrun_load(self):
        """Keys of OpenRun that do nothing here are warned about, those for git too."""
        for name in (
            "git_checkout_cache_entries",
            "show_hosted_with",
        ):
            self.assertEqual(
                self.warnings(f"[system]\n{name} = 0"),
                [f"[system] {name}: known, but this version does nothing with it"],
            )
