"""Second factors in memory."""

from msgspec.structs import replace
from zope.interface import implementer

from clace.identity.factors import FactorSealing, FactorSurroundings, SecondFactors
from clace.interfaces import IFactorRows, IOwnSecrets
from tests.support.memory_users import at_once


@implementer(IFactorRows)
class MemoryFactorRows:
    def __init__(self):
        self._rows = {}

    def all(self):
        return tuple(sorted(self._rows.values(), key=lambda row: (row.create_time, row.id)))

    def of(self, user_id):
        return tuple(row for row in self.all() if row.user_id == user_id)

    def find(self, factor_id):
        return self._rows.get(factor_id)

    def add(self, factors, replaced=()):
        if any(each.id in self._rows for each in factors):
            return False
        owners = {each.user_id for each in factors}
        self._rows = {
            row.id: row
            for row in self._rows.values()
            if row.user_id not in owners or row.kind not in replaced
        }
        self._rows |= {each.id: each for each in factors}
        return True

    def use(self, factor_id, before, counter, now):
        row = self._rows.get(factor_id)
        if row is None or row.counter != before:
            return False
        self._rows[factor_id] = replace(row, counter=counter, use_time=now)
        return True

    def delete(self, user_id, ids=None):
        chosen = [row.id for row in self.of(user_id) if ids is None or row.id in ids]
        for each in chosen:
            del self._rows[each]
        return len(chosen)


@implementer(IOwnSecrets)
class MemoryOwnSecrets:
    """Keeps what it is given as it is."""

    def __init__(self):
        self.kept = {}

    async def own(self, name):
        return self.kept.get(name)

    async def put_own(self, name, value):
        self.kept[name] = value


def memory_factors(clock, sign_ins, *, rows=None, own=None, is_required=False):
    """Second factors over rows in memory, with tokens and random bytes that count."""
    numbers = iter(range(1, 100_000))
    around = FactorSurroundings(
        at_once,
        clock,
        lambda size: next(numbers).to_bytes(size, "big"),
        lambda _size: f"token{next(numbers)}",
    )
    factors = SecondFactors(
        MemoryFactorRows() if rows is None else rows,
        FactorSealing(own or MemoryOwnSecrets(), around.random),
        sign_ins,
        around,
        is_required=is_required,
    )
    factors.load()
    return factors
