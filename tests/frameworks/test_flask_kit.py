"""The escape kit for programs, from inside a real Flask app under gunicorn."""

import json
from pathlib import Path

from tests.frameworks.support import FrameworkCase
from tests.frameworks.test_frameworks import framework
from tests.support import process_attempts
from tests.support.process_kit import targets_of, worked

APP = """
import json, os, signal
from flask import Flask, jsonify
import attempts

attempts.TARGET.update(json.load(open("targets.json")))
signal.signal(signal.SIGALRM, attempts.too_late)
app = Flask(__name__)

@app.route("/")
def index():
    return "flask"

@app.route("/attempts")
def run():
    attempts.TARGET["own"] = {int(name) for name in os.listdir("/proc/self/fd")}
    return jsonify({name: attempts.outcome(work) for name, work in attempts.ATTEMPTS.items()})
"""


class FlaskKitTests(FrameworkCase):
    @framework("flask")
    def test_from_inside(self):
        """Nothing that the app tries works."""
        other = self.source({"app.star": "app = ace.app('Other')"})
        source = self.source({"app.py": APP, "requirements.txt": "flask\n"})
        program = Path(process_attempts.__file__).read_bytes()
        (source / "attempts.py").write_bytes(program)
        (source / "targets.json").write_text("{}")
        self.install("kit", str(source))
        (source / "targets.json").write_text(json.dumps(targets_of(self.daemon, other)))
        self.daemon.must("app", "reload", "--approve", "--promote", "/kit")
        found = json.loads(self.daemon.get("/kit/attempts").body)
        self.assertEqual(worked(found), set())
        self.assertGreater(len(found), 100)
