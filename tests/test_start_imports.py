"""What a server imports to start: the rest is imported when it is first needed."""

import json
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.daemon import ROOT

# Each takes a noticeable part of a start.
LATER = (
    "alembic",
    "javaproperties",
    "joserfc",
    "klein",
    "mako",
    "sqlalchemy.dialects.postgresql",
    "werkzeug",
)
STARTS = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
import clace.tap
from clace.audit.log import SCHEMA as audit
from clace.database.schema import UpgradeOptions
from clace.metadata.store import SCHEMA as metadata

for name, schema in (("audit", audit), ("metadata", metadata)):
    schema.prepare(Path(sys.argv[1], name), UpgradeOptions(), datetime.now(UTC))
print(json.dumps(sorted(sys.modules)))
"""


class StartTests(SynchronousTestCase):
    def imported(self, folder):
        command = (sys.executable, "-c", STARTS, str(folder))
        path = {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=path, capture_output=True, check=True, timeout=60)
        return set(json.loads(done.stdout))

    def test_imports(self):
        """Databases of this version are opened without Alembic, and nothing waits for Klein."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        self.assertIn("alembic", self.imported(folder))  # they are made
        self.assertEqual(self.imported(folder) & set(LATER), set())
