"""Tests for ``clace.gotemplate.language.program``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import TemplateError, compile_templates


def failure(source, data):
    """The error of rendering one file."""
    try:
        compile_templates({"dir/t.go.html": source}).render("t.go.html", data)
    except TemplateError as error:
        return error
    raise AssertionError(source)


class ErrorPlaceTests(SynchronousTestCase):
    def test_names_the_action(self):
        """An error carries the file, the line, the byte column and the action's text."""
        error = failure("a\n\u00e9{{.x.y.z}}", {"x": {"y": 1}})
        self.assertEqual(
            (error.name, error.line, error.column, error.action), ("t.go.html", 2, 6, ".x.y.z")
        )
        self.assertTrue(str(error).startswith("template: t.go.html:2:6: executing"))

    def test_names_the_called_template(self):
        """The innermost template on the way is the one that failed."""
        error = failure('{{define "in"}}{{.a.b}}{{end}}<p title="{{template "in" .}}">', {"a": 1})
        self.assertIn('executing "in$htmltemplate_stateAttr_delimDoubleQuote"', str(error))

    def test_unforeseen_failures_are_template_errors(self):
        """Whatever a trusted function raises, the template is to blame in its own words."""

        def broken(_: str) -> str:
            raise KeyError("k")

        templates = compile_templates({"t": '{{broken "x"}}'}, functions={"broken": broken})
        with self.assertRaises(TemplateError) as caught:
            templates.render("t", None)
        self.assertIn("error calling broken: 'k'", str(caught.exception))

    def test_bytes_that_are_no_text_do_not_leave(self):
        """A string cut inside a character is rendered with a replacement character."""
        templates = compile_templates({"t": '{{substr 0 2 "a\u00e9"}}'})
        self.assertEqual(templates.render("t", None), "a\ufffd")

    def test_generated_code_sees_no_python(self):
        """The module that a template becomes has no builtins to speak of."""
        source = compile_templates({"t": "{{.a}}"}).sources()[""]
        self.assertNotIn("import", source)
