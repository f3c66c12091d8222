"""Groups that every system has built in: `user_groups: listed` keeps them without a list.

Source: base-passwd of Debian, setup of Fedora; Windows' well-known SIDs; macOS' dslocal groups.
"""

BUILT_IN = frozenset(
    {
        # Linux
        "adm", "audio", "bluetooth", "cdrom", "dialout", "dip", "disk", "docker", "floppy",
        "input", "kvm", "libvirt", "lp", "lpadmin", "lxd", "netdev", "plugdev", "render", "root",
        "sambashare", "scanner", "sudo", "systemd-journal", "tape", "users", "video", "wheel",
        # Windows
        "Access Control Assistance Operators", "Administrators", "Backup Operators",
        "Cryptographic Operators", "Device Owners", "Distributed COM Users", "Event Log Readers",
        "Guests", "Hyper-V Administrators", "IIS_IUSRS", "Network Configuration Operators",
        "Performance Log Users", "Performance Monitor Users", "Power Users", "Print Operators",
        "Remote Desktop Users", "Remote Management Users", "Replicator",
        "System Managed Accounts Group", "Users",
        # macOS
        "_developer", "_lpadmin", "_lpoperator", "admin", "everyone", "staff",
    }
)  # fmt: skip
