"""The admin API as the same operations that the daemon has.

``socket_exchange`` reaches a UNIX socket with the standard library, ``agents`` an URL with Twisted.
"""
