"""Changes of accounts and profiles."""

from apps.accounts.services.accounts import (
    change_account,
    choose_language,
    create_account,
    create_main_administrator,
    disable_account,
    enable_account,
    set_password,
    set_profiles,
)
from apps.accounts.services.errors import (
    BuiltInProfile,
    CannotChangeOwnRights,
    ExceedsOwnRights,
    LastMainAdministrator,
    LoginTaken,
    MainAdministratorExists,
    NotAllowedOnAccount,
    ProfileInUse,
    WrongKindOfProfile,
)
from apps.accounts.services.profiles import (
    change_profile,
    create_profile,
    delete_profile,
)
from apps.accounts.services.rights import (
    may_touch,
    refuse_deciding,
)

__all__ = [
    "BuiltInProfile",
    "CannotChangeOwnRights",
    "ExceedsOwnRights",
    "LastMainAdministrator",
    "LoginTaken",
    "MainAdministratorExists",
    "NotAllowedOnAccount",
    "ProfileInUse",
    "WrongKindOfProfile",
    "change_account",
    "change_profile",
    "choose_language",
    "create_account",
    "create_main_administrator",
    "create_profile",
    "delete_profile",
    "disable_account",
    "enable_account",
    "may_touch",
    "refuse_deciding",
    "set_password",
    "set_profiles",
]
