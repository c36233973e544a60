from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.audit import table
from clace.audit.chain import Chain
from clace.audit.chained import append, take_out
from clace.audit.log import SCHEMA
from clace.audit.retention import AuditRetention
from clace.database.engine import transaction, writing_engine
from clace.model.audit_filter import AuditFilter
from clace.testing.audit import MemoryAudit
from tests.support.audit_contract import KEY, event
from tests.support.schemas import SchemaContract

CHAIN = Chain(KEY)
EVENTS = st.lists(
    st.builds(
        event,
        st.integers(0, 5),
        detail=st.text(alphabet="aAbé%_\\", max_size=4),
        app_id=st.sampled_from("ab"),
        user_id=st.sampled_from(["jo", "Jo", "admin"]),
        event_type=st.sampled_from(["http", "system"]),
    ),
    max_size=8,
)
TIMES = st.none() | st.integers(-1, 6).map(lambda number: event(number).create_time)
FILTERS = st.builds(
    AuditFilter,
    app_ids=st.none() | st.frozensets(st.sampled_from("ab")),
    user_id=st.sampled_from(["", "jo", "x"]),
    detail=st.text(alphabet="aAb%_\\", max_size=3),
    start=TIMES,
    end=TIMES,
    limit=st.integers(1, 4),
)


class AuditSchemaTests(SchemaContract, SynchronousTestCase):
    """The steps of the audit database."""

    steps = SCHEMA
    declared = table.schema


def found(connection, wanted):
    return tuple(entry.event for entry in table.found(connection, wanted))


class AgreementTests(SynchronousTestCase):
    def setUp(self):
        self.engine = writing_engine(Path(self.mktemp()))
        self.addCleanup(self.engine.dispose)
        with transaction(self.engine, "make") as connection:
            SCHEMA.upgrade(connection)

    @settings(max_examples=100, deadline=None)
    @given(EVENTS, FILTERS, st.builds(AuditRetention, http_days=st.integers(0, 1)))
    def test_the_twins_agree(self, events, wanted, retention):
        """Whatever is recorded and asked, database and memory find the same."""
        memory = MemoryAudit(retention)
        now = event(3).create_time / 10**9 + 24 * 3600
        with transaction(self.engine, "compare", keep=False) as connection:
            for one in events:
                memory.record(one)
                append(connection, [one], CHAIN)
            both = [found(connection, wanted)]
            take_out(connection, table.outdated(connection, retention, int(now * 10**9)), CHAIN)
            both.append(found(connection, wanted))
        self.assertEqual(both[0], self.successResultOf(memory.query(wanted)))
        self.successResultOf(memory.retain(now))
        self.assertEqual(both[1], self.successResultOf(memory.query(wanted)))
