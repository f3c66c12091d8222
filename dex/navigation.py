"""The sidebar: every page of the console, grouped by what people look for."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Item:
    """One page. url: name below "admin:"; permission: "" where everybody may."""

    title: str | Promise
    icon: str  # of Material Symbols, as Unfold ships them
    url: str
    permission: str = ""


GROUPS: tuple[tuple[str | Promise, tuple[Item, ...]], ...] = (
    ("", (Item(_("Overview"), "dashboard", "index"),)),
    (
        _("Devices"),
        (
            Item(_("Devices"), "computer", "devices_device_changelist", "devices.view_device"),
            Item(_("Boots"), "power_settings_new", "devices_boot_changelist", "devices.view_boot"),
            Item(
                _("System crashes"),
                "error",
                "devices_systemcrash_changelist",
                "devices.view_systemcrash",
            ),
            Item(
                _("Hard resets"),
                "restart_alt",
                "devices_hardreset_changelist",
                "devices.view_hardreset",
            ),
            Item(_("Sleeps"), "bedtime", "devices_sleep_changelist", "devices.view_sleep"),
            Item(
                _("Changes"),
                "difference",
                "devices_devicechange_changelist",
                "devices.view_devicechange",
            ),
            Item(
                _("Performance"),
                "speed",
                "devices_performancesample_changelist",
                "devices.view_performancesample",
            ),
            Item(
                _("Performance by day"),
                "calendar_month",
                "devices_performancedaily_changelist",
                "devices.view_performancedaily",
            ),
            Item(
                _("Networks"),
                "network_check",
                "devices_connectivitysample_changelist",
                "devices.view_connectivitysample",
            ),
            Item(
                _("Networks by day"),
                "calendar_month",
                "devices_connectivitydaily_changelist",
                "devices.view_connectivitydaily",
            ),
        ),
    ),
    (
        _("People"),
        (
            Item(_("Users"), "person", "users_user_changelist", "users.view_user"),
            Item(_("Sessions"), "schedule", "users_session_changelist", "users.view_session"),
            Item(_("Logins"), "login", "users_login_changelist", "users.view_login"),
            Item(
                _("Session changes"),
                "swap_horiz",
                "users_sessionchange_changelist",
                "users.view_sessionchange",
            ),
            Item(
                _("Session time"),
                "timelapse",
                "users_sessionsample_changelist",
                "users.view_sessionsample",
            ),
            Item(
                _("Session time by day"),
                "calendar_month",
                "users_sessiondaily_changelist",
                "users.view_sessiondaily",
            ),
            Item(
                _("Remote sessions"),
                "desktop_windows",
                "users_vdisession_changelist",
                "users.view_vdisession",
            ),
            Item(
                _("Remote session quality"),
                "network_check",
                "users_vdisample_changelist",
                "users.view_vdisample",
            ),
            Item(
                _("Remote sessions, live"),
                "bolt",
                "users_vdirealtime_changelist",
                "users.view_vdirealtime",
            ),
            Item(
                _("Remote session quality by day"),
                "calendar_month",
                "users_vdidaily_changelist",
                "users.view_vdidaily",
            ),
        ),
    ),
    (
        _("Programs"),
        (
            Item(_("Binaries"), "terminal", "binaries_binary_changelist", "binaries.view_binary"),
            Item(
                _("Executions"),
                "play_circle",
                "binaries_executionsample_changelist",
                "binaries.view_executionsample",
            ),
            Item(
                _("Executions by day"),
                "calendar_month",
                "binaries_executiondaily_changelist",
                "binaries.view_executiondaily",
            ),
            Item(
                _("Crashes"),
                "error",
                "binaries_executioncrash_changelist",
                "binaries.view_executioncrash",
            ),
            Item(
                _("Connections"),
                "lan",
                "binaries_connectionsample_changelist",
                "binaries.view_connectionsample",
            ),
            Item(
                _("Connections by day"),
                "calendar_month",
                "binaries_connectiondaily_changelist",
                "binaries.view_connectiondaily",
            ),
            Item(
                _("Packages"),
                "deployed_code",
                "binaries_package_changelist",
                "binaries.view_package",
            ),
            Item(
                _("Installations"),
                "download",
                "binaries_packageinstallation_changelist",
                "binaries.view_packageinstallation",
            ),
            Item(
                _("Uninstallations"),
                "delete_sweep",
                "binaries_packageuninstallation_changelist",
                "binaries.view_packageuninstallation",
            ),
        ),
    ),
    (
        _("Collection"),
        (
            Item(
                _("Enrolment keys"),
                "key",
                "collectors_enrolmentkey_changelist",
                "collectors.view_enrolmentkey",
            ),
            Item(
                _("Collectors"),
                "sensors",
                "collectors_collector_changelist",
                "collectors.view_collector",
            ),
            Item(
                _("Collector events"),
                "campaign",
                "collectors_collectorevent_changelist",
                "collectors.view_collectorevent",
            ),
            Item(
                _("Configurations"),
                "tune",
                "collectors_collectorconfiguration_changelist",
                "collectors.view_collectorconfiguration",
            ),
            Item(
                _("Approvals"),
                "gavel",
                "core_approval_changelist",
                "collectors.view_collectorconfiguration",
            ),
            Item(
                _("Deletions and conversions"),
                "delete_sweep",
                "collectors_collectionjob_changelist",
                "collectors.view_collectionjob",
            ),
            Item(
                _("Epochs of pseudonyms"),
                "fingerprint",
                "collectors_hashepoch_changelist",
                "collectors.view_hashepoch",
            ),
            Item(
                _("Effective for a device"),
                "rule",
                "collectors_configuration_effective",
                "collectors.view_collectorconfiguration",
            ),
            Item(
                _("Records not stored"),
                "block",
                "collectors_refusalcount_changelist",
                "collectors.view_refusalcount",
            ),
        ),
    ),
    (
        _("Organisation"),
        (
            Item(
                _("Entities"),
                "account_tree",
                "organization_entity_changelist",
                "organization.view_entity",
            ),
            Item(
                _("Classification rules"),
                "rule_settings",
                "organization_classificationrule_changelist",
                "organization.view_classificationrule",
            ),
            Item(
                _("Sites"),
                "location_on",
                "organization_site_changelist",
                "organization.view_site",
            ),
            Item(
                _("Custom fields"),
                "edit_note",
                "organization_customfield_changelist",
                "organization.view_customfield",
            ),
            Item(
                _("View domains"),
                "visibility",
                "organization_viewdomain_changelist",
                "organization.view_viewdomain",
            ),
        ),
    ),
    (
        _("Administration"),
        (
            Item(
                _("Accounts"),
                "manage_accounts",
                "accounts_account_changelist",
                "accounts.view_account",
            ),
            Item(_("Profiles"), "badge", "accounts_profile_changelist", "accounts.view_profile"),
            Item(
                _("Retention"),
                "auto_delete",
                "gdpr_retentionpolicy_changelist",
                "gdpr.view_retentionpolicy",
            ),
            Item(
                _("Data inventory"),
                "fact_check",
                "gdpr_data_inventory",
                "gdpr.view_data_inventory",
            ),
            Item(
                _("Audit log, newest"),
                "history",
                "audit_inboxevent_changelist",
                "audit.view_inboxevent",
            ),
            Item(
                _("Audit log, sealed"),
                "verified",
                "audit_auditevent_changelist",
                "audit.view_auditevent",
            ),
            Item(
                _("Periodic tasks"),
                "schedule",
                "django_celery_beat_periodictask_changelist",
                "django_celery_beat.view_periodictask",
            ),
            Item(_("Upkeep"), "build", "events_upkeeprun_changelist", "events.view_upkeeprun"),
            Item(_("Storage"), "database", "events_storage", "events.view_upkeeprun"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups with the pages that the caller may open. Cost: none.

    Groups fold: open is that of the page under way, on the start page the first one.
    """
    groups = [(title, _allowed(items, request)) for title, items in GROUPS]
    links = [link for _title, items in groups for _item, link in items]
    home = reverse("admin:index")
    here = max((link for link in links if _is_at(request.path, link)), key=len, default="")
    return [
        {
            "title": title,
            "collapsible": bool(title),
            "is_open": any(link == here for _item, link in items)
            or (here == home and title == GROUPS[1][0]),
            "items": [
                {"title": item.title, "icon": item.icon, "link": link, "active": link == here}
                for item, link in items
            ],
        }
        for title, items in groups
        if items
    ]


def style(_request: HttpRequest) -> str:
    """Return the address of our style sheet."""
    return static("dex/console.css")


def script(_request: HttpRequest) -> str:
    """Return the address of our script."""
    return static("dex/console.js")


def _allowed(items: tuple[Item, ...], request: HttpRequest) -> list[tuple[Item, str]]:
    permissions = request.scope.permissions  # type: ignore[attr-defined]
    return [
        (item, reverse(f"admin:{item.url}"))
        for item in items
        if not item.permission or item.permission in permissions
    ]


def _is_at(path: str, link: str) -> bool:
    return path == link if link == reverse("admin:index") else path.startswith(link)
