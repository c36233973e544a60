"""Options and ``makeService`` of ``twistd clace``; ``composition`` puts the server together."""

from __future__ import annotations

import gc
import os
import sys
from functools import partial
from pathlib import Path

from twisted.application.service import IService
from twisted.logger import globalLogPublisher
from twisted.python.usage import Options as UsageOptions
from twisted.python.usage import UsageError

from clace import epoll
from clace.config import Config, find, load
from clace.descriptors import raise_limit
from clace.errors import ClaceError
from clace.log_screen import LogScreen
from clace.runtime.hosts import ProcessHosts, program_for
from clace.service import InOrder, reason_line


class Options(UsageOptions):
    """Options of ``twistd clace``; twistd's own options come before the word."""

    optParameters = (("config", "c", None, "The configuration file."),)
    longdesc = "The configuration is CL_CONFIG_FILE or $CL_HOME/clace.toml unless it is named."

    def __init__(self) -> None:
        super().__init__()
        self.flags: dict[str, str] = {}

    def opt_set(self, assignment: str) -> None:
        """A key and value that go before the file's, such as http.port=0; may be repeated."""
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UsageError(f"--set takes KEY=VALUE, not {assignment}")
        self.flags[key] = value

    def postOptions(self) -> None:
        """Choose the reactor, unless ``twistd --reactor`` has; no later, for then there is one."""
        epoll.install()


def makeService(options: Options) -> IService:
    """The server as configured, its listeners open; what is wrong ends the process in one line."""
    from twisted.internet import reactor  # noqa: PLC0415 - the one place that may

    os.umask(0o077)
    # What a start makes stays; the collector would look for garbage in it again and again.
    gc.disable()
    try:
        streams = (sys.__stdout__ or sys.stdout, sys.__stderr__ or sys.stderr)
        read = partial(read_config, options)
        config = read()
        hosts = ProcessHosts(reactor, program_for(config.sandbox, config.security.sandbox))
        # It takes as long to be ready as the rest of the server, and needs nothing of it.
        hosts.begin()
        from clace.composition import Composition  # noqa: PLC0415 - for the same reason

        composition = Composition(config, read, reactor, hosts, *streams, descriptors=raise_limit())
        server = InOrder()
        LogScreen(globalLogPublisher).setServiceParent(server)
        composition.parts().setServiceParent(server)
    except (ClaceError, OSError) as error:
        raise SystemExit(reason_line(error)) from error
    except KeyboardInterrupt as interrupt:
        raise SystemExit("error: interrupted before the server was ready") from interrupt
    return server


def read_config(options: Options) -> Config:
    """:raises ConfigError: if no usable configuration is found."""
    location = find(options["config"], os.environ, program=Path(sys.argv[0]).resolve())
    return load(location, os.environ, options.flags)
