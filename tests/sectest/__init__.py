"""Security promises of a server, tried from outside against one that runs: ``make sectest``.

Nothing here imports Clace: a server is what it answers. A promise is a function with ``@promise``
in one of the ``*_promises`` modules; ``docs/security/sectest.md`` is for those who run it.
"""
