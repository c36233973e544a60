"""The connections of tables in the metadata database that are asked one statement at a time."""

from __future__ import annotations

from typing import Self

from sqlalchemy import Engine
from twisted.application.service import Service

from clace.database import reading_engine, sqlite_path, writing_engine


class DatabaseRows(Service):
    """Tables of a database that ``open_store`` has prepared; they are asked in threads."""

    title = ""
    readers = 2

    def __init__(self, writing: Engine, reading: Engine) -> None:
        self.setName(self.title)
        self._writing = writing
        self._reading = reading

    @classmethod
    def at(cls, url: str) -> Self:
        """Return the rows in the database at a URL. Nothing is opened yet.

        :raises StoreError: if the URL is not a database's.
        """
        path = sqlite_path(url)
        return cls(writing_engine(path), reading_engine(path, cls.readers))

    def stopService(self) -> None:
        """Close the connections."""
        super().stopService()
        self.close()

    def close(self) -> None:
        """Leave nothing open; a process that forks must not hand connections down."""
        self._reading.dispose()
        self._writing.dispose()
