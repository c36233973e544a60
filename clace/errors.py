"""The one family of refusals. A ``code`` is stable: clients and scripts may depend on it."""

from __future__ import annotations

from typing import ClassVar


class ClaceError(Exception):
    """A refusal whose text may be shown to whoever asked."""

    code: ClassVar[str] = "refused"
    # The limit of an app that was reached, if it was one.
    limit: str = ""
    # File, line and column of the app's source, and the route, if the app failed there.
    place: str = ""
    route: str = ""
    # Seconds after which asking again may help; 0 if it does not.
    retry_after: float = 0

    @property
    def message(self) -> str:
        return str(self.args[0]) if self.args else self.code


class ConfigError(ClaceError):
    """A configuration that cannot be used; the text names file, key and what was expected."""

    code = "bad_config"


class ListenError(ClaceError):
    """A listener that cannot be opened as configured."""

    code = "cannot_listen"


class BadRequest(ClaceError):
    """Input that is not what the operation takes."""

    code = "bad_request"


class InvalidPath(BadRequest):
    """An invalid app path, or one that no app may have."""

    code = "invalid_path"


class InvalidGlob(BadRequest):
    """An invalid app glob."""

    code = "invalid_glob"


class NotAuthenticated(ClaceError):
    """No credentials, or wrong ones; which of the two is not told.

    ``scheme`` is that of credentials in the head of a request that could help.
    """

    code = "not_authenticated"

    def __init__(self, message: str, scheme: str = "Basic") -> None:
        super().__init__(message)
        self.scheme = scheme


class SignInNeeded(NotAuthenticated):
    """A browser without a session: it can be sent to a page to sign in."""

    code = "sign_in_needed"

    def __init__(self, message: str, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


class SignInRefused(NotAuthenticated):
    """An answer of a provider, or a second factor, that proves nothing.

    ``reason`` says which check failed: for the audit log, never for the visitor.
    """

    code = "sign_in_refused"

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message, scheme="")
        self.reason = reason


class LinkUsed(SignInRefused):
    """A link, or a page of a sign-in, that was used already, or whose time is over."""

    code = "link_used"


class ProviderUnavailable(ClaceError):
    """A provider of sign-ins that does not answer, or answers nonsense."""

    code = "provider_unavailable"


class Misdirected(ClaceError):
    """A request on a connection that was opened for another name."""

    code = "misdirected"


