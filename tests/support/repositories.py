"""Git repositories made by the test that needs them."""

import os
import subprocess

_AUTHOR = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Jo"), ("EMAIL", "jo@example.com"))
}


class Repository:
    """A repository with a working tree, at ``path``."""

    def __init__(self, path):
        self.path = path
        self.url = f"file://{path}"
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_NOSYSTEM": "1",
            **_AUTHOR,
        }
        command = ["git", "-C", str(self.path), *arguments]
        kept = {"text": True, "stderr": subprocess.PIPE}
        return subprocess.check_output(command, env=environment, **kept).strip()

    def commit(self, contents, message="a change"):
        """The id of a commit that has these files and, besides links, no others."""
        self.git("rm", "-r", "-q", "--cached", "--ignore-unmatch", ".")
        for name, content in contents.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            self.git("add", "--force", "--", name)
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")
