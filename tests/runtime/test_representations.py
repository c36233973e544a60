"""Answers with static files."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.encodings import ENCODINGS, encode
from clace.model.hashing import hashed_name
from clace.model.wishes import ClientWishes
from clace.runtime.static.contents import ContentCache
from clace.runtime.static.representations import FOREVER, at_once, content_type, serve
from clace.runtime.static.serving import choose
from tests.support.apps import DictFiles, a_request
from tests.support.encodings import Packed, decoded
from tests.support.threads import at_once as in_no_thread

TEXT = "body { color: red }"
SCRIPT = b"export const answer = 42;\n" * 99


class Answers:
    """Mix into a ``SynchronousTestCase``."""

    files = DictFiles({"static/css/style.css": TEXT, "static/plain": "x"})
    packed = Packed({"static/a.js": SCRIPT})

    def setUp(self):
        self.kept = ContentCache(in_no_thread)

    def answer(self, path, method="GET", files=None, **headers):
        files = files or self.files
        request = a_request(
            path, method, headers={name.replace("_", "-"): [v] for name, v in headers.items()}
        )
        choice = choose(files, path, None)
        return self.successResultOf(serve(files, choice, request, self.kept))

    def script(self, method="GET", **headers):
        answer = self.answer("/static/a.js", method, files=self.packed, **headers)
        return answer, dict(answer.headers)


class FileAnswerTests(Answers, SynchronousTestCase):
    """The file itself."""

    def hashed(self, name):
        return "/static/" + hashed_name(name, self.files.refs[f"static/{name}"].sha256)

    def test_hashed(self):
        """A file under the name with its hash may be kept for ever."""
        answer = self.answer(self.hashed("css/style.css"))
        headers = dict(answer.headers)
        self.assertEqual((answer.status, answer.body), (200, TEXT.encode()))
        self.assertEqual(headers["Cache-Control"], FOREVER)
        self.assertEqual(headers["Content-Type"], "text/css; charset=utf-8")
        self.assertEqual(headers["ETag"], f'"{self.files.refs["static/css/style.css"].sha256}"')

    def test_plain_name(self):
        """A file under its plain name has to be asked for again each time."""
        answer = self.answer("/static/css/style.css")
        self.assertEqual(dict(answer.headers)["Cache-Control"], "no-cache")

    def test_not_modified(self):
        """Who has the file already gets no bytes."""
        etag = f'"{self.files.refs["static/plain"].sha256}"'
        for given_etag in (etag, f'"other", W/{etag}', "*"):
            answer = self.answer("/static/plain", If_None_Match=given_etag)
            self.assertEqual((answer.status, answer.body), (304, b""))
        self.assertEqual(self.answer("/static/plain", If_None_Match='"other"').status, 200)

    def test_methods(self):
        """Files are read, never written."""
        self.assertEqual(self.answer("/static/plain", "HEAD").status, 200)
        self.assertEqual(self.answer("/static/plain", "POST").status, 405)

    def test_range(self):
        """A part of a file can be asked for."""
        for wanted, part, where in (
            ("bytes=0-3", b"body", "0-3"),
            ("bytes=5-", TEXT[5:].encode(), "5-18"),
            ("bytes=-5", b"red }", "14-18"),
            ("bytes=17-900", b" }", "17-18"),
        ):
            answer = self.answer("/static/css/style.css", Range=wanted)
            self.assertEqual((answer.status, answer.body), (206, part))
            self.assertEqual(dict(answer.headers)["Content-Range"], f"bytes {where}/19")

    def test_impossible_range(self):
        """A part that there is not is refused; a range that is none is not looked at."""
        for wanted in ("bytes=19-", "bytes=5-4", "bytes=-0"):
            answer = self.answer("/static/css/style.css", Range=wanted)
            self.assertEqual(
                (answer.status, dict(answer.headers)["Content-Range"]), (416, "bytes */19")
            )
        for wanted in ("lines=1-2", "bytes=1-2,4-5", "bytes=a-b"):
            self.assertEqual(self.answer("/static/css/style.css", Range=wanted).status, 200)

    def test_range_of_another_version(self):
        """A part of a file that has changed since is answered with the whole."""
        answer = self.answer("/static/plain", Range="bytes=0-0", If_Range='"older"')
        self.assertEqual(answer.status, 200)

    def test_content_types(self):
        """Types go by the name, text is UTF-8, the machine's own tables make no difference."""
        self.assertEqual(
            [content_type(name) for name in ("a.js", "a.woff2", "a.svg", "a.json", "a", "a.gz")],
            [
                "text/javascript; charset=utf-8",
                "font/woff2",
                "image/svg+xml",
                "application/json",
                "application/octet-stream",
                "application/octet-stream",
            ],
        )

    def test_head_has_no_range(self):
        """A range is for GET alone: HEAD is answered with the length of the whole."""
        answer = self.answer("/static/css/style.css", "HEAD", Range="bytes=0-3")
        self.assertEqual((answer.status, len(answer.body)), (200, len(TEXT)))


