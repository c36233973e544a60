"""The apps, their versions and their files, kept in a database."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.metadata import rules as rules
    from clace.metadata.changes import check_whole as check_whole
    from clace.metadata.contents import checked as checked
    from clace.metadata.delivery_rows import open_delivery_rows as open_delivery_rows
    from clace.metadata.factor_rows import open_factor_rows as open_factor_rows
    from clace.metadata.secret_rows import open_secret_rows as open_secret_rows
    from clace.metadata.session_rows import open_session_rows as open_session_rows
    from clace.metadata.store import open_store as open_store
    from clace.metadata.sync_rows import open_sync_rows as open_sync_rows
    from clace.metadata.token_rows import open_token_rows as open_token_rows
    from clace.metadata.user_rows import open_user_rows as open_user_rows
    from clace.metadata.webhook_rows import open_webhook_rows as open_webhook_rows
else:
    __getattr__ = face(
        __name__,
        changes=("check_whole",),
        contents=("checked",),
        delivery_rows=("open_delivery_rows",),
        factor_rows=("open_factor_rows",),
        secret_rows=("open_secret_rows",),
        session_rows=("open_session_rows",),
        store=("open_store",),
        sync_rows=("open_sync_rows",),
        token_rows=("open_token_rows",),
        user_rows=("open_user_rows",),
        webhook_rows=("open_webhook_rows",),
    )
