"""The operations of an operator, an interface for each noun: ``operations`` fills them.

Each method has the name of its operation in ``clace.admin_api`` and takes that operation's query.
Globs and paths come as the operator wrote them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Protocol

from zope.interface import Interface

from clace.admin_api import (
    Nothing,
    Operation,
    Q,
    R,
    apps,
    audit,
    backups,
    changes,
    declarations,
    history,
    lockouts,
    previews,
    programs,
    roles,
    secrets,
    sending,
    server,
    sessions,
    settings,
    sync,
    tokens,
    users,
    versions,
    webhooks,
)
from clace.model import App, Identity


class IAdministration(Interface):
    """All operations of a server, here or over a wire."""

    async def perform(operation: Operation[Q, R], query: Q) -> R:
        """Perform one operation and return its result.

        :raises ClaceError: if it is refused; the method of the noun says when.
        """

    def stream(operation: Operation[Q, R], query: Q) -> AsyncIterator[tuple[R, ...]]:
        """Perform one operation that streams, and return its results, some at a time.

        :raises ClaceError: if it is refused, or fails in its middle.
        """


class IServedAdministration(IAdministration):
    """All operations of this server, for whoever asks; alone, ``perform`` is for the operator."""

    async def perform_as(identity: Identity, operation: Operation[Q, R], query: Q) -> R:
        """Perform one operation, as far as the identity may, and return its result.

        :raises NotAllowed: if it may not; then nothing was done.
        """

    def stream_as(
        identity: Identity, operation: Operation[Q, R], query: Q
    ) -> AsyncGenerator[tuple[R, ...], None]:
        """Perform one operation that streams, as far as the identity may; who wants no more
        closes it.

        :raises NotAllowed: if it may not.
        """


class Asking(Protocol):
    """A request, to those who perform it: who asks, and what they may."""

    @property
    def identity(self) -> Identity: ...

    @property
    def user_id(self) -> str: ...

    def needing(self, right: str) -> Asking:
        """Return the request as one that needs this right too."""

    def check(self, target: str = "") -> None:
        """:raises NotAllowed: if a right that the request needs is missing on an address, or
        without one on the server.
        """

    def check_apps(self, apps: Iterable[App]) -> None:
        """:raises NotAllowed: if a right that the request needs is missing on one of the apps."""

    def may(self, target: str = "") -> bool:
        """Tell whether the rights that the request needs are held; see ``check``."""

    def may_see(self, app: App) -> bool:
        """Tell whether the rights that the request needs are held on an app."""

    def may_read(self, app: App) -> bool:
        """Tell whether the values of an app may be told, whatever right the request needs."""


class IAppOperations(Interface):
    """Installed apps. All but ``list_apps`` raise ``NotAllowed`` if a right is missing on one of
    the apps, and then do nothing.
    """

    async def list_apps(query: apps.ListApps, request: Asking) -> apps.AppList:
        """Return the apps that match and may be seen, oldest first; with ``internal`` the staging
        twins too.
        """

    async def get_app(query: apps.OneApp, request: Asking) -> apps.AppFound:
        """Return one app.

        :raises InvalidPath: if a glob is given.
        :raises NoSuchApp: if nothing is installed there.
        """

    async def show_app(query: apps.OneApp, request: Asking) -> apps.AppShown:
        """Return everything about one app and its staging twin, secrets hidden.

        :raises InvalidPath: if a glob is given.
        :raises NoSuchApp: if nothing is installed there.
        """

    async def create_app(query: apps.CreateApp, request: Asking) -> apps.AppCreated:
        """Install an app; a production app gets its staging twin.

        :raises AppExists: if the path is taken, or one above or below it other than ``/``.
        :raises SourceError: if the source cannot be fetched.
        :raises AppBroken: if the source does not load.
        """

    async def delete_apps(query: apps.DeleteApps, request: Asking) -> apps.AppsDeleted:
        """Remove the apps that match, with their twins, versions and files."""


class ISendingOperations(Interface):
    """Sources that clients send."""

    async def send_source(query: sending.SendSource, request: Asking) -> sending.SourceReceived:
        """Take a part of a source.

        :raises NotAllowed: if the app may not be created.
        :raises SourceError: if a file may not be in a source, or it has too much.
        """


class IVersionOperations(Interface):
    """Versions of apps. All raise ``NotAllowed`` if a right is missing on one of the apps."""

    async def approve_apps(query: versions.ApproveApps, request: Asking) -> versions.AppsApproved:
        """Approve what the stored source of each app asks for."""

    async def reload_apps(query: versions.ReloadApps, request: Asking) -> versions.AppsReloaded:
        """Fetch the sources again: all apps that match, or on any failure none.

        :raises NeedsApproval: if sources ask for more and ``approve`` is not set; names each app.
        """

    async def promote_apps(query: versions.PromoteApps, request: Asking) -> versions.AppsPromoted:
        """Let production apps serve what their staging twins serve.

        :raises BadRequest: if the path of one app is given, and it is a dev app.
        """


class IHistoryOperations(Interface):
    """Stored versions of apps; dev apps have none, and are refused as ``BadRequest``.

    All raise ``NotAllowed`` if a right is missing on one of the apps, and then do nothing.
    """

    async def list_versions(query: history.ListVersions, request: Asking) -> history.VersionList:
        """Return the versions of an app, the oldest first.

        :raises NoSuchApp: if nothing is installed there.
        """

    async def list_files(query: history.ListFiles, request: Asking) -> history.FileList:
        """Return the files of a version.

        :raises NoSuchVersion: if the app has no such version.
        """

    async def read_file(query: history.ReadFile, request: Asking) -> history.FileRead:
        """Return one file of a version.

        :raises NoSuchFile: if the version has no such file.
        :raises TooLarge: if it is too large to be sent in one answer.
        """

    async def verify_file(query: history.VerifyFile, request: Asking) -> history.FileVerified:
        """Return the files that an app, which may be a dev app, serves with these bytes, and where.

        :raises NoSuchFile: if it serves none; the text says what is the nearest to it.
        """

    async def compare_versions(
        query: history.CompareVersions, request: Asking
    ) -> history.VersionsCompared:
        """Return everything in which two versions differ.

        :raises NoSuchVersion: if the app has one of them not.
        """

    async def switch_version(
        query: history.SwitchVersion, request: Asking
    ) -> history.VersionSwitched:
        """Let an app be another of its versions; it is loaded aside first.

        :raises NoSuchVersion: if the app has no such version.
        :raises NeedsApproval: if that has approvals which the current one does not have, and
            ``approve`` is not set; lists them.
        :raises AppBroken: if it does not load.
        """

    async def revoke_approvals(
        query: history.RevokeApprovals, request: Asking
    ) -> history.ApprovalsRevoked:
        """Take an approval from every version of the apps that match and of their twins.

        :raises BadRequest: if the path of one app is given, and it has no such approval.
        """


class IPreviewOperations(Interface):
    """Other revisions of apps, served beside them."""

    async def create_preview(
        query: previews.CreatePreview, request: Asking
    ) -> previews.PreviewCreated:
        """Serve a revision beside a production app. If it asks for more than was approved for that
        and ``approve`` is not set, nothing is created and the result says so.

        :raises BadRequest: if the app is not a production app from git.
        :raises AppExists: if there is a preview of this revision.
        :raises SourceError: if the revision is missing or cannot be fetched.
        :raises AppBroken: if it does not load.
        """

    async def list_previews(query: previews.ListPreviews, request: Asking) -> previews.PreviewList:
        """Return the previews of the apps that match, of those that may be seen."""

    async def delete_preview(
        query: previews.DeletePreview, request: Asking
    ) -> previews.PreviewDeleted:
        """Remove a preview.

        :raises NoSuchApp: if the app has no preview of this revision.
        """


class IDeclarationOperations(Interface):
    """Apps that files describe."""

    async def apply_files(
        query: declarations.ApplyFiles, request: Asking
    ) -> declarations.FilesApplied:
        """Create and update the apps that files describe: all of them, or on any failure none.

        :raises NotAllowed: if a right is missing on one of the apps.
        :raises AppBroken: if a file fails, or an app does not load.
        :raises BadRequest: if two files describe one app, or another app is there.
        :raises NeedsApproval: if apps ask for more and ``approve`` is not set; names each app.
        """

    async def pretty_print(
        query: declarations.PrettyPrint, request: Asking
    ) -> declarations.ExportedText:
        """Evaluate files that describe apps, and write them as an export would be.

        :raises NotAllowed: if the right is missing on the server.
        :raises AppBroken: if a file fails.
        """


class IExportOperations(Interface):
    """Installed apps as files describe them; about apps that the request may not see, nothing."""

    async def export_apps(
        query: declarations.ExportApps, request: Asking
    ) -> declarations.ExportedText:
        """Write the apps that match as a file that declares them, without clear secrets.

        :raises BadRequest: if a parameter is not one of its values.
        """

    async def show_drift(query: declarations.ShowDrift, request: Asking) -> declarations.DriftShown:
        """Compare the apps that match with what files last declared of them."""


class ISyncOperations(Interface):
    """Files that are applied again and again. Rights are on the sync, and on apps as in an apply.

    What a run is refused for is raised as ``apply_files`` raises it.
    """

    async def create_sync(query: sync.CreateSync, request: Asking) -> sync.SyncCreated:
        """Apply files, and if that succeeds apply them again by time or by a webhook.

        :raises BadRequest: if the options cannot be used together.
        """

    async def run_sync(query: sync.NamedSync, request: Asking) -> sync.SyncRan:
        """Run a sync now; one that was disabled is enabled if it succeeds.

        :raises NoSuchSync: if it is missing.
        :raises SyncRunning: if it runs already.
        :raises ServerStopping: if it did not end before the server stopped.
        """

    async def delete_sync(query: sync.NamedSync, request: Asking) -> sync.SyncDeleted:
        """End a sync. A run that has begun goes on.

        :raises NoSuchSync: if it is missing.
        """

    async def list_syncs(query: Nothing, request: Asking) -> sync.SyncList:
        """Return the syncs that may be seen, the oldest first."""


class IWebhookOperations(Interface):
    """Webhooks of production apps. All raise ``NotAllowed`` if a right is missing on the app, and
    ``NoSuchApp`` if nothing is installed there.
    """

    async def list_webhooks(query: webhooks.ListWebhooks, request: Asking) -> webhooks.WebhookList:
        """Return the webhooks of an app, without tokens and secrets."""

    async def create_webhook(
        query: webhooks.CreateWebhook, request: Asking
    ) -> webhooks.WebhookCreated:
        """Make a webhook in the place of the one of its type, if there is one.

        :raises BadRequest: if the app can have none, or an option cannot be used.
        :raises SecretFailed: if a secret cannot be sealed.
        """

    async def delete_webhook(
        query: webhooks.NamedWebhook, request: Asking
    ) -> webhooks.WebhookDeleted:
        """End a webhook.

        :raises NoSuchWebhook: if the app has none of this type.
        """


class ISettingOperations(Interface):
    """Settings of apps; those with versions reach production apps with their next promotion.

    All raise ``NotAllowed`` if a right is missing on one of the apps.
    """

    async def link_account(query: settings.LinkAccount, request: Asking) -> changes.AppsUpdated:
        """Let the apps that match use an account of a plugin; the account ``-`` removes the link.

        :raises BadRequest: if the plugin or the account is unknown.
        """

    async def update_params(query: settings.UpdateParam, request: Asking) -> changes.AppsUpdated:
        """Give the apps that match another value of a param, or with ``-`` none.

        :raises AppBroken: if an app does not load with it, as with a value of another type.
        :raises NeedsApproval: if an app asks for more with it, and is to be promoted.
        """

    async def update_metadata(
        query: settings.UpdateMetadata, request: Asking
    ) -> changes.AppsUpdated:
        """Give the apps that match other settings of their own, in place of the server's.

        :raises BadRequest: if the setting is unknown or does not take the value.
        """

    async def update_settings(
        query: settings.UpdateSettings, request: Asking
    ) -> settings.SettingsUpdated:
        """Change what is not versioned of the apps that match and of their twins; it holds at once.

        :raises BadRequest: if the request is empty, or a setting does not take its value.
        """

    async def change_owner(
        query: settings.ChangeOwner, request: Asking
    ) -> settings.SettingsUpdated:
        """Give the apps that match, and their twins, another owner; it holds at once.

        :raises BadRequest: if no user can have this id, or ``security.shared_host`` keeps the owner
            from the host of an app.
        """


class ISecretOperations(Interface):
    """Stored secrets."""

    async def create_secret(query: secrets.CreateSecret, request: Asking) -> secrets.SecretCreated:
        """Store a secret; with ``update`` it may replace one.

        :raises SecretExists: if the name is taken, and its secret is not to be replaced.
        :raises SecretFailed: if the store cannot be used; says why.
        """

    async def list_secrets(query: secrets.ListSecrets) -> secrets.SecretList:
        """Return the stored secrets whose names match, without their values."""

    async def get_secret(query: secrets.GetSecret) -> secrets.SecretFound:
        """Describe one secret, without its value.

        :raises NoSuchSecret: if no secret of this name is stored.
        :raises BadRequest: if its value is asked for.
        """

    async def reveal_secret(query: secrets.NamedSecret) -> secrets.SecretFound:
        """Describe one secret, with its value.

        :raises NoSuchSecret: if no secret of this name is stored.
        """

    async def delete_secret(query: secrets.DeleteSecret) -> secrets.SecretDeleted:
        """:raises NoSuchSecret: if no secret of this name is stored."""

    async def rekey_secrets(query: secrets.RekeySecrets) -> secrets.SecretsRekeyed:
        """Seal all stored secrets with the active key; on any failure none."""


class IUserOperations(Interface):
    """Users that the server knows itself."""

    async def change_user(query: users.ChangeUser) -> users.UserChanged:
        """Add a user, or with ``update`` change one; what is changed holds at once.

        :raises BadRequest: if a name, group or hash is malformed, or a new user gets neither a
            password nor an invitation.
        :raises UserExists: if a user to be added exists.
        :raises NoSuchUser: if a user to be changed does not exist.
        """

    async def list_users(query: Nothing) -> users.UserList:
        """Return all users by name, the database's before the configuration's."""

    async def delete_user(query: users.NamedUser) -> users.UserDeleted:
        """Delete a user with all sessions and second factors.

        :raises NoSuchUser: if the user does not exist.
        :raises BadRequest: if the user is in the configuration file.
        """

    async def reset_factors(query: users.ResetFactors) -> users.FactorsReset:
        """Remove the second factors of a user, who signs in with the password alone then.

        :raises NoSuchUser: if the user does not exist.
        :raises BadRequest: unless a user or the administrator is named, and not both.
        """


class ILockoutOperations(Interface):
    """Users and addresses that may not sign in for a while."""

    async def list_lockouts(query: Nothing) -> lockouts.LockoutList:
        """Return those locked now, the longest first."""

    async def clear_lockouts(query: lockouts.ClearLockouts) -> lockouts.LockoutsCleared:
        """Forget failed sign-ins: from an address, of a user, or with two empty texts all.

        :raises BadRequest: if ``address`` is invalid.
        :raises NoSuchLockout: if no failure is known of the address or user given.
        """


class ISessionOperations(Interface):
    """Sessions of browsers that have signed in."""

    async def list_sessions(query: sessions.ListSessions) -> sessions.SessionList:
        """Return those that have not ended, the newest first."""

    async def revoke_sessions(query: sessions.RevokeSessions) -> sessions.SessionsRevoked:
        """End the session of a name, those of a user, or all.

        :raises BadRequest: if not exactly one of them is asked for.
        :raises NoSuchSession: if no session is found.
        :raises StoreError: if they may still be there after a restart.
        """


class IRoleOperations(Interface):
    """Explanations of who may do what."""

    async def check_permission(query: roles.CheckPermission) -> roles.PermissionChecked:
        """Decide as for a request of the user, and say why.

        :raises BadRequest: if the permission is unknown, or the target is invalid.
        """

    async def list_holders(query: roles.HoldersOf) -> roles.HolderList:
        """Return the users, groups and patterns that have permissions on an app.

        :raises BadRequest: if the path is invalid.
        """


class IAuditOperations(Interface):
    """The audit log."""

    async def list_audit(query: audit.ListAudit) -> audit.AuditList:
        """Return the newest events that pass the filter.

        :raises BadRequest: if a parameter is malformed.
        """

    def export_audit(query: audit.ExportAudit) -> AsyncIterator[tuple[audit.AuditedEvent, ...]]:
        """Return all events that pass the filter, oldest first.

        :raises BadRequest: if a parameter is malformed.
        """

    async def verify_audit(query: audit.VerifyAudit) -> audit.AuditVerified:
        """Walk along the hash chain to its first fault, or its end.

        :raises BadRequest: if ``head`` is not one.
        :raises SecretFailed: if the key of the chain cannot be read.
        """


class ITokenOperations(Interface):
    """API tokens: a user's own, for an administrator those of all."""

    async def create_token(query: tokens.CreateToken, request: Asking) -> tokens.TokenCreated:
        """Make a token for whoever asks.

        :raises BadRequest: if a grant, a glob or the time cannot be used.
        :raises NotAllowed: if a token asks, and would make one that may do more.
        """

    async def list_tokens(query: Nothing, request: Asking) -> tokens.TokenList:
        """Return the tokens, the newest first, without their secret texts."""

    async def revoke_token(query: tokens.NamedToken, request: Asking) -> tokens.TokenRevoked:
        """End a token at once.

        :raises NoSuchToken: if it is missing, or another user's.
        """


