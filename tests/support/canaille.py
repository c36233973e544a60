"""Canaille, an OpenID Connect server, where it is installed: ``$CANAILLE`` or on the path."""

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

from joserfc.jwk import RSAKey

from tests.support.local_servers import free_port

PROGRAM = os.environ.get("CANAILLE") or shutil.which("canaille")
PASSWORD = "correct-horse-battery"
_CONFIG = """
SECRET_KEY = "of-a-test-and-nothing-else-0123456789"
PREFERRED_URL_SCHEME = "http"
SERVER_NAME = "localhost:{port}"
[CANAILLE]
DATABASE = "sql"
HTMX = false
JAVASCRIPT = false
[CANAILLE.ACL.DEFAULT]
PERMISSIONS = ["edit_self", "use_oidc"]
READ = ["user_name", "groups"]
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{folder}/canaille.db"
[CANAILLE_OIDC]
REQUIRE_NONCE = true
ACTIVE_JWKS = [{{ {key} }}]
"""


class Canaille:
    """A server with one user, Ann, and one client, which is a server of ours."""

    def __init__(self, folder: Path, ours: str):
        self.folder = folder
        folder.mkdir()
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        parts = ", ".join(f'{name} = "{part}"' for name, part in key.as_dict(private=True).items())
        config = _CONFIG.format(port=self.port, folder=folder, key=parts)
        (folder / "config.toml").write_text(config)
        self._run("db", "upgrade")
        self._run("install")
        self._make_user()
        self._make_client(ours)
        self.process = self._start()

    def config(self):
        return (
            '[auth.oidc]\nkey = "clace"\nsecret = "hunter2hunter2"\n'
            f'discovery_url = "{self.url}/.well-known/openid-configuration"\n'
        )

    def end(self):
        self.process.terminate()
        self.process.wait(20)

    def _make_user(self):
        names = ("--family-name", "Lee", "--given-name", "Ann", "--formatted-name", "Ann Lee")
        login = ("--user-name", "ann", "--password", PASSWORD, "--emails", "ann@example.org")
        self._run("create", "user", *login, *names)

    def _make_client(self, ours):
        options = {
            "client-id": "clace",
            "client-secret": "hunter2hunter2",
            "client-name": "Clace",
            "client-uri": ours,
            "redirect-uris": f"{ours}/_clace/auth/oidc/callback",
            "post-logout-redirect-uris": f"{ours}/_clace/logout?done=1",
            "response-types": "code",
            "token-endpoint-auth-method": "client_secret_basic",
        }
        several = [("scope", scope) for scope in ("openid", "profile", "email")]
        several += [("grant-types", grant) for grant in ("authorization_code", "refresh_token")]
        pairs = [*options.items(), *several]
        given = [part for name, value in pairs for part in (f"--{name}", value)]
        self._run("create", "client", *given)
        # Without an audience its tokens are for nobody.
        self._run("set", "client", "clace", "--audience", "clace")

    def _environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, "CANAILLE_CONFIG": str(self.folder / "config.toml")}

    def _run(self, *arguments):
        done = subprocess.run(
            (PROGRAM, *arguments),
            env=self._environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def _start(self):
        process = subprocess.Popen(
            (PROGRAM, "run", "--bind", f"127.0.0.1:{self.port}"),
            env=self._environment(),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        limit = time.monotonic() + 60
        while True:
            try:
                urlopen(f"{self.url}/.well-known/openid-configuration", timeout=5).close()
            except OSError:
                if time.monotonic() > limit or process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return process

    def forget_audience(self):
        """From now on tokens are for nobody."""
        with sqlite3.connect(self.folder / "canaille.db") as database:
            database.execute("delete from client_audience_association_table")
