"""SQL databases of the rooms above: opening, moving to the newest schema, transactions."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.database.engine import (
        ROW_NUMBER as ROW_NUMBER,
        opened_value as opened_value,
        reading_engine as reading_engine,
        reason as reason,
        transaction as transaction,
        writing_engine as writing_engine,
    )
    from clace.database.place import make_private as make_private, sqlite_path as sqlite_path
    from clace.database.schema import (
        MigratedSchema as MigratedSchema,
        UpgradeOptions as UpgradeOptions,
        moment as moment,
    )
else:
    __getattr__ = face(
        __name__,
        engine=(
            "ROW_NUMBER",
            "opened_value",
            "reading_engine",
            "reason",
            "transaction",
            "writing_engine",
        ),
        place=("make_private", "sqlite_path"),
        schema=("MigratedSchema", "UpgradeOptions", "moment"),
    )
