"""Sign-in with client certificates: authorities, and who comes with a certificate of theirs."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.certificates.authenticator import (
        CertificateSignIn as CertificateSignIn,
        certificate_kinds as certificate_kinds,
        is_certificate_setting as is_certificate_setting,
    )
    from clace.identity.certificates.authorities import Authorities as Authorities
    from clace.identity.certificates.trail import CertificateTrail as CertificateTrail
else:
    __getattr__ = face(
        __name__,
        authenticator=("CertificateSignIn", "certificate_kinds", "is_certificate_setting"),
        authorities=("Authorities",),
        trail=("CertificateTrail",),
    )
