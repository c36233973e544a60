"""Reports of the load generator."""

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.loads import parsed

REPORT = """Running 2s test @ http://127.0.0.1:21100/hello/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.13ms    6.40ms  80.00ms   90.00%
    Req/Sec     3.36k   500.00     4.00k    70.00%
  Latency Distribution
     50%  850.00us
     75%    4.00ms
     90%    9.00ms
     99%    1.20s 
  6700 requests in 2.00s, 3.10MB read
{extra}Requests/sec:   3350.00
Transfer/sec:      1.55MB
"""  # noqa: W291 - wrk writes a space there


class ParsedTests(SynchronousTestCase):
    def test_reads_figures_in_any_unit(self):
        """Latencies are milliseconds, in whichever unit they were written."""
        found = parsed(REPORT.format(extra=""))
        self.assertEqual((found.requests, found.p50, found.p99), (6700, 0.85, 1200.0))
        self.assertEqual(found.rate, 3350.0)
        self.assertEqual((found.refused, found.errors), (0, ""))

    def test_tells_refusals_and_errors(self):
        """Answers that were errors and broken connections are not lost."""
        extra = (
            "  Socket errors: connect 14, read 0, write 0, timeout 2\n"
            "  Non-2xx or 3xx responses: 31\n"
        )
        found = parsed(REPORT.format(extra=extra))
        self.assertEqual(found.refused, 31)
        self.assertEqual(found.errors, "connect 14, read 0, write 0, timeout 2")

    def test_refuses_other_text(self):
        """A report without requests or latencies is an error and no figure."""
        for text in ("", "unable to connect", REPORT.replace("99%", "98%")):
            with self.subTest(text=text):
                self.assertRaises(ValueError, parsed, text)
