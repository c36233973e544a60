"""What handlers see of a request."""

from twisted.trial.unittest import SynchronousTestCase

from clace.gotemplate import compile_templates
from clace.host.requests.fields import AppContext, is_partial, request_fields, template_record
from clace.model.traffic import Upload, Visitor
from tests.support.apps import a_request


class RequestTests(SynchronousTestCase):
    def fields(self, app_path="/test", parameters=None, **request):
        around = AppContext(
            app_name="A", app_path=app_path, is_dev=False, push_events=False, htmx_version="2"
        )
        return request_fields(around, a_request(**request), parameters or {})

    def test_addresses(self):
        """Paths and URLs of an app, empty where it is at the root."""
        names = ("AppPath", "AppUrl", "PagePath", "PageUrl")
        for app_path, path, expected in (
            (
                "/test",
                "/",
                (
                    "/test",
                    "http://localhost:25222/test",
                    "/test",
                    "http://localhost:25222/test/test",
                ),
            ),
            (
                "/test",
                "/a",
                (
                    "/test",
                    "http://localhost:25222/test",
                    "/test/a",
                    "http://localhost:25222/test/test/a",
                ),
            ),
            ("", "/", ("", "http://localhost:25222", "", "http://localhost:25222")),
        ):
            fields = self.fields(app_path, path=path)
            self.assertEqual(tuple(fields[name] for name in names), expected)

    def test_form(self):
        """The form has the body's values before the query's."""
        fields = self.fields(query={"a": ["1"], "q": ["2"]}, form={"a": ["3"]})
        self.assertEqual(fields["Form"], {"a": ["3", "1"], "q": ["2"]})
        self.assertEqual((fields["PostForm"], fields["Query"]["q"]), ({"a": ["3"]}, ["2"]))

    def test_files(self):
        """Files are told by field, to handlers and to templates."""
        upload = Upload(name="a.txt", path="/tmp/x/a.txt", size=3, type="text/plain")
        fields = self.fields(form={"f": [upload.path]}, files={"f": [upload]})
        told = {"name": "a.txt", "path": "/tmp/x/a.txt", "size": 3, "type": "text/plain"}
        self.assertEqual(fields["Files"], {"f": [told]})
        record = template_record(fields, None)
        page = compile_templates({"t": "{{ range .Files.f }}{{ .name }} {{ .size }}{{ end }}"})
        self.assertEqual(page.render("t", record), "a.txt 3")

    def test_of_this_request_alone(self):
        """Lists that a handler changes are neither another request's nor the server's own."""
        headers = {"Accept": ["x"]}
        request = a_request(headers=headers, query={"q": ["1"]}, form={"q": ["2"]})
        around = AppContext(
            app_name="A", app_path="", is_dev=False, push_events=False, htmx_version="2"
        )
        fields = request_fields(around, request, {})
        for name in ("Headers", "Form", "CustomPerms"):
            self.assertIsNot(request_fields(around, request, {})[name], fields[name])
        fields["Headers"]["Accept"].append("y")
        fields["Form"]["q"].append("3")
        self.assertEqual((request.headers, request.form["q"]), ({"Accept": ["x"]}, ["2"]))
        page = compile_templates({"t": "{{ .Headers.Accept }}{{ .Form.q }}"})
        self.assertEqual(page.render("t", template_record(fields, None)), "[x y][2 1 3]")

    def test_template_has_all_fields(self):
        """A template sees every field, in the order of the original, read or not."""
        shown = template_record(self.fields(), {"x": 1}).fields
        self.assertEqual((list(shown)[:3], len(shown)), (["AppName", "AppPath", "AppUrl"], 25))
        self.assertEqual(shown["Data"], {"x": 1})
        self.assertIsNone(self.fields()["Data"])

    def test_nobody(self):
        """Of somebody who did not sign in, an app has empty fields and two headers."""
        fields = self.fields(headers={"Accept": ["x"]})
        self.assertEqual(fields["UserId"], "anonymous")
        for name, empty in (
            ("UserSubject", ""),
            ("UserEmail", ""),
            ("UserGroups", []),
            ("CustomPerms", []),
            ("AppRBACEnabled", False),
        ):
            self.assertEqual(fields[name], empty)
        self.assertEqual(
            fields["Headers"],
            {
                "Accept": ["x"],
                "X-Clace-User": ["anonymous"],
                "X-Clace-Rbac-Enabled": ["false"],
            },
        )

    def test_visitor(self):
        """A signed-in user is in fields and in headers, for handlers and for templates."""
        visitor = Visitor(
            subject="u-1",
            email="ann@example.org",
            groups=("staff",),
            permissions=("edit", "print"),
            is_rbac_enabled=True,
            token="a.b.c",
        )
        fields = self.fields(user_id="oidc:ann@example.org", visitor=visitor)
        self.assertEqual(fields["UserSubject"], "u-1")
        self.assertEqual(fields["UserEmail"], "ann@example.org")
        self.assertEqual(fields["UserGroups"], ["staff"])
        self.assertEqual(fields["CustomPerms"], ["edit", "print"])
        self.assertIs(fields["AppRBACEnabled"], True)
        self.assertEqual(
            {name: values for name, (values,) in fields["Headers"].items()},
            {
                "X-Clace-User": "oidc:ann@example.org",
                "X-Clace-User-Id": "u-1",
                "X-Clace-User-Email": "ann@example.org",
                "X-Clace-Perms": "edit,print",
                "X-Clace-Rbac-Enabled": "true",
                "X-Clace-Identity": "a.b.c",
            },
        )
        page = compile_templates({"t": "{{ .UserEmail }} {{ range .UserGroups }}{{ . }}{{ end }}"})
        self.assertEqual(page.render("t", template_record(fields, None)), "ann@example.org staff")

    def test_partial(self):
        """HTMX wants a part, unless it follows a boosted link."""
        htmx = {"Hx-Request": ["true"]}
        self.assertTrue(is_partial(a_request(headers=htmx)))
        self.assertFalse(is_partial(a_request(headers={**htmx, "Hx-Boosted": ["true"]})))
        back = {**htmx, "Hx-History-Restore-Request": ["true"]}
        self.assertFalse(is_partial(a_request(headers=back)))
        self.assertFalse(is_partial(a_request()))
