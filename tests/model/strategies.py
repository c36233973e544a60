"""Hypothesis strategies for the model."""

from hypothesis import strategies as st

from clace.model.app import ArgumentConstraint, Demands, Permission
from clace.model.paths import AppPath

segments = st.text("abcdefgh0123456789-_.", min_size=1, max_size=8).filter(
    lambda text: text not in {".", ".."} and "_cl_" not in text
)
paths = st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts))
domains = st.sampled_from(["", "localhost", "tools.example.com", "a.b"])
addresses = st.builds(AppPath, path=paths, domain=domains)
names = st.sampled_from(["", "a", "b"])
constraints = st.builds(ArgumentConstraint, name=names, value=names, key=names)
permissions = st.builds(
    Permission,
    permit=st.lists(names, max_size=2).map(tuple),
    kwargs=st.lists(constraints, max_size=2).map(tuple),
    plugin=st.sampled_from(["exec.in", "fs.in"]),
    method=st.sampled_from(["run", "list"]),
    arguments=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    is_read=st.sampled_from([None, True, False]),
)
demands = st.builds(
    Demands,
    loads=st.lists(st.sampled_from(["exec.in", "fs.in", "http.in"]), max_size=4).map(tuple),
    permissions=st.lists(permissions, max_size=4).map(tuple),
)
