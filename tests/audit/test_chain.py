"""Tests for the hash chain over audit events: what shows, and what only a kept head shows."""

import subprocess
import sys
from pathlib import Path
from unittest import SkipTest

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, func, insert, make_url, select, update
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from clace.audit import table
from clace.audit.chain import Chain, ChainCut, merged, runs
from clace.audit.chained import append, cuts, head, stored_cuts, take_out
from clace.audit.log import SCHEMA
from clace.audit.retention import nanoseconds
from clace.audit.table import audit
from clace.audit.verifying import SPAN, ChainWalk
from clace.database.engine import transaction, writing_engine
from clace.errors import BadRequest
from clace.model.audit_filter import AuditHead
from tests.support.audit_contract import KEY, NOW, event
from tests.support.postgres import fresh, postgres

CHAIN = Chain(KEY)
OTHER = Chain(b"o" * 32)
WRITER = """
import sys
from pathlib import Path
from clace.audit.chain import Chain
from clace.audit.chained import append
from clace.database.engine import transaction, writing_engine
from tests.support.audit_contract import KEY, event

engine = writing_engine(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    with transaction(engine, "write") as connection:
        append(connection, [event(number), event(number)], Chain(KEY))
        print(number, flush=True)
"""


class Rows:
    """A database whose rows are written, removed, tampered with and verified."""

    def within(self, work):
        with transaction(self.engine, "test") as connection:
            return work(connection)

    def write(self, count, chain=CHAIN, **fields):
        self.within(lambda c: append(c, [event(n, **fields) for n in range(count)], chain))

    def remove(self, numbers, chain=CHAIN):
        """Remove rows as retention does."""
        rows = select(audit.c.sequence, audit.c.hash).where(audit.c.sequence.in_(numbers))

        def work(connection):
            found = connection.execute(rows.order_by(audit.c.sequence)).all()
            take_out(connection, found, chain)

        self.within(work)

    def tamper(self, *statements):
        self.within(lambda c: [c.execute(statement) for statement in statements])

    def verified(self, known=None, chain=CHAIN):
        walk = ChainWalk(chain, known)
        while not walk.is_done:
            self.within(walk.step)
        return walk.found

    def broken(self, **given):
        fault = self.verified(**given).fault
        return fault and (fault.sequence, fault.reason)

    def assertBroken(self, sequence, reason, **given):
        self.assertEqual(self.broken(**given), (sequence, reason))

    def in_span(self, first, last=None):
        return audit.c.sequence.between(first, first if last is None else last)


