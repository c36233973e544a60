"""Where files that are sent to apps are put while a test looks at them."""

from pathlib import Path


class FolderInbox:
    """An inbox in a folder of the test; keeps what it was told."""

    def __init__(self, folder):
        self.folder = Path(folder).absolute()
        self.folder.mkdir()
        self.owners = {}
        self.count = 0

    def inbox(self):
        self.count += 1
        return str(self.folder / str(self.count))

    def adopt(self, path, app_id):
        self.owners[path] = app_id

    async def discard(self, path):
        del self.owners[path]
        Path(path).unlink()  # noqa: ASYNC240

    @property
    def files(self):
        """The files and folders that there are now, files by their content."""
        return {
            str(one.relative_to(self.folder)): one.read_bytes() if one.is_file() else None
            for one in self.folder.rglob("*")
        }
