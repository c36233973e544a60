"""The seams between the rooms, a page for each noun. Each has a contract in ``tests/support``."""

from clace.interfaces.access import ICredentials, IInstalledApps, ILockouts
from clace.interfaces.administration import (
    IAdministration,
    IAppOperations,
    ILockoutOperations,
    ISecretOperations,
    IServerOperations,
    ISettingOperations,
    IVersionOperations,
)
from clace.interfaces.audit import IAuditEvents, IAuditLog, IAuditTrail, IRationedAudit
from clace.interfaces.failures import IFailures
from clace.interfaces.identity import (
    Arrival,
    Decision,
    Departure,
    EndedElsewhere,
    IAuthenticator,
    IAuthorisation,
    IBackChannelLogout,
    ISignInProvider,
    Rechecked,
    RequestHead,
    SignedIn,
)
from clace.interfaces.plugins import Caller, IPluginGate, IPluginScope, PluginAnswer, PluginCall
from clace.interfaces.programs import IOutput, IProgram, IStarter, ProgramExit, ProgramLaunch
from clace.interfaces.runtime import AuditedSource, ILoadedApp, IRuntime
from clace.interfaces.secrets import (
    ISecretProvider,
    ISecretRows,
    ISecrets,
    ISecretStore,
    SealedSecret,
    SecretEntry,
)
from clace.interfaces.sources import FetchedSource, IFiles, ISources, SourceRevision
from clace.interfaces.store import AddApp, AddVersion, Change, IAppStore, PointApp, RemoveApp

__all__ = [
    "AddApp",
    "AddVersion",
    "Arrival",
    "AuditedSource",
    "Caller",
    "Change",
    "Decision",
    "Departure",
    "EndedElsewhere",
    "FetchedSource",
    "IAdministration",
    "IAppOperations",
    "IAppStore",
    "IAuditEvents",
    "IAuditLog",
    "IAuditTrail",
    "IAuthenticator",
    "IAuthorisation",
    "IBackChannelLogout",
    "ICredentials",
    "IFailures",
    "IFiles",
    "IInstalledApps",
    "ILoadedApp",
    "ILockoutOperations",
    "ILockouts",
    "IOutput",
    "IPluginGate",
    "IPluginScope",
    "IProgram",
    "IRationedAudit",
    "IRuntime",
    "ISecretOperations",
    "ISecretProvider",
    "ISecretRows",
    "ISecretStore",
    "ISecrets",
    "IServerOperations",
    "ISettingOperations",
    "ISignInProvider",
    "ISources",
    "IStarter",
    "IVersionOperations",
    "PluginAnswer",
    "PluginCall",
    "PointApp",
    "ProgramExit",
    "ProgramLaunch",
    "Rechecked",
    "RemoveApp",
    "RequestHead",
    "SealedSecret",
    "SecretEntry",
    "SignedIn",
    "SourceRevision",
]
