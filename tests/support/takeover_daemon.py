"""The real server by ``twistd -y``, composed with the fork server of ``tests.support.takeover``."""

import os
import sys
from functools import partial

from msgspec.structs import replace
from twisted.application.service import Application
from twisted.internet import reactor

from clace.composition.server import Composition
from clace.runtime.hosts.program import program_for
from clace.runtime.hosts.supply import ProcessHosts
from clace.tap import Options, read_config

os.umask(0o077)
options = Options()
options.parseOptions([])
read = partial(read_config, options)
config = read()
program = program_for(config.sandbox, config.security.sandbox)
hosts = ProcessHosts(reactor, replace(program, module="tests.support.takeover"))
streams = (sys.__stdout__, sys.__stderr__)
application = Application("clace")
composition = Composition(config, read, reactor, hosts, *streams)
composition.parts().setServiceParent(application)
