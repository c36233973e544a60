"""Containerfiles, as far as the server reads them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.containers.containerfile import ContainerFile, read_containerfile

LINES = [
    "FROM a",
    "FROM a AS b",
    "FROM b",
    "CMD x",
    "ENV P=8",
    "EXPOSE $P",
    "ARG P",
    "\\",
    "RUN <<E",
    "E",
]


class ReadTests(SynchronousTestCase):
    def test_ports(self):
        """The last numeric port of the last stage counts, whatever it is written with."""
        for text, port in (
            ("FROM a\nEXPOSE 80 8080/tcp\n", 8080),
            ("from a\nexpose 80\n", 80),
            ("FROM a\nEXPOSE 80\nFROM b\nEXPOSE 53/udp\n", 0),
            ("FROM a\nARG PORT=5000\nEXPOSE $PORT\n", 5000),
            ("FROM a\nENV PORT 5001\nEXPOSE ${PORT}\n", 5001),
            ('FROM a\nENV A=1 PORT="5002"\nEXPOSE ${PORT:-1}\n', 5002),
            ("FROM a\nEXPOSE ${OTHER:-5003}\n", 5003),
            ("ARG PORT=5004\nFROM a\nEXPOSE $PORT\n", 5004),
            ("FROM a\nEXPOSE 80 \\\n  # told apart\n  81\n", 81),
            ("# escape=`\nFROM a\nEXPOSE `\n  82\n", 82),
            ("FROM a\nRUN <<EOF\nEXPOSE 1\nEOF\nEXPOSE 83\n", 83),
            ("FROM a\n# EXPOSE 80\nEXPOSE 99999 x\n", 0),
            ("", 0),
        ):
            self.assertEqual(read_containerfile(text).port, port, text)

    def test_arguments(self):
        """A build argument that is given wins over the default."""
        text = "ARG P=1\nFROM a\nARG P=2\nEXPOSE $P\n"
        self.assertEqual(read_containerfile(text, {"P": "9000"}).port, 9000)
        self.assertEqual(read_containerfile(text).port, 2)

    def test_volumes(self):
        """Volumes are words or a JSON array, each once."""
        text = 'FROM a\nVOLUME /a "/b c"\nVOLUME ["/d", "/a"]\n'
        self.assertEqual(read_containerfile(text).volumes, ("/a", "/b c", "/d"))

    def test_folder_with_the_whole_source(self):
        """The folder of the last stage, and whether the source is copied into it as it is."""
        for text, folder, copies in (
            ("FROM a\nWORKDIR /app\nCOPY . .\n", "/app", True),
            ("FROM a\nWORKDIR /srv\nWORKDIR app\nADD --chown=1:1 ./ ./\n", "/srv/app", True),
            ('FROM a\nWORKDIR /app\nCOPY [".", "/app/"]\n', "/app", True),
            ("FROM a\nWORKDIR /app\nCOPY . /other\n", "/app", False),
            ("FROM a AS b\nWORKDIR /app\nCOPY . .\nFROM c\nCOPY --from=b /app/x /x\n", "", False),
            ("FROM a\nWORKDIR /app\nCOPY --from=b . .\n", "/app", False),
            ("FROM a\nCOPY . .\n", "", False),
        ):
            found = read_containerfile(text)
            self.assertEqual((found.folder, found.copies_all), (folder, copies), text)

    def test_stages(self):
        """Each stage has a name, and all of an earlier one that it is made from."""
        text = (
            "ARG BASE=build\nFROM golang AS build\nENV P=81\nWORKDIR /app\nCOPY . .\nEXPOSE $P\n"
            "FROM --platform=linux ${BASE} as Dev\nEXPOSE 9${P}\nCMD go run .\n"
            "FROM scratch\nCOPY --from=build /app/x /x\nEXPOSE 80$P\nENTRYPOINT []\n"
        )
        build, dev, last = read_containerfile(text).stages
        self.assertEqual((build.name, build.folder, build.starts), ("build", "/app", False))
        self.assertEqual((dev.name, dev.folder, dev.starts, dev.port), ("Dev", "/app", True, 981))
        self.assertEqual((last.name, last.folder, last.starts, last.port), ("", "", False, 80))
        self.assertEqual((dev.copies_all, last.copies_all), (True, False))

    @given(st.text())
    def test_any_text(self, text):
        """Whatever the file has, it is read; its port is one or none."""
        found = read_containerfile(text)
        self.assertIsInstance(found, ContainerFile)
        self.assertLessEqual(found.port, 65535)

    @given(st.lists(st.sampled_from(LINES)))
    def test_any_lines(self, lines):
        """Lines in any order are read too."""
        self.assertIn(read_containerfile("\n".join(lines)).port, {0, 8})
