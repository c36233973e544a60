"""How dev apps are run from their sources."""

from twisted.trial.unittest import SynchronousTestCase

from clace.containers.containerfile import read_containerfile
from clace.containers.dev import check_last, dev_plan
from clace.errors import AppBroken
from clace.interfaces import WorkloadOrder
from clace.model import App, WorkloadConfig
from clace.model.dev_settings import DevSettings, read_dev_settings
from clace.sources.tree import SourceTree

ONE = "FROM python\nWORKDIR /app\nCOPY . .\nCMD python app.py\n"
DEV = "FROM golang AS base\nWORKDIR /src\nFROM base AS dev\nCMD go run .\nFROM scratch\nCMD x\n"
TWO = "FROM golang AS base\nWORKDIR /src\nCOPY . .\nRUN go build\nFROM scratch\nCMD x\n"


def order(*, is_dev=True, source="/src/shop", build_dir="", **settings):
    app = App(id="app_dev_1", path="/x", is_dev=is_dev, source_url=source)
    config = WorkloadConfig(dev=read_dev_settings(settings), build_dir=build_dir)
    return WorkloadOrder(app=app, files=SourceTree({}), config=config)


class PlanTests(SynchronousTestCase):
    def plan(self, text, **settings):
        found = dev_plan(order(**settings), read_containerfile(text))
        return None if found is None else (found.target, found.folder, found.command)

    def refusal(self, text, **settings):
        with self.assertRaises(AppBroken) as refused:
            self.plan(text, **settings)
        return refused.exception.message

    def test_inferred(self):
        """A stage named dev is what is run, or the only stage if its source is copied as it is;
        what shows no way is built anew for each change.
        """
        for text, plan in (
            (ONE, ("", "/app", "")),
            (ONE.replace("COPY . .", "COPY app.py ."), None),
            (DEV, ("dev", "/src", "")),
            (TWO, None),
            (TWO.replace("RUN go build", "CMD go run ."), ("base", "/src", "")),
            (TWO.replace(" AS base", ""), None),
        ):
            self.assertEqual(self.plan(text), plan, text)

    def test_said(self):
        """What the settings say wins over what the file shows."""
        for text, settings, plan in (
            (TWO, {"command": "go run ."}, ("base", "/src", "go run .")),
            (DEV, {"target": "BASE", "command": "sh", "dir": "/d"}, ("base", "/d", "sh")),
            (DEV.replace("dev", "work"), {"dev_stage": "work"}, ("work", "/src", "")),
            (ONE, {"disable": True}, None),
            (DEV, {"is_dev": False}, None),
        ):
            self.assertEqual(self.plan(text, **settings), plan, settings)

    def test_impossible(self):
        """What the settings say and cannot be stops the app, with what to say."""
        for text, settings, told in (
            (TWO, {"target": "bse"}, "no stage bse (base)"),
            (ONE, {"dev_stage": "dev"}, "no stage dev (it names none)"),
            (TWO, {"target": "base"}, "say command"),
            (ONE.replace("WORKDIR /app\n", ""), {"command": "x"}, "say dir"),
            (DEV.replace("CMD go run .\n", ""), {}, "say command"),
        ):
            self.assertIn(told, self.refusal(text, **settings))

    def test_source(self):
        """The folder that the image is built from is mounted, if it is one of this machine."""
        for build_dir, source in (("", "/src/shop/"), ("/web/", "/src/shop/web")):
            found = dev_plan(order(build_dir=build_dir), read_containerfile(ONE))
            self.assertEqual(found.source, source)
        self.assertIsNone(self.plan(ONE, source="https://host/shop.git"))
        told = self.refusal(ONE, source="https://host/shop.git", command="x")
        self.assertIn("https://host/shop.git/ cannot be mounted", told)

    def test_last(self):
        """Production never runs a stage for development."""
        text = DEV + "FROM base AS Dev\n"
        for settings in ({}, {"dev_stage": "dev"}):
            with self.assertRaises(AppBroken) as refused:
                check_last(order(is_dev=False, **settings), read_containerfile(text))
            self.assertIn("last stage of the container file is Dev", refused.exception.message)
        check_last(order(is_dev=True), read_containerfile(text))
        check_last(order(is_dev=False), read_containerfile(DEV))


class SettingsTests(SynchronousTestCase):
    def test_unknown(self):
        """A key that there is not is told with all that there are, and the nearest."""
        with self.assertRaises(ValueError) as refused:
            read_dev_settings({"comand": "x"})
        told = str(refused.exception)
        self.assertIn('invalid dev_settings key "comand", allowed keys are target, command', told)
        self.assertIn("did you mean command?", told)

    def test_values(self):
        """A value that cannot be used is told with its place."""
        for given, told in (
            ({"reload": "never"}, "reload"),
            ({"port": 70_000}, "port"),
            ({"env_files": "go.mod"}, "env_files"),
            ({"dir": "src"}, "dir is an absolute path"),
            ({"dir": "/a/../b"}, "dir is an absolute path"),
        ):
            with self.assertRaises(ValueError) as refused:
                read_dev_settings(given)
            self.assertIn(told, str(refused.exception))

    def test_files(self):
        """Files that name packages make another image, and those that are said."""
        settings = DevSettings(env_files=("conf/packages.txt",))
        for name in ("Containerfile", "web/package.json", "conf/packages.txt"):
            self.assertTrue(settings.builds(name), name)
        for name in ("app.py", "packages.txt"):
            self.assertFalse(settings.builds(name), name)
