"""The filter of system calls, run by a small model of the kernel's machine."""

import errno
import struct

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.kernel.machines import MACHINES
from clace.kernel.seccomp import allowing

PID = 4242
ALLOWED, REFUSED, KILLED = "allowed", "refused", "killed"
RESULTS = {0x7FFF0000: ALLOWED, 0x50000 | errno.EPERM: REFUSED, 0x80000000: KILLED}


def judged(program, number, *args, arch):
    """What becomes of a call."""
    call = struct.pack("=IIQ6Q", number, arch, 0, *args, *[0] * (6 - len(args)))
    instructions = list(struct.iter_unpack("=HBBI", program))
    at = held = 0
    while True:
        code, yes, no, value = instructions[at]
        at += 1
        if code == 0x06:
            return RESULTS[value]
        if code == 0x20:
            (held,) = struct.unpack_from("=I", call, value)
            continue
        test = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
        at += yes if test else no


class FilterTests(SynchronousTestCase):
    def judge(self, name, number, *args, arch=None):
        machine = MACHINES[name]
        arch = machine.audit_arch if arch is None else arch
        return judged(allowing(machine, PID), number, *args, arch=arch)

    def test_listed_calls(self):
        """What is on the list is allowed."""
        for name, machine in MACHINES.items():
            for number in machine.allowed.values():
                self.assertEqual(self.judge(name, number), ALLOWED)

    @given(st.integers(0, 0x3FFFFFFF))
    def test_other_calls(self, number):
        """Everything else is refused."""
        for name, machine in MACHINES.items():
            judged_by_arguments = {machine.mmap, machine.mprotect, machine.tgkill}
            if number not in {*machine.allowed.values(), *judged_by_arguments}:
                self.assertEqual(self.judge(name, number), REFUSED)

    def test_executable_memory(self):
        """Memory may be readable and writable, never executable."""
        for name, machine in MACHINES.items():
            for number in (machine.mmap, machine.mprotect):
                for protection in range(8):
                    expected = REFUSED if protection & 4 else ALLOWED
                    self.assertEqual(self.judge(name, number, 0, 4096, protection), expected)

    def test_signals(self):
        """A signal goes to the process itself or to nobody."""
        for name, machine in MACHINES.items():
            self.assertEqual(self.judge(name, machine.tgkill, PID, 1, 6), ALLOWED)
            for other in (1, PID + 1, 0, 0xFFFFFFFF):
                self.assertEqual(self.judge(name, machine.tgkill, other, 1, 6), REFUSED)

    def test_foreign_code(self):
        """Calls in the manner of another machine end the process."""
        self.assertEqual(self.judge("x86_64", 0, arch=0x40000003), KILLED)
        self.assertEqual(self.judge("x86_64", 0x40000000), KILLED)
        self.assertEqual(self.judge("aarch64", 63, arch=MACHINES["x86_64"].audit_arch), KILLED)
