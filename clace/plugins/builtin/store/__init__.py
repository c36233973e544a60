"""``store.in``: the documents of apps, in SQLite or PostgreSQL."""
