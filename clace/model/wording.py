"""Permissions as operators read them."""

from __future__ import annotations

from clace.model.app import ArgumentConstraint, Permission

_ACCESS = {True: "READ", False: "WRITE", None: ""}


def permission_text(permission: Permission) -> str:
    """One permission on a line: ``fs.in.list [/srv] READ secrets=a,b``."""
    words = [
        f"{permission.plugin}.{permission.method}",
        f"[{' '.join(permission.arguments)}]",
        _ACCESS[permission.is_read],
    ]
    if permission.secrets:
        secrets = ";".join(",".join(names) for names in permission.secrets)
        words.append(f"secrets={secrets}")
    if permission.permit:
        words.append(f"permit={','.join(permission.permit)}")
    if permission.kwargs:
        words.append(f"kwargs={';'.join(map(_constraint, permission.kwargs))}")
    return " ".join(word for word in words if word)


def _constraint(constraint: ArgumentConstraint) -> str:
    name = f"{constraint.name}[{constraint.key}]" if constraint.key else constraint.name
    return f"{name}:{constraint.value}"
