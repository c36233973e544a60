"""Forms sent to apps: fields, files, and what is neither."""

import time
from contextlib import AsyncExitStack
from io import BytesIO
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest, TooLarge
from clace.web.apps.forms import FormReader, plain_name
from clace.web.apps.requests import PostedForm
from clace.web.root import RootResource
from tests.support.inbox import FolderInbox
from tests.support.threads import at_once
from tests.support.web import Served
from tests.web.test_apps import AppsCase

BOUNDARY = "----WebKitFormBoundary7MA4YWxk"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\%\r\n'), min_size=1, max_size=20
)


def part(name, value, filename=None, kind=""):
    """One part of a body, as browsers write it."""
    said = f'; filename="{filename}"' if filename is not None else ""
    typed = f"Content-Type: {kind}\r\n" if kind else ""
    head = f'Content-Disposition: form-data; name="{name}"{said}\r\n{typed}\r\n'
    return head.encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"


def multipart(*parts, boundary=BOUNDARY):
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + one for one in parts) + mark + b"--\r\n"


class Sent:
    """A request whose body has arrived."""

    def __init__(self, body, kind=TYPE, method=b"POST"):
        self.method, self.kind = method, kind
        self.content = BytesIO(body)

    def getHeader(self, _name):
        return self.kind


class FormsCase(SynchronousTestCase):
    def setUp(self):
        self.inbox = FolderInbox(self.mktemp())
        self.forms = FormReader(self.inbox, at_once)
        self.ending = AsyncExitStack()

    def read(self, *args, **kwargs):
        work = self.forms.read(Sent(*args, **kwargs), "app_prd_1", self.ending)
        return Deferred.fromCoroutine(work)

    def form(self, *args, **kwargs):
        return self.successResultOf(self.read(*args, **kwargs))

    def refused(self, errors, *args, **kwargs):
        failure = self.failureResultOf(self.read(*args, **kwargs), *errors)
        self.assertEqual(self.inbox.files, {})
        return failure.value.message


