"""Accounts, sessions, tokens and providers: the users, and their permissions."""
