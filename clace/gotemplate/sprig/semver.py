"""Semantic versions and the constraints on them, as the Masterminds library reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.regex import compiled
from clace.gotemplate.go.types import json_texter, pointer_view, stringer
from clace.gotemplate.go.values import Uint64
from clace.gotemplate.language.methods import register
from clace.gotemplate.language.signatures import Function, Library, signature
from clace.gotemplate.limits import Meter

SEMVER: Final = Library()
_TAIL: Final = (
    r"(-([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?(\+([0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*))?"
)
_VERSION: Final = re.compile(r"v?([0-9]+)(\.[0-9]+)?(\.[0-9]+)?" + _TAIL + r"\Z")
# Longer texts are refused, where Go would go on: matching them is slow work.
_LONGEST: Final = 1000
_PART: Final = r"[0-9|xX*]+"
_LOOSE: Final = rf"v?({_PART})(\.{_PART})?(\.{_PART})?{_TAIL}"
_OPS: Final = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_BARE: Final = re.sub(r"\((?!\?)", "(?:", _LOOSE)
# Constraints come from templates, so only our own matcher touches them.
_CONSTRAINT: Final = rf"^\s*({_OPS})\s*({_LOOSE})\s*$"
_RANGE: Final = rf"\s*({_BARE})\s+-\s+({_BARE})\s*"
_FIND: Final = rf"(?:{_OPS})\s*(?:{_BARE})"
_VALID: Final = rf"^(?:\s*(?:{_OPS})\s*(?:{_BARE})\s*)(?:(?:\s+|,\s*)(?:{_OPS})\s*(?:{_BARE})\s*)*$"


@dataclass(frozen=True, slots=True)
class Version:
    """A version; ``original`` is the text it was read from."""

    major: int
    minor: int
    patch: int
    pre: str = ""
    metadata: str = ""
    original: str = ""

    go_type = "*semver.Version"

    def __str__(self) -> str:
        pre = f"-{self.pre}" if self.pre else ""
        metadata = f"+{self.metadata}" if self.metadata else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}{metadata}"


class Constraint:
    """One comparison of a constraint; a dirty one leaves parts of its version open."""

    def __init__(self, text: str, meter: Meter) -> None:
        places = compiled(_CONSTRAINT, meter).search(text, 0, meter)
        if places is None:
            raise CallFault(f"improper constraint: {text}")
        found = [
            text[at:end] if at >= 0 else ""
            for at, end in zip(places[::2], places[1::2], strict=True)
        ]
        self.operator = found[1]
        major, minor, patch, pre = found[3:7]
        self.dirty = self.minor_dirty = self.patch_dirty = False
        if _is_open(major):
            text, self.dirty = f"0.0.0{pre}", True
        elif _is_open(minor.removeprefix(".")):
            text, self.dirty, self.minor_dirty = f"{major}.0.0{pre}", True, True
        elif _is_open(patch.removeprefix(".")):
            text, self.dirty, self.patch_dirty = f"{major}{minor}.0{pre}", True, True
        else:
            text = found[2]
        try:
            self.version = parse_version(text)
        except CallFault:
            raise CallFault("constraint Parser Error") from None

    def allows(self, version: Version) -> bool:
        if self.operator == "!=":
            return self._differs(version)
        if version.pre and not self.version.pre:
            return False
        return _CHECKS[self.operator](self, version)

    def _differs(self, version: Version) -> bool:  # noqa: PLR0911 - one for each case
        ours = self.version
        if self.dirty:
            if version.pre and not ours.pre:
                return False
            if ours.major != version.major:
                return True
            if ours.minor != version.minor and not self.minor_dirty:
                return True
            if self.minor_dirty:
                return False
            if ours.patch != version.patch and not self.patch_dirty:
                return True
            if self.patch_dirty:
                return bool(version.pre or ours.pre) and _compare_pre(version.pre, ours.pre) != 0
        return compare(version, ours) != 0

    def _greater(self, version: Version) -> bool:
        ours = self.version
        if not self.dirty or version.major != ours.major:
            return (
                version.major > ours.major
                if self.dirty and version.major != ours.major
                else compare(version, ours) > 0
            )
        if self.minor_dirty:
            return False
        return version.minor > ours.minor if self.patch_dirty else compare(version, ours) > 0

    def _at_most(self, version: Version) -> bool:
        ours = self.version
        if not self.dirty:
            return compare(version, ours) <= 0
        if version.major > ours.major:
            return False
        same = version.major == ours.major
        return not (same and version.minor > ours.minor and not self.minor_dirty)

    def _tilde(self, version: Version) -> bool:
        ours = self.version
        if compare(version, ours) < 0:
            return False
        nothing = (ours.major, ours.minor, ours.patch) == (0, 0, 0)
        if nothing and not self.minor_dirty and not self.patch_dirty:
            return True
        if version.major != ours.major:
            return False
        return version.minor == ours.minor or self.minor_dirty

    def _tilde_or_equal(self, version: Version) -> bool:
        return self._tilde(version) if self.dirty else compare(version, self.version) == 0

    def _caret(self, version: Version) -> bool:
        ours = self.version
        if compare(version, ours) < 0:
            return False
        if ours.major > 0 or self.minor_dirty:
            return version.major == ours.major
        if version.major > 0:
            return False
        if ours.minor > 0 or self.patch_dirty:
            return version.minor == ours.minor
        return version.minor == 0 and version.patch == ours.patch


_CHECKS: Final[dict[str, Callable[[Constraint, Version], bool]]] = {
    "": Constraint._tilde_or_equal,  # noqa: SLF001
    "=": Constraint._tilde_or_equal,  # noqa: SLF001
    ">": Constraint._greater,  # noqa: SLF001
    "<": lambda ours, version: compare(version, ours.version) < 0,
    ">=": lambda ours, version: compare(version, ours.version) >= 0,
    "=>": lambda ours, version: compare(version, ours.version) >= 0,
    "<=": Constraint._at_most,  # noqa: SLF001
    "=<": Constraint._at_most,  # noqa: SLF001
    "~": Constraint._tilde,  # noqa: SLF001
    "~>": Constraint._tilde,  # noqa: SLF001
    "^": Constraint._caret,  # noqa: SLF001
}


def _is_open(part: str) -> bool:
    return part in ("", "x", "X", "*")


def parse_version(text: str) -> Version:
    """A version of one to three numbers."""
    found = _VERSION.match(text) if len(text) <= _LONGEST else None
    if found is None:
        raise CallFault("Invalid Semantic Version")
    major, minor, patch = (_segment(found[group]) for group in (1, 2, 3))
    pre, metadata = found[5] or "", found[7] or ""
    for part in pre.split("."):
        if part.isdigit() and len(part) > 1 and part[0] == "0":
            raise CallFault("Version segment starts with 0")
    return Version(major, minor, patch, pre, metadata, text)


def _segment(text: str | None) -> int:
    digits = (text or "0").removeprefix(".")
    if len(digits) > 20 or int(digits) >= 1 << 64:  # noqa: PLR2004
        raise CallFault(
            "Error parsing version segment: strconv.ParseUint: "
            f'parsing "{digits}": value out of range'
        )
    return int(digits)


def compare(first: Version, second: Version) -> int:
    """-1, 0 or 1; metadata does not count."""
    ours = (first.major, first.minor, first.patch)
    theirs = (second.major, second.minor, second.patch)
    if ours != theirs:
        return -1 if ours < theirs else 1
    if not first.pre or not second.pre:
        return (not first.pre) - (not second.pre)
    return _compare_pre(first.pre, second.pre)


def _compare_pre(first: str, second: str) -> int:
    ours, theirs = first.split("."), second.split(".")
    for at in range(max(len(ours), len(theirs))):
        left = ours[at] if at < len(ours) else ""
        right = theirs[at] if at < len(theirs) else ""
        if left != right:
            return _compare_part(left, right)
    return 0


def _compare_part(left: str, right: str) -> int:
    if not left or not right:
        return 1 if left else -1
    if left.isdigit() != right.isdigit():
        return -1 if left.isdigit() else 1
    if left.isdigit():
        return 1 if int(left) > int(right) else -1
    return 1 if left > right else -1


def satisfies(meter: Meter, constraint: str, version: str) -> bool:
    """Return true if a version meets any of the alternatives between ``||``."""
    if len(constraint) > _LONGEST:
        raise CallFault(f"improper constraint: more than {_LONGEST} characters")
    for found in list(compiled(_RANGE, meter).matches(constraint, meter)):
        whole, low, high = (constraint[found[at] : found[at + 1]] for at in (0, 2, 4))
        constraint = constraint.replace(whole, f">= {low}, <= {high} ", 1)
    alternatives = []
    for text in constraint.split("||"):
        if compiled(_VALID, meter).search(text, 0, meter) is None:
            raise CallFault(f"improper constraint: {text}")
        parts = [text[at[0] : at[1]] for at in compiled(_FIND, meter).matches(text, meter)]
        alternatives.append([Constraint(part, meter) for part in parts or [text]])
    wanted = parse_version(version)
    return any(all(one.allows(wanted) for one in group) for group in alternatives)


SEMVER.add("semver", "string")(parse_version)
SEMVER.add("semverCompare", "string, string", metered=True)(satisfies)


def _raised(version: Version, **changes: Any) -> Version:
    raised = replace(version, **changes)
    prefix = "v" if version.original.startswith("v") else ""
    return replace(raised, original=prefix + str(raised))


def _inc_patch(version: Version) -> Version:
    patch = version.patch if version.pre else version.patch + 1
    return _raised(version, patch=patch, pre="", metadata="")


_METHODS: Final[dict[str, tuple[str, Callable[..., Any]]]] = {
    "Major": ("", lambda version: Uint64(version.major)),
    "Minor": ("", lambda version: Uint64(version.minor)),
    "Patch": ("", lambda version: Uint64(version.patch)),
    "Prerelease": ("", lambda version: version.pre),
    "Metadata": ("", lambda version: version.metadata),
    "Original": ("", lambda version: version.original),
    "String": ("", str),
    "IncPatch": ("", _inc_patch),
    "IncMinor": (
        "",
        lambda version: _raised(version, minor=version.minor + 1, patch=0, pre="", metadata=""),
    ),
    "IncMajor": (
        "",
        lambda version: _raised(
            version, major=version.major + 1, minor=0, patch=0, pre="", metadata=""
        ),
    ),
    "Compare": ("*semver.Version", compare),
    "Equal": ("*semver.Version", lambda ours, other: compare(ours, other) == 0),
    "LessThan": ("*semver.Version", lambda ours, other: compare(ours, other) < 0),
    "LessThanEqual": ("*semver.Version", lambda ours, other: compare(ours, other) <= 0),
    "GreaterThan": ("*semver.Version", lambda ours, other: compare(ours, other) > 0),
    "GreaterThanEqual": ("*semver.Version", lambda ours, other: compare(ours, other) >= 0),
}
register(
    Version,
    {name: Function(name, call, *signature(params)) for name, (params, call) in _METHODS.items()},
)
stringer(Version, str)
json_texter(Version, str)
pointer_view(
    Version,
    lambda version: [
        Uint64(version.major),
        Uint64(version.minor),
        Uint64(version.patch),
        version.pre,
        version.metadata,
        version.original,
    ],
)
