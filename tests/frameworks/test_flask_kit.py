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


IDENTITY = """
import json, os
import jwt
from flask import Flask, jsonify, request

app = Flask(__name__)

@app.route("/")
def index():
    return "flask"

@app.route("/told")
def tell():
    with open(os.environ["CL_IDENTITY_KEYS"]) as file:
        keys = jwt.PyJWKSet.from_dict(json.load(file))
    token = request.headers["X-Clace-Identity"]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    read, refused = jwt.decode(token, key, ["EdDSA"], audience=os.environ["CL_APP_ID"]), []
    for text, audience in ((token, "another"), (token[:-4] + "AAAA", os.environ["CL_APP_ID"])):
        try:
            jwt.decode(text, key, ["EdDSA"], audience=audience)
        except jwt.InvalidTokenError as error:
            refused.append(type(error).__name__)
    return jsonify(sub=read["sub"], acr=read["acr"], refused=refused)
"""


class FlaskKitTests(FrameworkCase):
    @framework("flask")
    def test_identity(self):
        """A Flask app checks identity tokens with PyJWT and the file that it is given."""
        source = self.source({"app.py": IDENTITY, "requirements.txt": "flask\npyjwt[crypto]\n"})
        self.install("who", str(source))
        told = json.loads(self.daemon.get("/who/told").body)
        refused = ["InvalidAudienceError", "InvalidSignatureError"]
        self.assertEqual(told, {"sub": "admin", "acr": "password", "refused": refused})

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
