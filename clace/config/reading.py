"""Tables of a file into sections: every key is checked, and all problems are found at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from msgspec import NODEFAULT, Struct

from clace.config import foreign
from clace.config.names import Names, Refused
from clace.config.overrides import Override
from clace.config.places import Origin, Steps, dotted, header_text, place_text, section_of
from clace.config.rules import Rule, shown
from clace.config.schema import Entry, Shape, entries, keys, plain
from clace.near import nearest

Table = Mapping[str, Any]
_BESIDE = frozenset({Shape.ACCOUNTS, Shape.OTHERS})


class Reader:
    """Reads one configuration. Use what it makes only if ``problems`` is empty."""

    def __init__(
        self,
        source: str,
        names: Names,
        said: Mapping[Steps, list[Override]],
        others: Collection[str] = (),
    ) -> None:
        """``others`` are the plugins of packages, whose sections have free keys."""
        self._source = source
        self._names = names
        self._said = said
        self._others = others
        self.problems: list[str] = []
        self.notices: list[str] = []
        self.origins: dict[Steps, Origin] = {}

    def fields(self, kind: type[Struct], table: Table, at: Steps = ()) -> dict[str, Any]:
        """The values of a section's fields, by attribute."""
        known = entries(kind)
        read = {entry.attribute: self._entry(entry, table, at) for entry in known}
        names = [entry.name for entry in known if entry.shape not in _BESIDE]
        beside = {name for entry in known for name in self._beside(entry, table)}
        for name in table:
            if name not in {*names, *beside} and not self._is_renamed(at, name):
                self._leftover((*at, name), table[name], names)
        return read

    def complain(self, at: Steps, reason: str) -> None:
        """Note a problem with the file's value there."""
        self.problems.append(f"{self._source}: {place_text(at)}: {reason}")

    def warn(self, at: Steps, doubt: str) -> None:
        """Note what the file's value there can hardly mean."""
        self.notices.append(f"{self._source}: {place_text(at)}: {doubt}")

    def complain_of_unread(self) -> None:
        """Note what was said outside the file of keys that there are not; after all was read."""
        for at, said in self._said.items():
            if at not in self.origins:
                known = (dotted(key.at) for key in keys())
                hint = _meant(nearest(dotted(at), known))
                self.problems += [f"{override.origin}: no such key{hint}" for override in said]

    def _entry(self, entry: Entry, table: Table, above: Steps) -> object:
        at = (*above, entry.name)
        if entry.shape is Shape.KEY:
            return self._key(entry, table, at)
        if entry.shape in _BESIDE:
            return {
                name.removeprefix(entry.name): self._section(entry, table[name], (*above, name))
                for name in self._beside(entry, table)
            }
        value = table.get(entry.name)
        if entry.shape is Shape.BLOCKS:
            return tuple(self._blocks(entry.of, value, at))
        if entry.shape is not Shape.NAMED_SECTIONS:
            return self._section(entry, value, at)
        inner = self._table(value, at)
        return {name: self._section(entry, inner[name], (*at, name)) for name in inner}

    def _section(self, entry: Entry, value: object, at: Steps) -> object:
        table = self._table(value, at)
        if entry.shape not in {Shape.FREE_KEYS, Shape.OTHERS}:
            return entry.of(**self.fields(entry.of, table, at))
        for name in table:
            self.origins[*at, name] = Origin("file", self._source)
        return {name: self._given(entry.of, table[name], (*at, name)) for name in table}

    def _beside(self, entry: Entry, table: Table) -> list[str]:
        """The names of sections that are an entry's although they are not its name."""
        if entry.shape is Shape.ACCOUNTS:
            return [name for name in table if name.startswith(entry.name) and name != entry.name]
        if entry.shape is Shape.OTHERS:
            return [name for name in table if name.partition("#")[0] in self._others]
        return []

    def _key(self, entry: Entry, table: Table, at: Steps) -> object:
        old_name = foreign.RENAMED.get(at, "")
        written = [name for name in (old_name, entry.name) if name in table]
        if entry.default is NODEFAULT and not written:
            self.complain(at, f"missing; expected {entry.of.expected}")
            return None
        value = None
        if entry.default is not NODEFAULT:
            value = entry.of.parse(plain(entry.default), self._names)
        for name in written:
            value = self._given(entry.of, table[name], (*at[:-1], name))
        if len(written) > 1 and table[old_name] != table[entry.name]:
            self.complain(at, f"says otherwise than {old_name}, its other name")
        if written:
            self.origins[at] = Origin("file", self._source)
        return self._overridden(entry.of, at, value)

    def _given(self, rule: Rule, value: object, at: Steps) -> object:
        try:
            return rule.parse(value, self._names)
        except ValueError as error:
            self.complain(at, rule.refusal(value, _reason(error)))
            return None

    def _overridden(self, rule: Rule, at: Steps, value: object) -> object:
        for override in self._said.get(at, ()):
            said = override.value
            try:
                given = rule.from_text(said) if isinstance(said, str) else said
                value = rule.parse(given, self._names)
            except ValueError as error:
                self.problems.append(f"{override.origin}: {rule.refusal(said, _reason(error))}")
            self.origins[at] = override.origin
        return value

    def _table(self, value: object, at: Steps) -> Table:
        if isinstance(value, dict):
            return value
        if value is not None:
            self.complain(at, f"expected a table, got {shown(value)}")
        return {}

    def _blocks(self, kind: type[Struct], value: object, at: Steps) -> Iterator[Struct]:
        if value is None:
            return
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.complain(
                at, f"expected blocks that begin with [[{dotted(at)}]], got {shown(value)}"
            )
            return
        for number, item in enumerate(value, 1):
            yield kind(**self.fields(kind, item, (*at, str(number))))

    def _is_renamed(self, at: Steps, name: str) -> bool:
        return any(at == new[:-1] and name == old for new, old in foreign.RENAMED.items())

    def _leftover(self, at: Steps, value: object, names: Iterable[str]) -> None:
        if foreign.knows(at):
            self.notices += [
                f"{self._source}: {place}: known, but this version does nothing with it"
                for place in _places(at, value)
            ]
            return
        tables = value if isinstance(value, list) and value else [value]
        is_section = all(isinstance(each, dict) for each in tables)
        place = header_text(at) if is_section and len(at) == 1 else place_text(at)
        hint = _hint(at, {*names, *foreign.names_in(at[:-1])})
        if is_section and at[:-1] == ("plugin",):
            hint += "; a plugin of a package has to be named in [plugins] enabled"
        self.problems.append(
            f"{self._source}: {place}: no such {'section' if is_section else 'key'}{hint}"
        )


def _places(at: Steps, value: object) -> list[str]:
    """A name for each thing that a foreign key holds: its sections or keys, or it alone."""
    if not isinstance(value, dict):
        return [place_text(at)]
    if all(section_of(at)):
        inner = [place for name, item in value.items() for place in _places((*at, name), item)]
        return inner or [place_text(at)]
    tables = [(*at, name) for name, item in value.items() if isinstance(item, dict)]
    own = [at] if len(tables) < len(value) or not value else []
    return [header_text(steps) for steps in own + tables]


def _hint(at: Steps, candidates: set[str]) -> str:
    name = at[-1].lower()
    near = nearest(name, sorted(candidates))
    elsewhere = (place_text(key.at) for key in keys() if key.at[-1] == name)
    return _meant([f'"{each}"' for each in near] or list(elsewhere))


def _meant(candidates: list[str]) -> str:
    return f"; did you mean {candidates[0]}?" if candidates else ""


def _reason(error: ValueError) -> str:
    return str(error) if isinstance(error, Refused) else ""
