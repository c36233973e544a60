"""The ``clace`` command: arguments in, tables out."""
