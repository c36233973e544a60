"""The table of an app host's life."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppCrashed
from clace.frames import BadFrame
from clace.model import Demands
from clace.runtime.hosts.life import begin_life
from clace.wire import AppLoaded, HostEnded, HostReady, LoadFailed

REASON = AppCrashed("over")
EVENTS = {
    "forked": (),
    "ready": (HostReady(walls={}),),
    "loaded": (AppLoaded(name="x", demands=Demands()),),
    "not_loaded": (LoadFailed(message="no", code="app_broken"),),
    "retire": (),
    "idle": (),
    "end": (REASON,),
    "line_closed": (),
    "process_gone": (HostEnded(host=1),),
}
ACTS = (
    "be_alive",
    "note_walls",
    "give",
    "refuse",
    "leave",
    "hang_up",
    "break_off",
    "settle",
)
# The ways into each state, and what each event does there: an act, nothing, or a breach of the
# protocol.
STATES = {
    "starting": ("forked",),
    "loading": ("forked", "ready"),
    "serving": ("forked", "ready", "loaded"),
    "draining": ("forked", "ready", "loaded", "retire"),
    "ending": ("forked", "ready", "loaded", "end"),
    "ending, not loaded": ("forked", "ready", "not_loaded"),
    "ending, line closed": ("forked", "line_closed"),
    "gone": ("forked", "ready", "loaded", "process_gone"),
}
BREACH = "breach"
FOLLOWS = {
    "ready": ("note_walls", *(BREACH,) * 6, None),
    "loaded": ("give", "give", *(BREACH,) * 6),
    "not_loaded": ("refuse", "refuse", *(BREACH,) * 6),
    "retire": (*("leave",) * 7, None),
    "end": (*("break_off",) * 7, None),
    "line_closed": (*("hang_up",) * 7, None),
    "process_gone": (*("settle",) * 7, None),
}


class Recorded:
    """A host that notes what it is told to do."""

    def __init__(self):
        self.acts = []
        for act in ACTS:
            setattr(self, act, lambda *_, act=act: self.acts.append(act))


class LifeTests(SynchronousTestCase):
    def after(self, events):
        host = Recorded()
        life = begin_life(host)
        for event in events:
            getattr(life, event)(*EVENTS[event])
        host.acts.clear()
        return life, host

    def test_every_row(self):
        """In each state, each event is followed by its one act, by nothing, or is a breach."""
        for event, row in FOLLOWS.items():
            for (state, way), follows in zip(STATES.items(), row, strict=True):
                life, host = self.after(way)
                if follows == BREACH:
                    self.assertRaises(BadFrame, getattr(life, event), *EVENTS[event])
                else:
                    getattr(life, event)(*EVENTS[event])
                acts = [] if follows in {None, BREACH} else [follows]
                self.assertEqual(host.acts, acts, (state, event))

    def test_last_answer(self):
        """A host that was retired hangs up when its last request is over; one that serves stays."""
        for way, acts in ((STATES["serving"], []), (STATES["draining"], ["hang_up"])):
            life, host = self.after(way)
            life.idle()
            self.assertEqual(host.acts, acts)

    def test_ends_once(self):
        """After its end it is told of nothing, and settles once."""
        life, host = self.after(STATES["serving"])
        for event in ("end", "process_gone", "process_gone", "end", "line_closed", "idle"):
            getattr(life, event)(*EVENTS[event])
        self.assertEqual(host.acts, ["break_off", "settle"])
