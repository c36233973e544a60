"""Steps of builds: how they are started, told and ended."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.environments.programs import (
    BuildStep,
    IBuildStarter,
    StepFailed,
    StepRunner,
    WalledBuildStarter,
)
from clace.interfaces import ProgramExit, WallMount
from tests.support.memory_walled import MemoryWalledStarter

STEP = BuildStep(
    command=("/bin/uv", "pip"),
    environment={"A": "b"},
    folder="/w",
    mounts=(WallMount(source="/w", target="/w", is_writable=True),),
    network=("pypi.org:443",),
    memory_mb=2048,
)
