"""The real server by ``twistd -y``, composed with the fork server of ``tests.support.takeover``."""

import os
import sys
from functools import partial

from msgspec.structs import replace
from twisted.application.service import Application
from twisted.internet import reactor

from clace.runtime.hosts.program import program_for
from clace.tap import Composition, Options, read_config


def taken_over(sandbox, mode):
    """The program as configured, but for its module."""
    return replace(program_for(sandbox, mode), module="tests.support.takeover")


os.umask(0o077)
options = Options()
options.parseOptions([])
streams = (sys.__stdout__, sys.__stderr__)
application = Application("clace")
composition = Composition(partial(read_config, options), reactor, *streams, taken_over)
composition.parts().setServiceParent(application)
