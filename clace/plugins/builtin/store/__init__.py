"""``store.in``: the documents of apps, in SQLite or PostgreSQL."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.plugins.builtin.store.database import (
        DocumentDatabase as DocumentDatabase,
        open_database as open_database,
    )
    from clace.plugins.builtin.store.plugin import (
        StoreFunctions as StoreFunctions,
        StoreSettings as StoreSettings,
    )
else:
    __getattr__ = face(
        __name__,
        database=("DocumentDatabase", "open_database"),
        plugin=("StoreFunctions", "StoreSettings"),
    )