class ChainContract(Rows):
    """Mix into a ``SynchronousTestCase``."""

    def setUp(self):
        self.engine = self.make_engine()
        self.addCleanup(self.engine.dispose)

    def test_a_whole_log(self):
        """Rows as they were written verify, in however many steps; the head is the last one's."""
        self.write(2 * SPAN + 1)
        found = self.verified()
        self.assertIsNone(found.fault)
        self.assertEqual((found.rows, found.removed, found.unchained), (2 * SPAN + 1, 0, 0))
        self.assertEqual(found.head.sequence, 2 * SPAN + 1)
        self.assertIsNone(self.broken(known=found.head))

    def test_an_empty_log(self):
        """A log without rows has neither fault nor head."""
        found = self.verified()
        self.assertEqual((found.fault, found.head, found.rows), (None, None, 0))

    def test_a_changed_row(self):
        """A row of which any field was changed is named, with its event as it is now."""
        self.write(5)
        for name in event().__struct_fields__:
            value = 7 if name == "create_time" else "other"
            row = self.within(lambda c: c.execute(select(audit).where(self.in_span(3))).one())
            self.tamper(update(audit).where(self.in_span(3)).values({name: value}))
            fault = self.verified().fault
            self.assertEqual(fault.sequence, 3)
            self.assertEqual(getattr(fault.event, name), value)
            self.tamper(update(audit).where(self.in_span(3)).values(**row._mapping))
        self.assertIsNone(self.broken())

    def test_removed_rows(self):
        """Rows that somebody removed are named: the first, some in the middle, the last."""
        self.write(9)
        self.tamper(delete(audit).where(self.in_span(8, 9)))
        self.assertBroken(8, "missing: rows 8 to 9 were removed")
        self.tamper(delete(audit).where(self.in_span(3, 5)))
        self.assertBroken(3, "missing: rows 3 to 5 were removed")
        self.tamper(delete(audit).where(self.in_span(1)))
        self.assertBroken(1, "missing: rows 1 to 1 were removed")
        self.tamper(delete(audit))
        self.assertBroken(1, "missing: rows 1 to 9 were removed")

    def test_a_wide_gap(self):
        """More missing rows than a step looks at are a fault too, and not the end."""
        self.write(2 * SPAN + 5)
        self.tamper(delete(audit).where(self.in_span(3, 2 * SPAN)))
        self.assertEqual(self.broken()[0], 3)

    def test_removed_rows_stay_missing(self):
        """The end that was removed is a fault also after the server wrote on."""
        self.write(9)
        self.tamper(delete(audit).where(self.in_span(8, 9)))
        self.write(4)
        self.assertBroken(8, "missing: rows 8 to 9 were removed")

    def test_moved_rows(self):
        """Two rows that change places are noticed, with their hashes or without."""
        self.write(5)
        places = ((2, -1), (4, 2), (-1, 4))
        self.tamper(*(update(audit).where(self.in_span(a)).values(sequence=b) for a, b in places))
        self.assertEqual(self.broken()[0], 2)

    def test_added_rows(self):
        """A row of somebody's own is noticed, at the end too, with any hash."""
        self.write(3)
        row = self.within(lambda c: c.execute(select(audit).where(self.in_span(3))).one())
        for end in ("", row.hash, "f" * 64):
            self.tamper(insert(audit).values(**{**row._mapping, "sequence": 4, "hash": end}))
            self.assertEqual(self.broken()[0], 4)
            self.tamper(delete(audit).where(self.in_span(4)))

    def test_writing_goes_on_behind_added_rows(self):
        """A row that somebody added in the place of the next one keeps no other from being kept."""
        self.write(1)
        row = self.within(lambda c: c.execute(select(audit)).one())
        self.tamper(insert(audit).values(**{**row._mapping, "sequence": 7}))
        self.write(2)
        self.assertEqual(self.within(lambda c: c.scalar(select(func.count(audit.c.rid)))), 4)
        self.assertEqual(self.broken()[0], 2)

    def test_a_shorter_end(self):
        """Rows and head put back together do not match: nobody else can seal a head."""
        self.write(5)
        self.tamper(delete(audit).where(self.in_span(5)))
        last = self.within(lambda c: c.execute(select(audit).where(self.in_span(4))).one())
        self.tamper(update(head).values(sequence=4, hash=last.hash))
        self.assertBroken(5, "the head of the chain was changed")

    def test_a_changed_head_is_no_new_begin(self):
        """A server that finds a changed head writes on, breaks the chain there, and logs it."""
        self.write(5)
        self.tamper(delete(audit).where(self.in_span(5)))
        last = self.within(lambda c: c.execute(select(audit).where(self.in_span(4))).one())
        self.tamper(update(head).values(sequence=4, hash=last.hash))
        with capturedLogs() as logs:
            self.write(2)
        self.assertIn("tampered with", [log.get("reason") for log in logs])
        self.assertBroken(5, "changed, or not the row that followed the one before")

    def test_a_removed_head(self):
        """Rows with hashes and no head are a fault."""
        self.write(2)
        self.tamper(delete(head))
        self.assertBroken(1, "the head of the chain was removed")

    def test_what_retention_removed(self):
        """Rows that the server removed are no fault, wherever they were, and are counted."""
        self.write(12)
        for numbers in ((1, 2), (5,), (7,), (6,), (12,), (3, 8, 9)):
            self.remove(numbers)
            self.assertIsNone(self.broken(), numbers)
        found = self.verified()
        self.assertEqual((found.rows, found.removed), (3, 9))
        spans = self.within(lambda c: [(cut.first, cut.last) for cut in stored_cuts(c, 0, 99)])
        self.assertEqual(spans, [(1, 3), (5, 9), (12, 12)])
        self.write(2)
        self.assertIsNone(self.broken(known=self.verified().head))

    def test_what_nobody_removed(self):
        """A cut that the server has not made excuses nothing, also after it made one beside it."""
        self.write(9)
        forged = CHAIN.sealed_cut(1, 2, "f" * 64)
        self.tamper(
            delete(audit).where(self.in_span(4)),
            insert(cuts).values(first=4, last=4, hash=forged.hash, seal=forged.seal),
        )
        self.assertBroken(4, "missing: no server removed rows 4 to 4")
        self.remove((5, 3))
        self.assertEqual(self.broken()[0], 4)

    def test_rows_removed_before_retention(self):
        """Rows that somebody removed are a fault also when all around them was old enough to go."""
        self.write(9)
        self.tamper(delete(audit).where(self.in_span(4)))
        self.remove(range(1, 9))
        self.assertBroken(4, "missing: rows 4 to 4 were removed")

    def test_an_old_copy(self):
        """An older state put back whole shows to somebody who kept a later head, and only so."""
        self.write(3)
        state = self.within(lambda c: [c.execute(select(each)).all() for each in (audit, head)])
        self.write(3)
        kept = self.verified().head
        self.tamper(
            *(delete(each) for each in (audit, head)),
            *(
                insert(each).values(**row._mapping)
                for each, rows in zip((audit, head), state, strict=True)
                for row in rows
            ),
        )
        self.assertIsNone(self.broken())
        reason = "missing: the log ends before the given head, rows 4 to 6"
        self.assertBroken(4, reason, known=kept)
        self.write(9, detail="after")
        self.assertBroken(6, "not the row that the given head is of", known=kept)

    def test_a_new_begin(self):
        """A log that was emptied and begun again shows to somebody who kept a head."""
        self.write(3)
        kept = self.verified().head
        self.tamper(delete(head), delete(audit))
        self.assertBroken(1, "the head of the chain was removed", known=kept)
        self.write(2)
        self.assertBroken(3, "missing: the log ends before the given head, rows 3 to 3", known=kept)
        self.tamper(delete(head), update(audit).values(hash=""))
        self.write(2)
        self.assertBroken(3, "the chain began after the given head", known=AuditHead(2, kept.hash))

    def test_a_kept_head_of_removed_rows(self):
        """A head whose row retention has removed meanwhile is no fault."""
        self.write(3)
        kept = self.verified().head
        self.write(3)
        self.remove((3,))
        self.assertIsNone(self.broken(known=kept))
        self.remove((2, 4))
        self.assertIsNone(self.broken(known=kept))

    def test_older_rows(self):
        """Rows from before the chain are counted and not verified; those after them are."""
        rows = [{"sequence": n, **fields(event(n))} for n in range(1, 4)]
        self.tamper(insert(audit).values(rows))
        self.assertEqual(self.verified().unchained, 3)
        self.write(2)
        found = self.verified()
        self.assertEqual((found.fault, found.unchained, found.rows), (None, 3, 2))
        self.remove((1, 3, 4))
        self.assertEqual((self.broken(), self.verified().unchained), (None, 1))

    def test_a_stripped_chain(self):
        """Whoever takes the hashes and the head away has not made older rows of the newer ones."""
        aged = Chain(KEY, made=NOW)
        day = nanoseconds(86_400)
        older = {"sequence": 1, **fields(event(0, create_time=nanoseconds(NOW) - day))}
        self.tamper(insert(audit).values(older))
        self.write(3, aged)
        self.assertIsNone(self.broken(chain=aged))
        self.tamper(delete(head), update(audit).values(hash="", user_id="nobody"))
        reason = "without a hash, and recorded after the chain began"
        self.assertBroken(2, reason, chain=aged)
        self.write(2, aged)
        self.assertBroken(2, reason, chain=aged)

    def test_without_the_key(self):
        """Events are kept without the key, but the log then does not verify."""
        self.write(2)
        self.write(2, None)
        self.write(2)
        self.assertBroken(3, "without a hash: added by hand, or without the key")
        self.remove((3, 4))
        self.assertIsNone(self.broken())
        self.remove((2,), None)
        self.assertEqual(self.broken()[0], 2)

    def test_another_key(self):
        """The key of another server verifies nothing; its rows break the chain."""
        self.write(2)
        self.assertEqual(self.broken(chain=OTHER)[0], 1)
        with capturedLogs() as logs:
            self.write(1, OTHER)
        self.assertIn("sealed with another key", [log.get("reason") for log in logs])
        self.assertEqual(self.broken()[0], 3)


