"""Schemas, stores and scopes for tests of documents, and a twin of the store in memory."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from sqlalchemy import text
from twisted.internet.task import Clock

from clace.interfaces import Caller, PluginCall
from clace.model.app import App, AppMetadata, Permission
from clace.model.schema import AppSchema
from clace.plugins.builtin.store.database import DocumentDatabase
from clace.plugins.builtin.store.engines import DatabaseLimits, open_engines
from clace.plugins.builtin.store.plugin import StoreFunctions, StoreSettings
from clace.plugins.builtin.store.statements import Statement
from clace.plugins.gate.gate import PluginGate
from tests.support.threads import at_once

FUNCTIONS = (
    *("begin", "commit", "rollback", "insert", "select_by_id", "select_one", "select", "count"),
    *("update", "delete_by_id", "delete"),
)
NOW = 1_800_000_000


def schema(*types):
    """A schema from what ``schema.star`` would say, as plain values."""
    return msgspec.convert({"types": types}, AppSchema)


def field(name, kind, default=None):
    return {"name": name, "type": kind, "default": default}


def index(*fields, unique=False):
    return {"fields": fields, "unique": unique}


def doc_type(name, *fields, indexes=()):
    return {"name": name, "fields": fields, "indexes": indexes}


THING = schema(
    doc_type(
        "thing",
        field("n", "INT", 0),
        field("t", "STRING", ""),
        field("b", "BOOLEAN", False),
        field("l", "LIST", []),
        field("d", "DICT", {}),
        field("u", "STRING", None),
        indexes=[index("n:desc"), index("t", "n"), index("u", unique=True)],
    )
)


def store_app(app_id="app_prd_1", main_app="", **settings):
    permissions = tuple(Permission("store.in", name) for name in FUNCTIONS)
    metadata = AppMetadata(loads=("store.in",), permissions=permissions)
    return App(app_id, "/things", main_app=main_app, metadata=metadata, **settings)


class StoreHouse:
    """A store whose work is done where it is asked for, and requests of apps to it."""

    def __init__(self, url, *, limits=None, share=False, max_mb=1024, in_thread=at_once):
        self.clock = Clock()
        self.clock.advance(NOW)
        limits = limits or DatabaseLimits()
        self.engines = open_engines(url, limits)
        self.database = DocumentDatabase(
            self.engines, self.clock, limits, write=in_thread, read=in_thread
        )
        settings = StoreSettings(share_with_staging=share, max_mb_per_app=max_mb)
        self.gate = PluginGate([StoreFunctions(settings, self.database, self.clock).plugin])

    def begin(self, app=None, declared=THING, user="ann"):
        return Request(
            self.gate.begin(Caller(app=app or store_app(), user_id=user, schema=declared))
        )


class Request:
    """The calls of one request, as coroutines."""

    def __init__(self, scope):
        self.scope = scope

    async def answer(self, function, *args, **kwargs):
        call = PluginCall(plugin="store.in", function=function, args=args, kwargs=kwargs)
        return await self.scope.call(call)

    async def error(self, function, *args, **kwargs):
        return (await self.answer(function, *args, **kwargs)).error

    async def value(self, function, *args, **kwargs):
        answer = await self.answer(function, *args, **kwargs)
        assert not answer.error, answer.error
        return answer.value

    async def select(self, *args, **kwargs):
        """All entries, page by page; an error as text."""
        return [entry for page in await self.pages(*args, **kwargs) for entry in page]

    async def pages(self, *args, **kwargs):
        answer = await self.answer("select", *args, **kwargs)
        assert not answer.error, answer.error
        pages, more = [], True
        while more:
            items, more = await self.scope.next(answer.stream)
            pages.append(items)
        return pages

    async def end(self):
        return await self.scope.end()


def rows(link, sql):
    """What a statement in plain SQL finds."""
    return link.all(prepared(link, sql))


def prepared(link, sql):
    """A statement in plain SQL."""
    return Statement(text(sql), link.dialect)


def sqlite_url(folder):
    return f"sqlite:{Path(folder).absolute()}/store/documents.db"


class Twin:
    """What one table of ``THING`` holds, by the rules that the documentation gives."""

    def __init__(self):
        self.entries = {}

    def found(self, condition, sort=()):
        rows = [one for one in self.entries.values() if matches(condition, one)]
        rows.sort(key=lambda row: row["_id"], reverse=bool(sort) and sort[-1].endswith(":desc"))
        for written in reversed(sort):
            name, _, direction = written.partition(":")
            rows.sort(key=lambda row: rank(row[name]), reverse=direction == "desc")
        return rows


def rank(value):
    """Nothing comes before everything else."""
    return (0,) if value is None else (1, value)


def matches(condition, entry):
    return all(_part(name, value, entry) for name, value in condition.items())


def _part(name, value, entry):
    if name.lower() == "$and":
        return all(matches(one, entry) for one in value)
    if name.lower() == "$or":
        return any(matches(one, entry) for one in value)
    found = entry
    for step in name.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if not isinstance(value, dict):
        return _compare("$eq", found, value)
    return all(_operator(operator, found, operand) for operator, operand in value.items())


def _operator(operator, found, operand):
    if operator.lower() in {"$and", "$or"}:
        join = all if operator.lower() == "$and" else any
        return join(_compare(op, found, value) for part in operand for op, value in part.items())
    return _compare(operator, found, operand)


def _compare(operator, found, operand):
    if operand is None:
        return (found is None) == (operator == "$eq")
    if operator == "$like":
        return isinstance(found, str) and like(operand, found)
    if operator == "$ne":
        return found is not None and not _compare("$eq", found, operand)
    if kind(found) != kind(operand):
        return False
    return {
        "$eq": found == operand,
        "$gt": found > operand,
        "$lt": found < operand,
        "$gte": found >= operand,
        "$lte": found <= operand,
    }[operator]


def kind(value):
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case _:
            return type(value).__name__


def like(pattern, text):
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    signs = {"%": ".*", "_": "."}
    expression = "".join(signs.get(part) or re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL | re.IGNORECASE) is not None
