"""Who may reach what, for tests."""

from zope.interface import implementer

from clace.interfaces import IAuditEvents


@implementer(IAuditEvents)
class RecordedEvents:
    """Keeps the deeds."""

    def __init__(self):
        self.deeds = []

    def record(self, deed, rid=""):
        self.deeds.append(deed)
        return True