def fields(one):
    return {name: getattr(one, name) for name in one.__struct_fields__}


class SQLiteChainTests(ChainContract, SynchronousTestCase):
    """The chain in SQLite."""

    def make_engine(self):
        self.path = Path(self.mktemp()).absolute()
        engine = writing_engine(self.path)
        with transaction(engine, "make") as connection:
            SCHEMA.upgrade(connection)
        return engine

    def writer(self, count):
        return subprocess.Popen(
            [sys.executable, "-c", WRITER, str(self.path), str(count)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent.parent,
        )

    def test_two_processes(self):
        """Processes that write at the same time make one chain."""
        writers = [self.writer(20), self.writer(20)]
        for each in writers:
            each.communicate(timeout=120)
        found = self.verified()
        self.assertEqual((found.fault, found.rows), (None, 80))

    def test_a_crash(self):
        """A process killed in the middle of its writing leaves a chain that others go on with."""
        writer = self.writer(1_000_000)
        with writer.stdout:
            while writer.stdout.readline() != "20\n":
                pass
            writer.kill()
            writer.wait(60)
        self.write(1)
        found = self.verified()
        self.assertIsNone(found.fault)
        self.assertGreater(found.rows, 40)

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def test_any_history(self, data):
        """Whatever was written and removed in whatever order verifies, until one row changes."""
        self.setUp()
        for _ in range(data.draw(st.integers(1, 5))):
            self.write(data.draw(st.integers(1, 4)))
            there = self.within(lambda c: list(c.scalars(select(audit.c.sequence))))
            self.remove(data.draw(st.sets(st.sampled_from(there), max_size=3)) if there else ())
        self.assertIsNone(self.broken())
        there = self.within(lambda c: list(c.scalars(select(audit.c.sequence))))
        if there:
            number = data.draw(st.sampled_from(there))
            change = data.draw(st.sampled_from(("delete", "detail", "hash", "move")))
            self.tamper(
                {
                    "delete": delete(audit).where(self.in_span(number)),
                    "detail": update(audit).where(self.in_span(number)).values(detail="x"),
                    "hash": update(audit).where(self.in_span(number)).values(hash="0" * 64),
                    "move": update(audit).where(self.in_span(number)).values(sequence=999),
                }[change]
            )
            self.assertEqual(self.broken()[0], number)


class PostgresChainTests(ChainContract, SynchronousTestCase):
    """The chain in PostgreSQL."""

    def make_engine(self):
        url, reason = postgres()
        if not url:
            raise SkipTest(reason)
        fresh(url)
        engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
        table.schema.create_all(engine)
        return engine


class PartTests(SynchronousTestCase):
    """The parts of the chain."""

    def test_runs(self):
        """Rows next to each other make one cut, with the last hash that one of them had."""
        made = list(runs([(1, "a"), (2, ""), (4, "c")]))
        self.assertEqual(
            made, [ChainCut(first=1, last=2, hash="a"), ChainCut(first=4, last=4, hash="c")]
        )

    def test_merged(self):
        """Cuts that touch become one; others stay as they are."""
        made = merged(
            [
                ChainCut(first=3, last=4, hash="b"),
                ChainCut(first=1, last=2, hash="a"),
                ChainCut(first=6, last=6, hash=""),
            ]
        )
        self.assertEqual(
            [(cut.first, cut.last, cut.hash) for cut in made], [(1, 4, "b"), (6, 6, "")]
        )

    def test_heads(self):
        """A head is written as its number and hash, and read so."""
        text = f"12:{'0a' * 32}"
        self.assertEqual(str(AuditHead.parse(text)), text)
        for wrong in (
            "",
            "12",
            "12:",
            ":0a",
            f"-1:{'0a' * 32}",
            f"12:{'0A' * 32}",
            f"²:{'0a' * 32}",
        ):
            self.assertRaises(BadRequest, AuditHead.parse, wrong)

    def test_no_part_stands_for_another(self):
        """The seals of rows, heads and cuts differ, whatever is in them."""
        sealed = CHAIN.sealed_head(0, 1, "a"), CHAIN.sealed_cut(0, 1, "a")
        self.assertNotEqual(sealed[0].seal, sealed[1].seal)
        self.assertFalse(OTHER.made_cut(sealed[1]))
        self.assertTrue(CHAIN.made_head(sealed[0]))
