"""Random edits of a file and of the server, applied in any order: all merges are as documented."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.declarations import APPLY_FILES, SHOW_DRIFT, ApplyFiles, ShowDrift
from clace.admin_api.settings import (
    LINK_ACCOUNT,
    UPDATE_PARAMS,
    UPDATE_SETTINGS,
    LinkAccount,
    SettingsChange,
    UpdateParam,
    UpdateSettings,
)
from tests.operations.house import House, app_star
from tests.support.administration_contract import NONE

NAMES, VALUES = "abc", ("1", "2", "3")
ACCOUNTS = ("http.in", "work")
AS_NEW = "true"
AUTH, ACCOUNT, WRITES = "auth", "http.in", "stage_write_access"
PARAMS = "".join(f'param("{name}", default = "0")\n' for name in NAMES).encode()
FILE = st.tuples(
    st.just("file"),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)),
    st.fixed_dictionaries(
        {AUTH: st.sampled_from(["", "none", "system"])},
        optional={ACCOUNT: st.sampled_from(ACCOUNTS), WRITES: st.booleans()},
    ),
)
PARAM = st.tuples(st.just("hand"), st.sampled_from(NAMES), st.sampled_from([*VALUES, "-"]))
LOGIN = st.tuples(st.just("hand"), st.just(AUTH), st.sampled_from(["none", "system", "default"]))
LINK = st.tuples(st.just("hand"), st.just(ACCOUNT), st.sampled_from([*ACCOUNTS, "-"]))
WRITE = st.tuples(st.just("hand"), st.just(WRITES), st.booleans())
APPLY = st.tuples(st.just("apply"), st.booleans(), st.just(None))


def text_of(flag):
    return str(flag).lower()


def row(last, new, live, *, clobber):
    """The value after an apply, by the table of ``docs/declarations.md``; None is no value."""
    if clobber or last != new:
        return new
    return live


class EditTests(SynchronousTestCase):
    def perform(self, operation, query):
        return self.successResultOf(self.house.administration.perform(operation, query))

    def declare(self, params, more):
        accounts = {name: more[name] for name in (ACCOUNT,) if name in more}
        given = {"params": params, AUTH: more[AUTH], "accounts": accounts}
        given |= {WRITES: more[WRITES]} if WRITES in more else {}
        words = "".join(f", {name}={value!r}" for name, value in given.items())
        text = f'app("/a", "/src"{words})'
        self.house.sources.put_folder("/ops", {"apps.ace": text.encode()})
        auth = more[AUTH] or "default"
        writes = {WRITES: text_of(more[WRITES])} if WRITES in more else {}
        self.file = {**params, **accounts, **writes, AUTH: auth}

    def by_hand(self, name, value):
        if name == AUTH:
            change = SettingsChange(authn_type=value)
            self.perform(UPDATE_SETTINGS, UpdateSettings("/a", body=change))
            self.live[AUTH] = value
            return
        if name == WRITES:
            change = SettingsChange(stage_write_access=1 if value else 2)
            self.perform(UPDATE_SETTINGS, UpdateSettings("/a", body=change))
            self.live[WRITES] = text_of(value)
            return
        if name == ACCOUNT:
            self.perform(LINK_ACCOUNT, LinkAccount("/a", plugin=name, account=value, promote=True))
            self.live[name] = None if value == "-" else value
            return
        query = UpdateParam("/a", param_name=name, param_value=value, promote=True)
        self.perform(UPDATE_PARAMS, query)
        self.live[name] = None if value == "-" else value

    def apply(self, *, clobber):
        query = ApplyFiles("/ops/apps.ace", promote=True, clobber=clobber)
        self.perform(APPLY_FILES, query)
        self.live = {
            name: row(
                self.last.get(name), self.file.get(name), self.live.get(name), clobber=clobber
            )
            for name in (*NAMES, AUTH, ACCOUNT, WRITES)
        }
        self.live[WRITES] = self.live[WRITES] or AS_NEW
        self.last = dict(self.file)

    def check(self):
        """The server has what the table says, in staging and in production."""
        for app in self.successResultOf(self.house.store.apps()):
            found = {
                **app.metadata.param_values,
                **{link.plugin: link.account_name for link in app.metadata.accounts},
                AUTH: app.settings.authn_type,
                WRITES: text_of(app.settings.stage_write_access),
            }
            self.assertEqual(found, {name: each for name, each in self.live.items() if each})
        drifted = {
            value.name or value.kind
            for each in self.perform(SHOW_DRIFT, ShowDrift()).drifts
            for value in each.values
        }
        last = {WRITES: AS_NEW, **self.last}
        names = {name for name in self.live if self.live[name] != last.get(name)}
        self.assertEqual(drifted, names)

    @settings(max_examples=40)
    @given(st.lists(st.one_of(FILE, PARAM, LOGIN, LINK, WRITE, APPLY, APPLY), max_size=8))
    def test_any_order(self, acts):
        """After any edits and applies each value is what its row of the table says, and a drift is
        shown for those alone that differ from the last declaration.
        """
        self.house = House()
        files = {"app.star": app_star(NONE), "params.star": PARAMS}
        self.house.sources.put_folder("/src", files)
        self.declare({"a": "1"}, {AUTH: "none"})
        self.live, self.last = {WRITES: AS_NEW}, {}
        self.apply(clobber=False)
        self.check()
        for act, what, value in acts:
            if act == "file":
                self.declare(what, value)
            elif act == "hand":
                self.by_hand(what, value)
            else:
                self.apply(clobber=what)
            self.check()