class EncodedTests(Answers, SynchronousTestCase):
    """The file in the encoding that suits the client."""

    def test_best_encoding(self):
        """A client gets what it likes best, and of what it likes as well the smallest."""
        for accepted, encoding in (
            ("gzip, deflate, br, zstd", "br"),
            ("gzip, zstd", "zstd"),
            ("gzip", "gzip"),
            ("x-gzip;q=0.1", "gzip"),
            ("br;q=0.5, gzip;q=0.8", "gzip"),
            ("*", "br"),
            ("br;q=0, *;q=0.1", "zstd"),
            ("identity;q=0, gzip;q=0.1", "gzip"),
            ("GZIP;Q=0.3", "gzip"),
        ):
            answer, headers = self.script(Accept_Encoding=accepted)
            self.assertEqual(headers["Content-Encoding"], encoding, accepted)
            self.assertEqual(headers["X-Clace-Compressed"], "true")
            self.assertEqual(decoded(encoding, answer.body), SCRIPT)

    def test_no_encoding(self):
        """Who takes no encoding that we have, or likes none as well, gets the file itself."""
        for accepted in (
            "",
            "br;q=0",
            "brown",
            "identity, gzip;q=0.9",
            "deflate",
            "*;q=0",
            "br;q=x",
        ):
            answer, headers = self.script(Accept_Encoding=accepted)
            self.assertEqual(answer.body, SCRIPT, accepted)
            self.assertNotIn("Content-Encoding", headers)

    def test_caches_can_tell(self):
        """Every form says what it depends on, 304 too, and has a tag of its own."""
        tags = set()
        for accepted in ("", *ENCODINGS):
            _, headers = self.script(Accept_Encoding=accepted)
            self.assertEqual(headers["Vary"], "Accept-Encoding")
            tags.add(headers["ETag"])
            again, told = self.script(Accept_Encoding=accepted, If_None_Match=headers["ETag"])
            self.assertEqual((again.status, again.body), (304, b""))
            self.assertEqual((told["ETag"], told["Vary"]), (headers["ETag"], headers["Vary"]))
            other, _ = self.script(Accept_Encoding="deflate", If_None_Match=headers["ETag"])
            self.assertEqual(other.status, 200 if accepted else 304)
        self.assertEqual(len(tags), 4)
        self.assertNotIn("Vary", dict(self.answer("/static/plain").headers))

    def test_part_of_the_file(self):
        """A part is one of the file itself, whatever the client takes."""
        answer, headers = self.script(Accept_Encoding="br", Range="bytes=0-5")
        self.assertEqual((answer.status, answer.body), (206, b"export"))
        self.assertNotIn("Content-Encoding", headers)

    def test_the_rest_of_a_form(self):
        """Who has begun to read an encoded form gets the rest of that form, never another's."""
        whole, headers = self.script(Accept_Encoding="gzip")
        etag = headers["ETag"]
        for accepted in ("gzip", "br, gzip"):
            rest, told = self.script(Accept_Encoding=accepted, Range="bytes=20-", If_Range=etag)
            self.assertEqual((rest.status, rest.body), (206, whole.body[20:]))
            self.assertEqual((told["Content-Encoding"], told["ETag"]), ("gzip", etag))
        answer, told = self.script(Accept_Encoding="br", Range="bytes=20-", If_Range=etag)
        self.assertEqual((answer.status, told["Content-Encoding"]), (200, "br"))
        weak, _ = self.script(Accept_Encoding="gzip", Range="bytes=20-", If_Range=f"W/{etag}")
        self.assertEqual(weak.status, 200)


