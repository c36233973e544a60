"""Requests to apps: found, admitted, checked, answered."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.web.apps.access import AppAccess as AppAccess, TokensForApps as TokensForApps
    from clace.web.apps.cors import OriginSharing as OriginSharing
    from clace.web.apps.downloads import Downloads as Downloads
    from clace.web.apps.forms import FormReader as FormReader
    from clace.web.apps.forwarding import ForwardedApps as ForwardedApps
    from clace.web.apps.open_requests import OpenRequests as OpenRequests
    from clace.web.apps.origin import check_origin as check_origin
    from clace.web.apps.proxied import ProxiedApps as ProxiedApps
    from clace.web.apps.request_audit import (
        RequestAuditOptions as RequestAuditOptions,
        RequestAudits as RequestAudits,
    )
    from clace.web.apps.rights import AppRights as AppRights
    from clace.web.apps.security_headers import missing as missing
    from clace.web.apps.served import (
        AppEdge as AppEdge,
        ServedApps as ServedApps,
        Transfers as Transfers,
    )
    from clace.web.apps.visitors import TokenUse as TokenUse, Visitors as Visitors
else:
    __getattr__ = face(
        __name__,
        access=("AppAccess", "TokensForApps"),
        cors=("OriginSharing",),
        downloads=("Downloads",),
        forms=("FormReader",),
        forwarding=("ForwardedApps",),
        open_requests=("OpenRequests",),
        origin=("check_origin",),
        proxied=("ProxiedApps",),
        request_audit=("RequestAuditOptions", "RequestAudits"),
        rights=("AppRights",),
        security_headers=("missing",),
        served=("AppEdge", "ServedApps", "Transfers"),
        visitors=("TokenUse", "Visitors"),
    )
