"""Users of the server itself, with a real one: by the command line and by the configuration."""

import signal

from tests.support.daemon import password_hash
from tests.system.cases import DaemonTestCase

APP = {
    "app.star": """
def handler(req):
    return req.UserId + " " + ",".join(req.UserGroups)

app = ace.app("test", routes=[ace.api("/", handler=handler, type=ace.TEXT)])
"""
}
FIRST, SECOND = "correct horse battery", "battery staple correct"


class UsersTests(DaemonTestCase):
    def setUp(self):
        self.daemon = self.make_daemon()
        self.daemon.start()
        self.daemon.install(self.source(APP), "/app", auth="builtin")

    def told(self, password, user="ann"):
        """What the app tells a program that sends a name and password; else the status."""
        answer = self.daemon.get("/app", login=(user, password))
        return answer.body if answer.status == 200 else answer.status

    def test_changes_hold_at_once(self):
        """A user gets in, with other groups and another password at once, and after a restart."""
        self.assertEqual(self.told(FIRST), 401)
        self.daemon.must("user", "add", "--value", FIRST, "--groups", "a,b", "ann")
        self.assertEqual(self.told(FIRST), "builtin:ann a,b")
        self.daemon.must("user", "update", "--groups", "c", "ann")
        self.assertEqual(self.told(FIRST), "builtin:ann c")
        self.daemon.must("user", "update", "--value", SECOND, "ann")
        self.assertEqual((self.told(FIRST), self.told(SECOND)), (401, "builtin:ann c"))
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.told(SECOND), "builtin:ann c")
        self.daemon.must("user", "delete", "--yes", "ann")
        self.assertEqual(self.told(SECOND), 401)

    def test_reads_the_configuration_again(self):
        """Users of the file come and go with SIGHUP; one of the command line comes before them."""
        hashed = password_hash(FIRST)
        self.daemon.write_config(f'[builtin_auth.ann]\npassword = "{hashed}"\ngroups = ["file"]\n')
        self.daemon.process.send_signal(signal.SIGHUP)
        # Tries at the app would count as failures until then.
        self.wait_until("it is known", lambda: "ann" in self.daemon.must("user", "list"))
        self.assertEqual(self.told(FIRST), "builtin:ann file")
        self.daemon.must("user", "update", "--groups", "db", "ann")
        self.assertEqual(self.told(FIRST), "builtin:ann db")
        listed = self.daemon.must("user", "list", "--format", "csv")
        self.assertEqual(listed, "ann,db,dynamic,false,\nann,file,static,true,\n")
        said = self.daemon.refused("user", "add", "--value", SECOND, "ann")
        self.assertEqual(said, "error: user ann already exists, use user update to change it\n")
        self.daemon.must("user", "delete", "--yes", "ann")
        self.assertEqual(self.told(FIRST), "builtin:ann file")
        said = self.daemon.refused("user", "delete", "--yes", "ann")
        self.assertIn("remove [builtin_auth.ann] there", said)
