"""Why a collector is turned away. The code is the protocol, the sentence is for its log."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class EnrolmentRefused(DomainError):
    """The enrolment key does not let this device in."""

    status = 403


class KeyUnknown(EnrolmentRefused):
    """No such key."""

    code = "enrolment_key_unknown"
    message = _("This enrolment key does not exist. Check the key that the installation was given.")


class KeyExpired(EnrolmentRefused):
    """The key was valid until a day that has passed."""

    code = "enrolment_key_expired"
    message = _("This enrolment key has expired. Ask an administrator for a new one.")


class KeyExhausted(EnrolmentRefused):
    """As many devices enrolled as may."""

    code = "enrolment_key_exhausted"
    message = _(
        "This enrolment key has been used as often as it may. Ask an administrator for a new one."
    )


class KeyRevoked(EnrolmentRefused):
    """An administrator revoked the key."""

    code = "enrolment_key_revoked"
    message = _("This enrolment key was revoked. Ask an administrator for a new one.")


class KeyInactive(EnrolmentRefused):
    """Nobody has confirmed yet what is collected."""

    code = "enrolment_key_inactive"
    message = _(
        "This enrolment key is not active yet: an administrator has to confirm what is collected."
    )


class WrongPlatform(EnrolmentRefused):
    """The key is for other systems."""

    code = "wrong_platform"
    message = _("This enrolment key is not for devices of this platform.")


class KeyPairUsed(EnrolmentRefused):
    """The key pair has enrolled before and its collector has reported, or is gone."""

    code = "key_pair_used"
    message = _("This key pair has enrolled before. Renew the token, or enrol with a new key pair.")


class SignatureInvalid(EnrolmentRefused):
    """The request is not signed by the key that it names."""

    code = "signature_invalid"
    message = _("The signature does not fit the public key and the body.")


class InvalidRequest(DomainError):
    """The body is not of the form that the protocol names."""

    code = "invalid"
    status = 422
    message = _("The body does not fit the protocol.")


class NotAuthenticated(DomainError):
    """The caller did not prove which collector it is."""

    code = "token_invalid"
    status = 401
    message = _("The token is not valid. Renew it with the device key.")


class CollectorUnknown(NotAuthenticated):
    """No collector has this id."""

    code = "collector_unknown"
    message = _("This collector is not known here.")


class CollectorRevoked(NotAuthenticated):
    """An administrator revoked the collector."""

    code = "collector_revoked"
    message = _("This collector was revoked. It needs a new enrolment key.")


class DeviceExpired(NotAuthenticated):
    """The device was silent for longer than its data are kept."""

    code = "device_expired"
    message = _("This device has expired. Enrol it again with its device key.")


class NonceInvalid(NotAuthenticated):
    """The nonce is not ours, too old, or was used."""

    code = "nonce_invalid"
    message = _("The nonce is not valid any more. Ask for a new one.")


class RenewalUnsigned(NotAuthenticated):
    """The renewal is not signed by the device key."""

    code = "signature_invalid"
    message = _("The signature does not fit the device key and the body.")


class DeviceErased(DomainError):
    """The device was erased: its collector has nothing to do any more."""

    code = "device_erased"
    status = 410
    message = _("This device was erased. The collector stops and empties its spool.")


class IdentityConflict(DomainError):
    """The hardware is not the one that enrolled: a copied identity."""

    code = "identity_conflict"
    status = 409
    message = _("This identity belongs to other hardware. Enrol anew with a new key pair.")


class DiskNearlyFull(DomainError):
    """The server keeps its last free space for retention and repair."""

    code = "disk_full"
    status = 503
    message = _("The server's disk is nearly full. The data are to be sent again later.")
    retry_after = 600  # seconds


class ChangedTooOften(DomainError):
    """Configurations changed again and again while the batch was prepared."""

    code = "busy"
    status = 503
    message = _("The configuration is being changed. The data are to be sent again later.")
    retry_after = 30  # seconds


class WrongContentType(DomainError):
    """The body says that it is something else than JSON."""

    code = "wrong_content_type"
    status = 415
    message = _("Content-Type must be application/json.")


class TooManyRequests(DomainError):
    """One key or collector asks more often than the limits allow."""

    code = "throttled"
    status = 429
    message = _("Too many requests. Wait as long as Retry-After says.")

    def __init__(self, *, retry_after: int) -> None:
        """Keep the seconds to wait."""
        super().__init__()
        self.retry_after = retry_after
