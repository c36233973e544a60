"""The commands of the documentation, in the order of each page, with a real server."""

import shutil

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.support.browser import Browser, missing
from tests.support.daemon import ROOT
from tests.support.pages import commands, pages, shows, steps
from tests.support.session import Session


class ComparisonTests(SynchronousTestCase):
    def test_steps(self):
        """Commands go on as bash reads them; comments say what is done with a block."""
        page = (
            "<!-- not run: reason -->\n```console\n$ no\n```\n"
            "```console\n$ cat <<E\ntext\nE\ntext\n$ a \\\n  b\n```\n"
        )
        (step,) = steps(page)
        self.assertEqual(commands(step.text), [("cat <<E\ntext\nE", ["text"]), ("a \\\n  b", [])])
        self.assertRaises(ValueError, list, steps("<!-- skip -->"))

    def test_output(self):
        """Other output than the page shows is noticed, but for ids, times and dots."""
        for shown, printed, same in (
            ("a", "a\n", True),
            ("a", "a\nb\n", False),
            ("a\nb", "a\n", False),
            ("a\n...\nd", "a\nb\nc\nd\n", True),
            ("a ... d", "a b c d", True),
            ("id app_prd_3MWr7G", "id app_prd_2xYzAb", True),
            ("id app_prd_3MWr7G", "id app_stg_2xYzAb", False),
            ("at 2026-11-28 15:47:11|x", "at 2027-01-01 00:00:00|x", True),
        ):
            self.assertEqual(shows(shown.splitlines(), printed), same, (shown, printed))


class PagesTests(SynchronousTestCase):
    """A test for each page that has commands; they are made below."""

    timeout = 600

    def read(self, page):
        place = page.relative_to(ROOT)
        with Session() as session:
            for step in steps(page.read_text("utf-8")):
                self.take(session, step, f"{place}:{step.line}")

    def take(self, session, step, place):
        if step.kind == "replace":
            old, _, new = step.text.partition(" => ")
            session.replace(old, session.value(new))
        elif step.kind == "needs":
            if not shutil.which(step.text):
                raise SkipTest(f"{place}: {step.text} is not installed")
        elif step.kind == "file":
            session.write(session.here(step.note), session.here(step.text))
        elif step.kind == "run":
            status, printed = session.run(session.here(step.text))
            self.assertEqual(status, 0, f"{place}: {step.text}\n{printed}")
        else:
            self.type(session, step, place)

    def type(self, session, step, place):
        """Each command ends as the page shows; one followed by ``echo $?`` may fail."""
        typed = commands(session.here(step.text))
        for index, (command, shown) in enumerate(typed):
            told = f"{place}: {command}"
            last = index + 1 == len(typed)
            if last and step.note:
                status, printed = 0, session.stay(command, step.note)
            else:
                status, printed = session.run(command)
            if last or typed[index + 1].typed != "echo $?":
                fails = any(line.startswith("error:") for line in shown)
                self.assertEqual(bool(status), fails, f"{told}\nstatus {status}\n{printed}")
            if shown and not shows(shown, printed):
                expected = "\n".join(shown)
                self.fail(f"{told}\n--- the page shows:\n{expected}\n--- it printed:\n{printed}")

    def test_tutorial_in_a_browser(self):
        """The app at the end of the tutorial adds a wish without loading the page anew."""
        if missing():
            raise SkipTest(missing())
        with Session() as session:
            for step in steps((ROOT / "docs/tutorial.md").read_text("utf-8")):
                self.take(session, step, f"tutorial.md:{step.line}")
            home = session.value("$CL_HOME")
            with Browser(f"{home}/config/certificates/default.crt") as browser:
                browser.open(f"https://localhost:{session.ports['25223']}/lunch")
                browser.run("window.sameDocument = true")
                browser.find("input[name=dish]").send_keys("Curry <hot>")
                browser.find("form button").click()
                browser.until(lambda: "Curry <hot>" in browser.texts("li"), "not added")
                self.assertTrue(browser.run("return window.sameDocument === true"))
                self.assertEqual(browser.find("input[name=dish]").get_property("value"), "")
                self.assertEqual(browser.texts("[role=alert]"), [])
                self.assertEqual(browser.complaints(), [])


def page_test(page):
    def test(self):
        self.read(page)

    test.__doc__ = f"Each command of {page.relative_to(ROOT)} does what the page shows."
    return test


for _page in pages():
    _name = "_".join(_page.relative_to(ROOT).with_suffix("").parts).lower().replace("-", "_")
    setattr(PagesTests, f"test_{_name}", page_test(_page))
