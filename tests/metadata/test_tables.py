from twisted.trial.unittest import SynchronousTestCase

from clace.metadata import tables
from clace.metadata.store import SCHEMA
from tests.support.schemas import SchemaContract


class MetadataSchemaTests(SchemaContract, SynchronousTestCase):
    """The steps of the metadata database."""

    steps = SCHEMA
    declared = tables.schema