class FieldTests(FormsCase):
    def test_multipart(self):
        """Fields come in their order, one name any number of times, in any language."""
        body = multipart(part("a", "1"), part("b", "é\r\nx"), part("a", ""))
        self.assertEqual(self.form(body), PostedForm({"a": ["1", ""], "b": ["é\r\nx"]}))
        self.assertEqual(self.inbox.files, {})

    def test_urlencoded(self):
        """The other kind of form has no files."""
        form = self.form(b"a=1&b=%C3%A9&a=", "Application/X-WWW-Form-Urlencoded; charset=utf-8")
        self.assertEqual(form, PostedForm({"a": ["1", ""], "b": ["é"]}))

    def test_no_form(self):
        """A body of another type, and that of a method without one, has no fields."""
        body = multipart(part("a", "1"))
        for kind in ("application/json", "", "multipart/mixed; boundary=x", None):
            self.assertEqual(self.form(body, kind), PostedForm())
        self.assertEqual(self.form(body, method=b"DELETE"), PostedForm())

    def test_malformed(self):
        """What is no form is refused with the reason."""
        whole = multipart(part("f", "x", "a.txt"))
        for body in (b"", whole[:-10], b"x" + whole, whole.replace(b"form-data", b"file")):
            self.assertIn("the form is malformed: ", self.refused([BadRequest], body))
        self.refused([BadRequest], whole, "multipart/form-data")
        told = self.refused([BadRequest], multipart(b"X: \xff\r\n\r\n\r\n"))
        self.assertEqual(told, "the form is malformed: Segment header failed to decode")

    def test_too_large(self):
        """Fields that are too many or too long, and too many files, are refused."""
        long = b"x" * (10 << 20)
        self.assertIn("fields are over", self.refused([TooLarge], multipart(part("a", long))))
        self.refused([TooLarge], multipart(*[part("f", "x", "a.txt")] * 101))
        self.refused([TooLarge], multipart(*[part("a", "")] * 2001))
        self.refused([TooLarge], multipart(f"X: {'x' * 9000}\r\n\r\n\r\n".encode()))
        head = b"".join(b"X: " + b"x" * 8000 + b"\r\n" for _ in range(7)) + part("a", "")
        self.assertIn("fields are over", self.refused([TooLarge], multipart(*[head] * 200)))

    def test_long_urlencoded(self):
        """A form of the other kind has as much text at most, and is taken apart in a thread."""
        works = []

        async def in_thread(work):
            works.append(work)
            return work()

        self.forms = FormReader(self.inbox, in_thread)
        kind = "application/x-www-form-urlencoded"
        for size, threads in ((1000, 0), (100_000, 1), ((10 << 20) - 2, 2)):
            form = self.form(b"a=" + b"x" * size, kind)
            self.assertEqual(len(form.fields["a"][0]), size)
            self.assertEqual(len(works), threads)
        told = self.refused([TooLarge], b"a=" + b"x" * ((10 << 20) - 1), kind)
        self.assertIn("fields are over", told)

    def test_client_that_leaves(self):
        """A body that is closed while it is read did not arrive."""
        request = Sent(multipart(part("a", "1")))
        request.content.close()
        work = Deferred.fromCoroutine(self.forms.read(request, "app_prd_1", self.ending))
        self.assertIn("did not arrive", self.failureResultOf(work, BadRequest).value.message)

    @given(st.lists(st.tuples(TEXTS, st.binary(max_size=200), st.none() | TEXTS), max_size=8))
    def test_any_form(self, parts):
        """What was sent is what is found: texts as they are, files byte for byte."""
        parts = [one for one in parts if BOUNDARY.encode() not in one[1]]
        form = self.form(multipart(*(part(*one) for one in parts)))
        found = [(name, value) for name, values in sorted(form.fields.items()) for value in values]
        wanted = sorted(parts, key=lambda one: one[0])
        self.assertEqual([name for name, _ in found], [name for name, _, _ in wanted])
        for (_, value), (_, sent, filename) in zip(found, wanted, strict=True):
            if filename is None:
                self.assertEqual(value, sent.decode("utf-8", "replace"))
            else:
                self.assertEqual(Path(value).read_bytes(), sent)
        self.successResultOf(Deferred.fromCoroutine(self.ending.aclose()))

    @given(st.binary(max_size=300), st.sampled_from(["b", "--", "\r", "", "b" * 300]))
    def test_any_bytes(self, body, boundary):
        """Whatever bytes are called a form are one, or are refused, and leave nothing behind."""
        hostile = body.replace(b"\n", f"\r\n--{boundary}\r\n".encode())
        work = self.read(hostile, f'multipart/form-data; boundary="{boundary}"')
        work.addErrback(lambda failure: failure.trap(BadRequest, TooLarge))
        self.successResultOf(work)
        self.successResultOf(Deferred.fromCoroutine(self.ending.aclose()))
        self.assertEqual([one for one in self.inbox.files.values() if one is not None], [])

    def test_time(self):
        """The worst of bodies take no longer than honest ones of their size."""
        size = 4 << 20
        mark = f"\r\n--{BOUNDARY}".encode()
        opening = mark[2:] + b"\r\n" + part("f", "", "a")[:-2]
        bodies = (
            b"\r" * size,
            opening + mark[:-1] * (size // len(mark)),
            opening + b"\r" * size,
            opening + b"\r\n--" * (size // 4),
            mark[2:] + b"\r\nContent-Disposition: form-data" + b"; " * 4000 + b"\r\n\r\n",
            mark[2:] + b"\r\nContent-Disposition: form-data" + b'; a="' * 1500 + b"\r\n\r\n",
            mark[2:] + b"\r\nA: " + b"\r\nA: " * (size // 5),
        )
        for body in bodies:
            began = time.process_time()
            self.refused([BadRequest, TooLarge], body)
            self.assertLess(time.process_time() - began, 2)

    def test_time_of_urlencoded(self):
        """A form of escapes alone, good or bad, costs little more than another of its size."""
        for escape in (b"%", b"%4", b"%41a"):
            began = time.process_time()
            self.form(escape * ((10 << 20) // len(escape)), "application/x-www-form-urlencoded")
            self.assertLess(time.process_time() - began, 2)


class FileTests(FormsCase):
    def test_file(self):
        """A file is there under its name for the time of the request, and is the app's."""
        body = multipart(part("a", "1"), part("f", b"\x00\xffx", "r\u00e9port.csv", "text/csv"))
        form = self.form(body)
        (upload,) = form.files["f"]
        self.assertEqual(
            (upload.name, upload.size, upload.type), ("r\u00e9port.csv", 3, "text/csv")
        )
        self.assertEqual(form.fields, {"a": ["1"], "f": [upload.path]})
        self.assertEqual(upload.path, f"{self.inbox.folder}/1/r\u00e9port.csv")
        self.assertEqual(self.inbox.owners, {upload.path: "app_prd_1"})
        self.assertEqual(self.inbox.files, {"1": None, "1/r\u00e9port.csv": b"\x00\xffx"})
        self.successResultOf(Deferred.fromCoroutine(self.ending.aclose()))
        self.assertEqual(self.inbox.owners, {})

    def test_not_chosen(self):
        """A file that nobody chose is an empty value, as is what a field without text has."""
        form = self.form(multipart(part("f", "", ""), part("g", "", "empty.txt")))
        self.assertEqual(form.fields["f"], [""])
        (empty,) = form.files["g"]
        self.assertEqual((list(form.files), empty.size), (["g"], 0))

    def test_same_names(self):
        """Files of one name are all kept."""
        form = self.form(multipart(*(part("f", str(number), "a.txt") for number in range(3))))
        paths = [upload.path for upload in form.files["f"]]
        self.assertEqual(len(set(paths)), 3)
        self.assertEqual([Path(path).read_bytes() for path in paths], [b"0", b"1", b"2"])

    def test_names(self):
        """A name is that of a file, whatever the client says, and keeps its ending."""
        for said, name in (
            ("../../etc/passwd", "passwd"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("..", "_."),
            (".", "_"),
            ("", "file"),
            ("a/", "file"),
            (".bashrc", "_bashrc"),
            ("a\x00b\n.txt", "a_b_.txt"),
            ("\u202egpj.exe", "_gpj.exe"),
            ("x" * 300 + ".csv", "x" * 196 + ".csv"),
            ("é" * 300, "é" * 100),
        ):
            self.assertEqual(plain_name(said), name, said)

    @given(st.text(max_size=300))
    @settings(max_examples=300)
    def test_any_name(self, said):
        """Any name makes one that a file can have and that is hidden nowhere."""
        name = plain_name(said)
        self.assertFalse(set(name) & set("/\\\0"))
        self.assertTrue(name)
        self.assertNotEqual(name[0], ".")
        self.assertLessEqual(len(name.encode("utf-8", "surrogatepass")), 255)


class ServingTests(AppsCase):
    def post(self, body):
        """What the client reads that sent this form."""
        head = (
            f"POST /open HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Content-Type: {TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection = Served(RootResource(None, self.resource())).connect()
        for piece in (head.encode(), body[:100], body[100:]):
            connection.send(piece)
        return connection.value()

    def test_app_sees_files(self):
        """The app has the files while it answers, and nobody has them after."""
        seen = []

        async def respond(app, request):
            seen.append((request, dict(self.inbox.files)))
            return self.apps.answer

        self.apps.respond = respond
        answer = self.post(multipart(part("a", "1"), part("f", "text", "a.txt")))
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        ((request, files),) = seen
        self.assertEqual(request.form["a"], ["1"])
        self.assertEqual(request.form["f"], [request.files["f"][0].path])
        self.assertEqual(files["1/a.txt"], b"text")
        self.assertEqual(self.inbox.files, {"1": None})

    def test_malformed(self):
        """A form that is none is told so, and the app never sees it."""
        answer = self.post(b"x" * 200)
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
        self.assertIn(b"the form is malformed", answer)
        self.assertEqual(self.apps.seen, [])