class LockedOut(ClaceError):
    """Too many failures from this address for this user."""

    code = "locked_out"

    def __init__(self, message: str, retry_after: float = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyCalls(LockedOut):
    """More calls of a webhook from this address than are taken in a minute."""

    code = "too_many_calls"


class NotAllowed(ClaceError):
    """A known caller asks for what it may not have."""

    code = "not_allowed"


class NoAccess(NotAllowed):
    """A visitor who is known, or is nobody, may not open the app.

    One with a session can sign out of it, and come back as another.
    """

    code = "no_access"

    def __init__(self, message: str, *, has_session: bool = False) -> None:
        super().__init__(message)
        self.has_session = has_session


class PluginRefused(NotAllowed):
    """An app calls or loads what was not approved for it."""

    code = "plugin_refused"


class NoSuchRoute(ClaceError):
    """Nothing is served at this path."""

    code = "no_such_route"


class MethodNotAllowed(ClaceError):
    """The path is served, but not by this method."""

    code = "method_not_allowed"


class NoSuchApp(ClaceError):
    """No app is installed at this path."""

    code = "no_such_app"


class NoSuchLockout(ClaceError):
    """No failed sign-in is held against this address or user."""

    code = "no_such_lockout"


class NoSuchSession(ClaceError):
    """No session has this name, or is of this user."""

    code = "no_such_session"


class NoSuchToken(ClaceError):
    """No API token has this id, or none that the user may handle."""

    code = "no_such_token"


class NoSuchSync(ClaceError):
    """No sync has this id."""

    code = "no_such_sync"


class NoSuchWebhook(ClaceError):
    """The app has no webhook of this type."""

    code = "no_such_webhook"


class SyncRunning(ClaceError):
    """The sync runs already, here or in another process."""

    code = "sync_running"


class ServerStopping(ClaceError):
    """The server stops; what was asked for is done after its start, or may be asked for then."""

    code = "server_stopping"


class NoSuchVersion(ClaceError):
    """The app has no such version."""

    code = "no_such_version"


class NoSuchFile(ClaceError):
    """The version of the app has no such file."""

    code = "no_such_file"


class AppExists(ClaceError):
    """The path, or one above or below it, belongs to another app."""

    code = "app_exists"


class ChangedMeanwhile(ClaceError):
    """Somebody else changed the same app since it was read; asking again is safe."""

    code = "changed_meanwhile"


class NeedsApproval(ClaceError):
    """The source asks for more than was approved."""

    code = "needs_approval"


class SourceError(ClaceError):
    """A source that cannot be fetched or read; nothing was changed."""

    code = "bad_source"


class AppBroken(ClaceError):
    """The app does not load; the text is the app's own error with its place."""

    code = "app_broken"


class AppNotApproved(AppBroken):
    """The app loads a plugin that was not approved for it."""

    code = "app_not_approved"


class WallMissing(AppBroken):
    """A wall that the app's process has to have does not stand here."""

    code = "wall_missing"


class ProgramFailed(AppBroken):
    """The app's program does not start, or has ended; the text has the last lines of its log."""

    code = "program_failed"


class AppFailed(ClaceError):
    """The app's handler or template failed on this request."""

    code = "app_failed"


class AppCrashed(AppFailed):
    """The app's process died: out of memory, or by a fault of the interpreter."""

    code = "app_crashed"


class CallNotApproved(AppFailed):
    """The app failed because it called a plugin in a way that was not approved for it."""

    code = "call_not_approved"


class AppTimedOut(ClaceError):
    """The app did not answer within its time."""

    code = "app_timed_out"


class AppBusy(ClaceError):
    """The app has as many requests waiting as it may have."""

    code = "app_busy"

    def __init__(self, message: str, retry_after: float = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class AppStarting(AppBusy):
    """The app's program is being started, and the visitor need not wait for it."""

    code = "app_starting"


class AppStopped(AppBusy):
    """An operator has stopped the app's program."""

    code = "app_stopped"


class UpstreamFailed(ClaceError):
    """The server that an app passes its requests on to is not reached, or answers nonsense.

    ``lines`` are the last of its log, if it is the app's own program.
    """

    code = "upstream_failed"
    lines: tuple[str, ...] = ()


class UpstreamTimedOut(UpstreamFailed):
    """The server that an app passes its requests on to does not answer within its time."""

    code = "upstream_timed_out"


class SecretFailed(ClaceError):
    """A secret that cannot be had or kept; names provider and key, never the value."""

    code = "secret_failed"


class NoSuchSecret(SecretFailed):
    """The provider has no secret of this name."""

    code = "no_such_secret"


class SecretExists(SecretFailed):
    """A secret of this name is stored already."""

    code = "secret_exists"


class NoSuchUser(ClaceError):
    """No user of this name is known."""

    code = "no_such_user"


class UserExists(ClaceError):
    """A user of this name exists already."""

    code = "user_exists"


class TooLarge(ClaceError):
    """A body or an answer over its limit."""

    code = "too_large"


class StoreError(ClaceError):
    """The metadata database failed; the text says at what."""

    code = "store_failed"


class NoSpace(ClaceError):
    """A disk is too full for what is to be written; nothing was written."""

    code = "no_space"


class BackupDamaged(ClaceError):
    """A file in place of a backup, or a part of one; the text says at what."""

    code = "backup_damaged"


class BackupLocked(ClaceError):
    """A backup whose secrets do not open with the key given."""

    code = "backup_locked"


class InternalError(ClaceError):
    """A fault of the daemon; the log has it under the incident number in the text."""

    code = "internal"

    @classmethod
    def under(cls, incident: str) -> InternalError:
        """The error that clients get for a fault that the log has under this number."""
        return cls(f"internal error, incident {incident}")


class ServerUnreachable(ClaceError):
    """The client cannot talk to the server; the text says which step failed."""

    code = "unreachable"


def _family(root: type[ClaceError]) -> dict[str, type[ClaceError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _family(child)
    return found


BY_CODE = _family(ClaceError)