class IBackupOperations(Interface):
    """Backups of the server."""

    def create_backup(
        query: backups.CreateBackup,
    ) -> AsyncIterator[tuple[backups.BackupPiece, ...]]:
        """Return a backup in pieces, of which the first tells the sizes.

        :raises BadRequest: if another backup is being made.
        :raises NoSpace: if the disk is too full, before the first byte.
        :raises StoreError: if a database cannot be read.
        """


class IProgramOperations(Interface):
    """The programs of apps."""

    def read_log(
        query: programs.ReadLog, request: Asking
    ) -> AsyncIterator[tuple[programs.LogLine, ...]]:
        """Return lines of a log; with ``follow`` without an end.

        :raises BadRequest: if a time, level or number cannot be read, or the app has no program.
        """

    async def stop_app(query: programs.ControlProgram, request: Asking) -> programs.ProgramState:
        """Stop the program until it is started; requests are refused meanwhile."""

    async def start_app(query: programs.ControlProgram, request: Asking) -> programs.ProgramState:
        """Start the program, and see that it answers.

        :raises AppBroken: if it does not; the text has the last lines of its log.
        """

    async def restart_app(query: programs.ControlProgram, request: Asking) -> programs.ProgramState:
        """Start the program anew.

        :raises AppBroken: if it does not answer; the one before goes on then where two may run.
        """

    def run_command(
        query: programs.RunCommand, request: Asking
    ) -> AsyncIterator[tuple[programs.CommandPiece, ...]]:
        """Return what a command writes, and how it ended; it is killed if nobody listens.

        :raises AppBroken: if it cannot be started.
        """


class IServerOperations(Interface):
    """The server that answers."""

    async def server_status(query: Nothing) -> server.ServerStatus:
        """Return the name and version of the server that answers."""

    async def stop_server(query: server.StopServer) -> server.Stopping:
        """Let the server finish what it is answering and end."""
