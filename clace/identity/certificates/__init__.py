"""Sign-in with client certificates: authorities, and who comes with a certificate of theirs."""

from clace.identity.certificates.authenticator import (
    CertificateSignIn,
    certificate_kinds,
    is_certificate_setting,
)
from clace.identity.certificates.authorities import Authorities

__all__ = ["Authorities", "CertificateSignIn", "certificate_kinds", "is_certificate_setting"]
