"""Guessers at a real server, and those who know the password."""

import contextlib
import http.client
import threading
from base64 import b64encode
from itertools import count

import bcrypt

from tests.support.daemon import PASSWORD
from tests.system.cases import DaemonTestCase

APPS = "/_clace/apps"


class GuessingTests(DaemonTestCase):
    def setUp(self):
        # The usual cost: checks have to be what is scarce.
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
        self.daemon = self.make_daemon(
            f'[security]\nadmin_over_tcp = true\nadmin_password_bcrypt = "{hashed}"\n',
            hashed=False,
        ).start()

    def ask(self, connection, user, password):
        login = b64encode(f"{user}:{password}".encode()).decode()
        connection.request("GET", APPS, headers={"Authorization": f"Basic {login}"})
        response = connection.getresponse()
        response.read()
        return response.status

    def connect(self, address):
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.daemon.ports["http"], timeout=60, source_address=(address, 0)
        )
        self.addCleanup(connection.close)
        return connection

    def guess(self, address, names, statuses):
        """Guess until the server ends."""
        connection = self.connect(address)
        with contextlib.suppress(OSError, http.client.HTTPException):
            for number in names:
                statuses.add(self.ask(connection, f"name{number}", "guess"))

    def assert_admitted_beside(self, addresses):
        names, statuses = count(), set()
        guessers = [
            threading.Thread(target=self.guess, args=(address, names, statuses))
            for address in addresses
        ]
        for each in guessers:
            each.start()
        self.wait_until("they guess", lambda: 401 in statuses, seconds=60)
        found = self.ask(self.connect("127.0.0.1"), "admin", PASSWORD)
        self.daemon.process.kill()
        for each in guessers:
            each.join()
        self.assertEqual(found, 200)
        self.assertLessEqual(statuses, {401, 429})

    def test_guessers_of_one_address(self):
        """Sixty connections of one address that guess new names keep out nobody from elsewhere."""
        self.assert_admitted_beside(["127.0.0.2"] * 60)

    def test_guessers_of_many_addresses(self):
        """Sixty addresses keep out nobody either: who comes with the first is served with them."""
        self.assert_admitted_beside([f"127.0.1.{number}" for number in range(1, 61)])
