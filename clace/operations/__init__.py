"""What an operator can do. Each operation fetches, audits and loads before it changes anything."""
