"""The admin API, declared once for the server, the client and the documentation.

Each module is a noun: its operations, and the values that they take and answer. ``catalogue`` has
all operations together; a command of the client imports only the noun that it needs.
"""
