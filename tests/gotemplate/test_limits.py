"""Tests for ``clace.gotemplate.limits``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import LimitError, Limits, compile_templates
from clace.gotemplate.faults import LimitFault
from clace.gotemplate.limits import Meter

SMALL = Limits(output=10_000, steps=10_000, depth=20, seconds=60)
SHARED = "{{$l := list 1}}{{range until 60}}{{$l = list $l $l}}{{end}}"
BOMBS = {
    "nested loops": "{{range 999}}{{range 999}}{{end}}{{end}}",
    "one long loop": "{{range 999999999999}}{{end}}",
    "recursion": '{{define "x"}}{{template "x" .}}{{end}}{{template "x" .}}',
    "output": '{{range 9000}}{{"a long text"}}{{end}}',
    "repeat": '{{repeat 999999999 "x"}}',
    "doubling": '{{$s := "xxxxxxxx"}}{{range 60}}{{$s = print $s $s}}{{end}}',
    "until": "{{until 999999999}}",
    "seq": "{{seq 1 999999999}}",
    "width": '{{printf "%999999d" 1}}',
    "replace": '{{replace "" (repeat 900 "y") (repeat 900 "x")}}',
    "join": '{{join (repeat 900 "x") (until 900)}}',
    "indent": '{{indent 9999999 "x"}}',
    "concat": "{{$l := list 1 2}}{{range 60}}{{$l = concat $l $l}}{{end}}",
    "pattern": '{{range 99}}{{regexMatch "(a*)*(a*)*b" (repeat 9000 "a")}}{{end}}',
    "heap": '{{$l := list}}{{range 999}}{{$l = append $l (repeat 9000 "x")}}{{end}}',
}


class RunawayTests(SynchronousTestCase):
    def test_bombs_are_errors(self):
        """A template that asks for too much of anything is an error, not a stall."""
        for name, source in BOMBS.items():
            templates = compile_templates({"t": source})
            with self.assertRaises(LimitError, msg=name):
                templates.render("t", {}, limits=SMALL)

    def test_shared_structure_is_not_unfolded(self):
        """A small value that would print as an endless one is refused."""
        for use in ("{{$l}}", '{{printf "%v" $l}}', "{{deepCopy $l | len}}", "{{mustToJson $l}}"):
            templates = compile_templates({"t": SHARED + use})
            with self.assertRaises(Exception, msg=use) as caught:
                templates.render("t", {})
            self.assertRegex(str(caught.exception), "nested too deeply|exceeds|took longer")

    def test_escaping_is_charged(self):
        """Values that an escaper would copy are charged by their size, in every context."""
        value = "<" * 9000
        for source in ("{{.}}", '<p title="{{.}}">', "<title>{{.}}</title>", '<a href="{{.}}">'):
            for times in (1, 60):
                templates = compile_templates({"t": source * 90 * times})
                with self.assertRaises(LimitError, msg=source):
                    templates.render("t", value, limits=Limits(output=10**9, steps=10_000))
            with self.assertRaises(LimitError, msg=source):
                compile_templates({"t": source}).render("t", value, limits=Limits(output=8000))

    def test_cycles_are_errors(self):
        """A dictionary that holds itself cannot be printed."""
        templates = compile_templates({"t": '{{$d := dict}}{{$_ := set $d "d" $d}}{{$d}}'})
        with self.assertRaises(Exception) as caught:
            templates.render("t", {})
        self.assertIn("nested too deeply", str(caught.exception))

    def test_ordinary_pages_fit(self):
        """The default limits leave room for a page of ten thousand rows."""
        templates = compile_templates({"t": "{{range .}}<p>{{.}}</p>{{end}}"})
        self.assertEqual(len(templates.render("t", list(range(10_000)))), 108_890)


class MeterTests(SynchronousTestCase):
    def test_time_runs_out(self):
        """A render that takes too long ends at the next grant of steps."""
        now = [0.0]
        meter = Meter(Limits(seconds=1), lambda: now[0])
        meter.spend(5000)
        now[0] = 2.0
        with self.assertRaises(LimitFault):
            meter.spend(5000)

    def test_depth_is_given_back(self):
        """Calls one after another do not add up."""
        meter = Meter(Limits(depth=1))
        for _ in range(3):
            meter.enter()
            meter.depth += 1
