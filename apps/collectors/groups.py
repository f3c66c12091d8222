"""Groups that every system has built in: `user_groups: listed` keeps them without a list.

Source: base-passwd of Debian, setup of Fedora; Windows' well-known SIDs; macOS' dslocal groups.
"""

BUILT_IN = frozenset(
    {
        # Linux
        "adm", "audio", "cdrom", "dialout", "disk", "docker", "kvm", "libvirt", "lpadmin",
        "netdev", "plugdev", "root", "sudo", "systemd-journal", "users", "video", "wheel",
        # Windows
        "Administrators", "Backup Operators", "Event Log Readers", "Guests",
        "Hyper-V Administrators", "Network Configuration Operators", "Performance Log Users",
        "Performance Monitor Users", "Power Users", "Print Operators", "Remote Desktop Users",
        "Remote Management Users", "Users",
        # macOS
        "admin", "staff", "everyone",
    }
)  # fmt: skip
