"""What services raise: a code for programs, a sentence for people."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A request that a rule of the domain refuses; doors turn it into an answer.

    Derive one class per rule beside the service that raises it and set `code`, `message` and
    `status` there; or give them once: `DomainError("unknown_entity", _("..."), status=404)`.
    """

    code: str = "refused"
    message: str | Promise = _("The request was refused.")
    status: int = 400  # HTTP

    def __init__(
        self,
        code: str | None = None,
        message: str | Promise | None = None,
        *,
        status: int | None = None,
        pointer: str | None = None,
    ) -> None:
        """Keep what differs from the class.

        pointer: JSON pointer (RFC 6901) of the wrong member, where one member is to blame.
        """
        self.code = code or self.code
        self.message = message or self.message
        self.status = status or self.status
        self.pointer = pointer
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.message)
