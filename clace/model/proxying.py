"""Parts of apps that another server answers."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

MOST_MOUNTS = 100
CONTAINER_URL = "<CONTAINER_URL>"
"""The beginning of a URL in the container of an app, as apps write it."""
_Text = Annotated[str, Meta(max_length=1024)]


# Headers of an answer that are not the app's to send: of the connection, and those that servers in
# front of this one obey or browsers keep for the whole host.
CONNECTION_HEADERS = frozenset(
    b"connection keep-alive proxy-connection proxy-authenticate proxy-authorization te trailer"
    b" transfer-encoding upgrade content-length date server clear-site-data service-worker-allowed"
    b" alt-svc".split()
)
HOST_HEADERS = frozenset(
    b"strict-transport-security nel report-to public-key-pins expect-ct set-login"
    b" sec-session-registration secure-session-registration".split()
)
COMMANDING_HEADERS = (b"x-accel-", b"x-sendfile", b"x-lighttpd-send")


class ProxyMount(Struct, frozen=True, kw_only=True):
    """A path of an app that is proxied, with the call of a plugin that says where and how."""

    path: _Text
    plugin: _Text
    function: _Text
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}


class ProxyConfig(Struct, frozen=True):
    """The target of requests, and changes to their paths and to the headers of answers.

    A header whose value is another thing than a text is left out.
    """

    url: str
    strip_path: str = ""
    preserve_host: bool = False
    strip_app: bool = True
    response_headers: dict[str, Any] = {}


class ProxyRoute(Struct, frozen=True):
    """A path below which requests are passed on; ``path`` is that of the mount.

    ``redirects_bare``: a visitor of the app's own address without a slash behind it is sent to the
    one with it, where relative links lead to what is below.
    """

    path: str
    config: ProxyConfig
    redirects_bare: bool = False

    def covers(self, path: str) -> bool:
        """Return true for the mount's own path and all below it."""
        mount = self.path.rstrip("/")
        return path.startswith(mount) and path[len(mount) : len(mount) + 1] in {"", "/"}
