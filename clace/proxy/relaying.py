"""The proxy: finds the other server of a request, a connection to it, and has both talk."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from msgspec.structs import replace
from twisted.application.service import Service
from zope.interface import implementer

from clace.errors import AppBusy, TooLarge, UpstreamFailed
from clace.interfaces import (
    IProxy,
    IWorkloadLease,
    IWorkloads,
    ProxiedRequest,
    ProxiedVisitor,
    ProxyLimits,
)
from clace.model import Upstream
from clace.proxy.answers import AnswerRules
from clace.proxy.connecting import UpstreamEndpoints
from clace.proxy.connections import UpstreamConnection
from clace.proxy.exchange import ProxyExchange
from clace.proxy.headers import request_head
from clace.proxy.plans import RoutePlans
from clace.proxy.pools import UpstreamPool
from clace.proxy.targets import target_of

_Key = tuple[str, Upstream]
_STARTS = 3


class _Way(NamedTuple):
    """A connection for one request."""

    pool: UpstreamPool
    connection: UpstreamConnection
    lease: IWorkloadLease | None


@implementer(IProxy)
class Proxy(Service):
    """Passes requests on; ``name`` tells this server from others in ``Via``."""

    def __init__(
        self,
        clock: Any,
        endpoints: UpstreamEndpoints,
        name: str,
        workloads: IWorkloads,
        most: int = 1_000_000,
    ) -> None:
        """``most`` connections are open at a time, to the servers of all apps together."""
        self.setName("proxy")
        self._clock = clock
        self._endpoints = endpoints
        self._workloads = workloads
        self._via = f"1.1 {name}".encode()
        self._most = most
        self._plans = RoutePlans()
        self._pools: dict[_Key, UpstreamPool] = {}

    def stopService(self) -> None:
        super().stopService()
        for pool in tuple(self._pools.values()):
            pool.abort()

    async def relay(
        self, asked: ProxiedRequest, visitor: ProxiedVisitor, limits: ProxyLimits
    ) -> None:
        plan = self._plans.of(asked)
        target = target_of(asked, plan)
        if asked.length is not None and asked.length > limits.body:
            raise TooLarge(f"the request body is over the limit of {limits.body} bytes")
        self._check_loop(asked)
        rules = AnswerRules(asked, plan, target, rewrites=limits.rewrites_location)
        head = request_head(asked, plan, target.line, self._via)
        way = await self._way(asked, plan.upstream, limits)
        try:
            if visitor.is_gone:
                way.pool.give_back(way.connection)
                return
            exchange = ProxyExchange(asked, visitor, head, rules, way.pool, way.lease)
            visitor.follow(exchange)
            exchange.start(way.connection)
            await exchange.ended
        except UpstreamFailed as failed:
            failed.lines = self._workloads.last_lines(asked.app) if way.lease else ()
            raise
        finally:
            if way.lease is not None:
                way.lease.release()

    async def _way(self, asked: ProxiedRequest, upstream: Upstream, limits: ProxyLimits) -> _Way:
        """A connection to the other server, or to the app's program, which is started if need be.

        :raises ClaceError: if neither can be had; nothing was sent.
        """
        if not upstream.workload:
            pool = self._pool(asked.app.id, upstream, limits)
            return _Way(pool, await self._connection(pool), None)
        for _ in range(_STARTS - 1):
            try:
                return await self._way_to_program(asked, upstream, limits)
            except UpstreamFailed:
                continue  # it ended just now: another one is started
        return await self._way_to_program(asked, upstream, limits)

    async def _way_to_program(
        self, asked: ProxiedRequest, upstream: Upstream, limits: ProxyLimits
    ) -> _Way:
        lease = self._workloads.at_hand(asked.app)
        if lease is None:
            lease = await self._workloads.lease(asked.app, for_page=_is_for_page(asked))
        try:
            pool = self._pool(asked.app.id, replace(upstream, workload=lease.key), limits)
            return _Way(pool, await self._connection(pool), lease)
        except BaseException:
            lease.release()
            raise

    async def _connection(self, pool: UpstreamPool) -> UpstreamConnection:
        connection = pool.at_hand()
        if connection is None:
            self._make_room()
            connection = await pool.connection()
        return connection

    def _make_room(self) -> None:
        """Close idle connections, to whichever server, if no more may be open.

        :raises AppBusy: if none is idle: files are kept for what must go on.
        """
        if self._size < self._most:
            return
        for pool in tuple(self._pools.values()):
            pool.drop_idle()
        if self._size >= self._most:
            raise AppBusy("too many connections to the servers of apps are open", 1)

    @property
    def _size(self) -> int:
        return sum(pool.size for pool in self._pools.values())

    def _check_loop(self, asked: ProxiedRequest) -> None:
        """:raises UpstreamFailed: if this server has passed the request on to itself."""
        if any(self._via in value for value in asked.headers.getRawHeaders(b"via")):
            raise UpstreamFailed("the app's server is this server: the request goes round")

    def _pool(self, app_id: str, upstream: Upstream, limits: ProxyLimits) -> UpstreamPool:
        key = (app_id, upstream)
        pool = self._pools.get(key)
        if pool is None:
            forget = partial(self._forget, key)
            pool = UpstreamPool(self._clock, upstream, self._endpoints, limits, forget)
            self._pools[key] = pool
        pool.limits = limits
        return pool

    def _forget(self, key: _Key) -> None:
        self._pools.pop(key, None)


def _is_for_page(asked: ProxiedRequest) -> bool:
    """Return true for a browser that shows what it gets: it can be told to come again."""
    wanted = b",".join(asked.headers.getRawHeaders(b"accept"))
    return asked.method == b"GET" and not asked.is_upgrade and b"text/html" in wanted.lower()
