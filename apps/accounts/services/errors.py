"""What services of accounts refuse."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError


class MainAdministratorExists(DomainError):
    """Exactly one per instance; the role is passed on, not copied."""

    code = "main_administrator_exists"
    message = _("There is a main administrator already.")
    status = 409


class LoginTaken(DomainError):
    """Logins differ by more than their case."""

    code = "login_taken"
    message = _("An account with this login exists.")


class NotAllowedOnAccount(DomainError):
    """Only the main administrator touches administrators. Source: access.md 2.1."""

    code = "permission_refused"
    message = _("Only the main administrator may do this.")
    status = 403


class CannotChangeOwnRights(DomainError):
    """Nobody raises or lowers their own rights. Source: access.md 6."""

    code = "cannot_change_own_rights"
    message = _("You cannot change your own profiles, kind or state.")
    status = 403


class ExceedsOwnRights(DomainError):
    """Who may administrate accounts gives no more than they have themselves."""

    code = "exceeds_own_rights"
    message = _("You cannot give, or decide about, more rights than you have yourself.")
    status = 403


class LastMainAdministrator(DomainError):
    """Without the main administrator nobody could make administrators any more."""

    code = "last_main_administrator"
    message = _("The main administrator cannot be disabled. Pass the role on first.")


class WrongKindOfProfile(DomainError):
    """A main profile stands alone, an additional one never does."""

    code = "wrong_kind_of_profile"
    message = _("The main profile must be of the kind main, all others additional.")


class BuiltInProfile(DomainError):
    """dex relies on it, and administrators on all of its permissions."""

    code = "built_in_profile"
    message = _("This profile belongs to dex and cannot be changed.")


class ProfileInUse(DomainError):
    """Its accounts would be left without rights, unseen."""

    code = "profile_in_use"
    message = _("Accounts hold this profile. Give them another one first.")
