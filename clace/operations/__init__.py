"""Operations of an operator. Each fetches, audits and loads before it changes anything."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.operations.administration import Administration as Administration
    from clace.operations.applying import DeclarationOperations as DeclarationOperations
    from clace.operations.apps import AppOperations as AppOperations
    from clace.operations.audit import AuditOperations as AuditOperations
    from clace.operations.backups import BackupOperations as BackupOperations
    from clace.operations.configured import ConfiguredSections as ConfiguredSections
    from clace.operations.creation import (
        AppCreation as AppCreation,
        NewAppDefaults as NewAppDefaults,
        NewAppFacts as NewAppFacts,
        stamps as stamps,
    )
    from clace.operations.declaring import DeclarationFiles as DeclarationFiles
    from clace.operations.deliveries import Deliveries as Deliveries
    from clace.operations.exporting import ExportOperations as ExportOperations
    from clace.operations.history import HistoryOperations as HistoryOperations
    from clace.operations.known import KnownApps as KnownApps
    from clace.operations.leftovers import DataRemoval as DataRemoval
    from clace.operations.makers import MakerRights as MakerRights
    from clace.operations.previews import (
        PreviewExpiry as PreviewExpiry,
        PreviewOperations as PreviewOperations,
    )
    from clace.operations.programs import ProgramOperations as ProgramOperations
    from clace.operations.reloading import AppReloading as AppReloading
    from clace.operations.retention import VersionRetention as VersionRetention
    from clace.operations.roles import RoleOperations as RoleOperations
    from clace.operations.rooms import (
        OperationRooms as OperationRooms,
        served_files as served_files,
    )
    from clace.operations.secrets import SecretOperations as SecretOperations
    from clace.operations.sending import SendingOperations as SendingOperations
    from clace.operations.server import (
        LockoutOperations as LockoutOperations,
        ServerOperations as ServerOperations,
    )
    from clace.operations.sessions import SessionOperations as SessionOperations
    from clace.operations.settings import SettingOperations as SettingOperations
    from clace.operations.showing import AppFacts as AppFacts, AppShowing as AppShowing
    from clace.operations.staging_places import StagingPlaces as StagingPlaces
    from clace.operations.sync_runs import (
        SyncRuns as SyncRuns,
        SyncSurroundings as SyncSurroundings,
    )
    from clace.operations.sync_schedule import SyncLimits as SyncLimits
    from clace.operations.syncs import SYNC_TARGET as SYNC_TARGET, SyncOperations as SyncOperations
    from clace.operations.tokens import TokenOperations as TokenOperations
    from clace.operations.users import UserOperations as UserOperations
    from clace.operations.versions import VersionOperations as VersionOperations
    from clace.operations.webhook_work import WebhookWork as WebhookWork
    from clace.operations.webhooks import (
        LastCalls as LastCalls,
        WebhookMaking as WebhookMaking,
        WebhookOperations as WebhookOperations,
    )
    from clace.operations.withdrawal import ApprovalWithdrawal as ApprovalWithdrawal
else:
    __getattr__ = face(
        __name__,
        administration=("Administration",),
        applying=("DeclarationOperations",),
        apps=("AppOperations",),
        audit=("AuditOperations",),
        backups=("BackupOperations",),
        configured=("ConfiguredSections",),
        creation=("AppCreation", "NewAppDefaults", "NewAppFacts", "stamps"),
        declaring=("DeclarationFiles",),
        deliveries=("Deliveries",),
        exporting=("ExportOperations",),
        history=("HistoryOperations",),
        known=("KnownApps",),
        leftovers=("DataRemoval",),
        makers=("MakerRights",),
        previews=("PreviewExpiry", "PreviewOperations"),
        programs=("ProgramOperations",),
        reloading=("AppReloading",),
        retention=("VersionRetention",),
        roles=("RoleOperations",),
        rooms=("OperationRooms", "served_files"),
        secrets=("SecretOperations",),
        sending=("SendingOperations",),
        server=("LockoutOperations", "ServerOperations"),
        sessions=("SessionOperations",),
        settings=("SettingOperations",),
        showing=("AppFacts", "AppShowing"),
        staging_places=("StagingPlaces",),
        sync_runs=("SyncRuns", "SyncSurroundings"),
        sync_schedule=("SyncLimits",),
        syncs=("SYNC_TARGET", "SyncOperations"),
        tokens=("TokenOperations",),
        users=("UserOperations",),
        versions=("VersionOperations",),
        webhook_work=("WebhookWork",),
        webhooks=("LastCalls", "WebhookMaking", "WebhookOperations"),
        withdrawal=("ApprovalWithdrawal",),
    )
