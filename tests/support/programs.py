"""Programs for tests that run them for real."""

from twisted.internet import reactor

from clace.processes.starter import ProgramStarter


def starter(case, *options):
    """What starts programs, until the test has ended and all cleanups added later are done."""
    found = ProgramStarter(reactor, *options)
    case.addCleanup(found.stopService)
    return found


async def everything(pipe):
    """All that comes out of a pipe."""
    found = b""
    while data := await pipe.read():
        found += data
    return found
