"""The table of a served app's life."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken
from clace.model import Demands
from clace.runtime.life import LoadedHost, begin_life
from clace.runtime.limits import HostLimits
from clace.runtime.options import AppOptions

LOADED = (
    LoadedHost(
        host=None,
        files=None,
        name="x",
        demands=Demands(),
        options=AppOptions(),
        limits=HostLimits(),
    ),
)
BROKEN = (AppBroken("it does not load"),)
EVENTS = {
    "begin": (),
    "started": LOADED,
    "not_started": BROKEN,
    "put_off": (),
    "swap": LOADED,
    "not_reloaded": BROKEN,
    "retire": (),
    "renew": (),
    "carry": (),
    "close": (),
}
ACTS = ("take", "discard", "note", "forget", "leave", "refuse", "start_over")
# The ways into each state, and what each event does there: the acts, and the state after it.
STATES = {
    "idle": (),
    "starting": ("begin",),
    "running": ("begin", "started"),
    "stale": ("begin", "started", "not_reloaded"),
    "broken": ("begin", "not_started"),
    "closed": ("close",),
}
_ = ""
FOLLOWS = {
    # idle, starting, running, stale, broken, closed
    "started": ("discard", "take", "discard", "discard", "discard", "discard"),
    "not_started": (_, "note", _, _, _, _),
    "put_off": (_, _, _, _, _, _),
    "swap": ("take", "take", "take", "take", "take", "discard"),
    "not_reloaded": ("note", "note", "note", "note", "note", _),
    "retire": (_, _, "leave", "leave", _, _),
    "renew": ("start_over",) * 5 + (_,),
    "carry": (_, _, _, "forget", "forget", _),
    "close": (_, _, "leave", "leave", _, _),
}
LEADS = {
    "started": ("idle", "running", "running", "stale", "broken", "closed"),
    "not_started": ("idle", "broken", "running", "stale", "broken", "closed"),
    "put_off": ("idle", "idle", "running", "stale", "broken", "closed"),
    "swap": ("running", "running", "running", "running", "running", "closed"),
    "not_reloaded": ("broken", "broken", "stale", "stale", "broken", "closed"),
    "retire": ("idle", "starting", "idle", "broken", "broken", "closed"),
    "renew": ("idle", "idle", "idle", "idle", "idle", "closed"),
    "carry": ("idle", "idle", "running", "running", "idle", "closed"),
    "close": ("closed",) * 6,
}
# What tells the states apart, in the order of events: the acts of a start, a retirement and a
# start of a life that is in that state.
BEGINS = {
    "idle": [],
    "running": ["leave"],
    "stale": ["leave", "forget"],
    "broken": ["forget"],
    "closed": ["refuse"],
}


class Recorded:
    """An app that notes what it is told to do."""

    def __init__(self):
        self.acts = []
        for act in ACTS:
            setattr(self, act, lambda *_, act=act: self.acts.append(act))


class ServedLifeTests(SynchronousTestCase):
    def after(self, events):
        app = Recorded()
        life = begin_life(app)
        for event in events:
            getattr(life, event)(*EVENTS[event])
        app.acts.clear()
        return life, app

    def state(self, life, app):
        """The state of a life, told by what it does next; the life is of no use afterwards."""
        app.acts.clear()
        life.not_started(*BROKEN)
        if app.acts:
            return "starting"
        life.begin()
        return next(state for state, acts in BEGINS.items() if acts == app.acts)

    def test_states_are_told_apart(self):
        """Each way leads into the state that it is written for."""
        for state, way in STATES.items():
            self.assertEqual(self.state(*self.after(way)), state)

    def test_every_row(self):
        """In each state, each event is followed by its one act or by nothing, and its state."""
        for event, row in FOLLOWS.items():
            for (state, way), act, leads in zip(STATES.items(), row, LEADS[event], strict=True):
                life, app = self.after(way)
                getattr(life, event)(*EVENTS[event])
                self.assertEqual(app.acts, [act] if act else [], (state, event))
                self.assertEqual(self.state(life, app), leads, (state, event))

    def test_one_start_at_a_time(self):
        """A host is started in every state but while one is, and not for an app that is gone."""
        for state in ("idle", "running", "stale", "broken"):
            life, app = self.after((*STATES[state], "begin"))
            self.assertEqual(self.state(life, app), "starting", state)
        life, app = self.after((*STATES["closed"], "begin"))
        self.assertEqual(self.state(life, app), "closed")
