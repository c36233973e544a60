"""The schema, as steps for Alembic, which runs ``env.py``."""