class AtOnceTests(Answers, SynchronousTestCase):
    """Answers that wait for nothing."""

    def at_once(self, method="GET", **wishes):
        files = self.packed
        choice = choose(files, "/static/a.js", None)
        return at_once(files, choice, method, ClientWishes(**wishes), self.kept)

    def test_what_was_read_before(self):
        """A file that has been read is there at once, in the encoding in which it was."""
        self.assertIsNone(self.at_once(accept_encoding="gzip"))
        answer, _ = self.script(Accept_Encoding="gzip")
        self.assertEqual(self.at_once(accept_encoding="gzip"), answer)
        self.assertEqual(self.at_once("HEAD", accept_encoding="gzip"), answer)
        self.assertIsNone(self.at_once(accept_encoding="br"))

    def test_what_needs_no_bytes(self):
        """304 and 405 need no file: they are there before it was read."""
        etag = f'"{self.packed.refs["static/a.js"].sha256}"'
        self.assertEqual(self.at_once(if_none_match=etag).status, 304)
        self.assertEqual(self.at_once("POST").status, 405)

    def test_read_once(self):
        """Those who ask while a file is being read wait for the same bytes."""
        reading = []

        class Slow(Packed):
            async def read_encoded(self, name, encoding):
                reading.append(Deferred())
                await reading[-1]
                return await super().read_encoded(name, encoding)

        files = Slow({"static/a.js": SCRIPT})
        request = a_request("/static/a.js", headers={"Accept-Encoding": ["br"]})
        choice = choose(files, "/static/a.js", None)
        first, second = (
            Deferred.fromCoroutine(serve(files, choice, request, self.kept)) for _ in range(2)
        )
        (one,) = reading
        one.callback(None)
        self.assertEqual(self.successResultOf(first), self.successResultOf(second))


HEADERS = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            [*'bgz*-,;=0159 \t"', "br", "gzip", "zstd", "identity", "q=", "0.5", "bytes=", "W/"]
        ),
        max_size=20,
    ).map("".join),
)


class AnyHeadersTests(Answers, SynchronousTestCase):
    """Whatever a client sends, the answer is one of those that HTTP knows, and true."""

    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "Accept_Encoding": HEADERS,
                "Range": HEADERS,
                "If_Range": HEADERS,
                "If_None_Match": HEADERS,
            },
        ),
        st.sampled_from(["GET", "HEAD"]),
    )
    def test_any_headers(self, headers, method):
        """The bytes are those of the form that the headers of the answer name."""
        answer, told = self.script(method, **headers)
        self.assertIn(answer.status, {200, 206, 304, 416})
        if answer.status in {304, 416}:
            self.assertEqual(answer.body, b"")
            return
        encoding = told.get("Content-Encoding", "")
        form = encode(encoding, SCRIPT) if encoding else SCRIPT
        if answer.status == 200:
            self.assertEqual(answer.body, form)
        else:
            span, size = told["Content-Range"].removeprefix("bytes ").split("/")
            first, last = map(int, span.split("-"))
            self.assertEqual((answer.body, int(size)), (form[first : last + 1], len(form)))

    @given(st.integers(0, 3000), st.integers(0, 3000))
    def test_any_range(self, first, last):
        """Each range of the file is just these bytes, or is said to be outside."""
        answer, _ = self.script(Range=f"bytes={first}-{last}")
        expected = SCRIPT[first : last + 1]
        self.assertEqual((answer.status, answer.body), (206, expected) if expected else (416, b""))
