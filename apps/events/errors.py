"""What can keep a batch from being stored as a whole."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class NoPartition(DomainError):
    """No partition holds the time of a row: upkeep has not run. Nothing was stored."""

    code = "no_partition"
    status = 503
    message = _("The tables of that day are not ready. The batch is to be sent again later.")
    retry_after = 60  # seconds


class UnreadableBatch(DomainError):
    """The body is no batch at all."""

    code = "unreadable_batch"
    status = 400
    message = _("The body is not a batch in JSON.")


class InvalidBatch(DomainError):
    """The body is JSON, but its envelope is not one of this protocol."""

    code = "invalid_batch"
    status = 422
    message = _("The envelope of the batch does not fit the protocol.")


class TooManyRecords(DomainError):
    """The batch holds more records than one may."""

    code = "too_many_records"
    status = 413
    message = _("The batch holds too many records. Send it in parts.")
