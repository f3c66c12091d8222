"""Words of the enumerations of data-model.md 2.1-2.6, 3, 4 and 5: path -> words, by table."""

PROTOCOL = "console rdp ica pcoip blast ssh other"
BROKER = (
    "citrix_cvad citrix_daas azure_virtual_desktops windows_365 horizon_on_prem aws_workspace "
    "aws_appstream other"
)
CHANGE = {"protocol": PROTOCOL, "reason": "user system idle network unknown"}
CONNECTION = {"protocol": "tcp udp", "destination.type": "intranet internet local unknown"}
NAME_LEVEL = "clear hashed none"

WORDS: dict[str, dict[str, str]] = {
    "device.devices": {
        "kind": "managed foreign browser_only",
        "inventory_state": "complete incomplete",
        "membership_type": "domain workgroup cloud none",
        # "none" is a device without a collector: it has no row to hold a word.
        "collector.state": "active unenrolled conflicted revoked erased",
        "collector.update_group": "pilot main unsupported",
        "hardware.type": "desktop laptop virtual server",
        "operating_system.platform": "windows macos linux",
        "operating_system.architecture": "x86 x64 arm64",
        "location.type": "onsite remote unknown",
        "connectivity.last_connectivity_type": "wifi ethernet cellular bluetooth other",
        "connectivity.last_vpn_status": "connected disconnected unknown",
        "virtualization.type": "shared personal pooled",
        "virtualization.desktop_broker": BROKER,
        "user_account_control_status": "ok at_risk not_applicable unknown",
    },
    "device.antiviruses": {
        "is_up_to_date": "yes no not_reported",
        "real_time_protection": "enabled disabled not_reported",
    },
    "device.disks": {
        "type": "hdd ssd nvme removable unknown",
        "health": "ok warning failing unknown",
    },
    "device.firewalls": {"real_time_protection": "enabled disabled partially_enabled not_reported"},
    "device.local_admins": {"type": "user group"},
    "device.network_adapters": {"type": "wifi ethernet cellular bluetooth other"},
    "user.users": {
        "name_privacy_level": NAME_LEVEL,
        "upn_privacy_level": NAME_LEVEL,
        "type": "local_user local_admin domain_user system",
        "rights": "standard power_user administrator unknown",
    },
    "session.sessions": {"state": "active locked disconnected closed", "protocol": PROTOCOL},
    "binary.binaries": {"platform": "windows macos linux", "architecture": "x86 x64 arm64 other"},
    "package.packages": {
        "platform": "windows macos linux",
        "architecture": "x86 x64 arm64 other",
        "type": "program update",
        "source": "msi registry appx windows_update app_bundle dpkg rpm flatpak snap other",
    },
    "device_performance.boots": {"type": "full_boot fast_startup hibernate_resume"},
    "connectivity.events": {
        "primary_physical_adapter.type": "wifi ethernet cellular bluetooth other",
        "vpn.status": "connected disconnected unknown",
    },
    "collector.events": {
        "type": (
            "started updated configuration_applied configuration_refused probe_slowed "
            "probe_disabled probe_restored probe_failed spool_reset health records_dropped "
            "records_refused batch_quarantined clock_skew identity_changed paused extension_error"
        )
    },
    "device.changes": {
        "property": (
            "operating_system driver hardware firmware security network location entity name "
            "configuration collector"
        )
    },
    "session.events": {"session_protocol": PROTOCOL},
    "session.logins": {"logon_type": "interactive remote unlock cached service"},
    "session.logouts": CHANGE,
    "session.locks": CHANGE,
    "session.unlocks": CHANGE,
    "session.connects": CHANGE,
    "session.disconnects": CHANGE,
    "session.vdi_sessions": {"protocol": PROTOCOL, "broker": BROKER},
    "execution.events": {"highest_process_visibility": "foreground background system"},
    "execution.crashes": {
        "process_visibility": "foreground background",
        "binary_path_root": "program_files system user_profile temp opt usr gone other",
        "kind": "crash hang_terminated",
    },
    "connection.events": CONNECTION,
}
