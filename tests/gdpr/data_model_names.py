"""Names of data-model.md 2.1-2.6, 3, 4 and 5: table -> type -> paths; "g" and "c" mark metrics."""

TABLES: dict[str, dict[str, str]] = {
    "device.devices": {
        "string": (
            "name sid distinguished_name group_name entity organization.entity "
            "configuration_tag collector.tag_string "
            "hardware.manufacturer hardware.model hardware.product_line "
            "hardware.product_version hardware.bios_serial_number "
            "hardware.chassis_serial_number hardware.machine_serial_number "
            "operating_system.name login.last_login_user_name public_ip.isp public_ip.country "
            "public_ip.state public_ip.city location.country location.state location.city "
            "location.site virtualization.desktop_pool virtualization.disk_image "
            "virtualization.environment_name virtualization.hostname "
            "virtualization.hypervisor_name virtualization.instance_size "
            "virtualization.region"
        ),
        "uuid": "uid collector.uid",
        "enum": (
            "kind inventory_state membership_type collector.state collector.update_group "
            "hardware.type "
            "operating_system.platform operating_system.architecture location.type "
            "connectivity.last_connectivity_type connectivity.last_vpn_status "
            "virtualization.type virtualization.desktop_broker user_account_control_status"
        ),
        "bool": (
            "is_simulated is_one_user hardware.secure_boot_enabled "
            "operating_system.is_restart_pending"
        ),
        "datetime": (
            "expires first_seen last_seen collector.target_update_date collector.last_contact "
            "operating_system.installation_time operating_system.last_update "
            "boot.last_full_boot_time login.last_login_time virtualization.last_update"
        ),
        "int": (
            "days_since_last_seen collector.tag_id collector.configuration_version "
            "collector.dropped_records collector.refused_records battery.cycle_count "
            "operating_system.days_since_last_update boot.days_since_last_full_boot"
        ),
        "version": (
            "collector.version collector.target_version hardware.tpm_version "
            "hardware.firmware_version operating_system.version operating_system.build"
        ),
        "ip": "collector.local_ip public_ip.ip_address",
        "string array": "collector.capabilities collector.local_restrictions",
        "duration": "collector.clock_offset boot.last_full_boot_duration",
        "bytes": "hardware.memory",
        "percent": "battery.health",
    },
    "user.users": {
        "string": (
            "name username sid upn ad.username ad.full_name ad.email_address "
            "ad.distinguished_name ad.department ad.job_title ad.office ad.city "
            "ad.country_code ad.organizational_unit"
        ),
        "enum": "name_privacy_level upn_privacy_level type rights",
        "int": "hash_epoch days_since_last_seen",
        "uuid": "uid",
        "string array": "groups",
        "datetime": "first_seen last_seen ad.last_update",
    },
    "session.sessions": {
        "string": "session_id client_name",
        "datetime": "start_time end_time",
        "enum": "state protocol",
        "bool": "is_remote",
        "ip": "client_ip",
    },
    "binary.binaries": {
        "string": (
            "name md5_hash sha1_hash sha256_hash company description product_name "
            "product_category product_subcategory"
        ),
        "uuid": "uid",
        "version": "version",
        "enum": "platform architecture",
        "bytes": "size",
        "bool": "has_user_interface",
        "datetime": "first_seen last_seen",
    },
    "device_performance.events": {
        "datetime": "start_time",
        "percent g": (
            "cpu_usage normalized_cpu_usage cpu.dpc_usage cpu.pressure memory.pressure "
            "disk.pressure memory_pressure gpu.usage battery.level"
        ),
        "float g": (
            "cpu_queue_length memory_swap_rate disk.queue_length disk.read_operations "
            "disk.write_operations disk.read_throughput disk.write_throughput"
        ),
        "duration c": (
            "cpu.duration_with_high_usage duration_with_high_memory_pressure "
            "duration_with_medium_memory_pressure battery.duration_on_battery"
        ),
        "ratio g": "cpu.frequency_ratio",
        "int": "number_of_logical_processors",
        "bytes g": (
            "used_memory free_memory system_drive_free_space system_drive_usage "
            "system_drive_capacity non_system_drive_free_space non_system_drive_usage "
            "non_system_drive_capacity gpu.used_memory"
        ),
        "bytes": "installed_memory",
        "duration g": "disk.read_latency disk.write_latency uptime",
    },
    "connectivity.events": {
        "datetime": "start_time",
        "enum": "primary_physical_adapter.type vpn.status",
        "string": "primary_physical_adapter.name wifi.band wifi.ssid wifi.bssid vpn.name",
        "version": "primary_physical_adapter.driver_version",
        "signal g": "wifi.signal_strength wifi.noise_level",
        "bit rate g": "wifi.receive_rate wifi.transmission_rate",
        "int": "wifi.channel",
        "ip": "local_ip gateway_ip",
        "ip array": "dns_ips",
        "duration c": "connected_duration disconnected_duration",
        "duration g": "gateway_latency dns_latency",
    },
    "session.events": {
        "datetime": "start_time",
        "string": "session_id",
        "duration c": (
            "user_interaction_time session_duration active_duration locked_duration "
            "disconnected_duration"
        ),
        "int c": "number_of_sessions number_of_reconnections",
        "enum": "session_protocol",
        "duration g": "round_trip_time network_latency",
        "ratio g": "packet_loss",
    },
    "session.logins": {
        "datetime": "time",
        "string": "session_id",
        "int": "number_of_logins",
        "enum": "logon_type",
        "duration": (
            "time_until_desktop_is_visible time_until_desktop_is_ready logon_script_duration "
            "group_policy_duration profile_load_duration"
        ),
        "bool": "is_first_login",
    },
    "execution.events": {
        "datetime": "start_time",
        "duration c": (
            "execution_duration cpu_time cpu.duration_with_high_usage focus_time freeze_duration"
        ),
        "int c": (
            "number_of_executions number_of_page_faults number_of_freezes "
            "number_of_established_connections number_of_rejected_connections "
            "number_of_no_host_connections number_of_no_service_connections"
        ),
        "bytes g": "memory real_memory",
        "bytes c": "disk_read disk_written incoming_traffic outgoing_traffic",
        "bit rate g": "incoming_throughput outgoing_throughput",
        "duration g": "connection_establishment_time",
        "enum": "highest_process_visibility",
    },
    "connection.events": {
        "datetime": "start_time",
        "enum": "protocol destination.type",
        "ip": "destination.ip",
        "int": "destination.port",
        "string": "destination.domain destination.country",
        "int c": (
            "number_of_connections number_of_established_connections "
            "number_of_failed_connections number_of_rejected_connections "
            "number_of_no_host_connections number_of_no_service_connections"
        ),
        "ratio": "failed_connection_ratio",
        "duration g": "connection_establishment_time round_trip_time",
        "bytes c": "incoming_traffic outgoing_traffic",
    },
    "device.antiviruses": {
        "string": "name",
        "version": "version",
        "enum": "is_up_to_date real_time_protection",
    },
    "device.batteries": {
        "string": "name manufacturer",
        "float": "design_capacity full_capacity",
        "int": "cycle_count",
    },
    "device.cpus": {
        "string": "name",
        "frequency": "frequency",
        "int": "number_of_cores number_of_logical_processors",
    },
    "device.disks": {
        "string": "name manufacturer model serial_number",
        "enum": "type health",
        "bytes": "size",
    },
    "device.firewalls": {
        "string": "name",
        "enum": "real_time_protection",
    },
    "device.gpus": {
        "string": "name",
        "bytes": "memory",
        "version": "driver_version",
    },
    "device.local_admins": {
        "string": "name",
        "enum": "type",
    },
    "device.memory_modules": {
        "string": "slot type",
        "bytes": "size",
        "frequency": "speed",
    },
    "device.monitors": {
        "string": "name manufacturer resolution serial_number",
        "float": "diagonal",
    },
    "device.network_adapters": {
        "string": "name",
        "enum": "type",
        "bit rate": "speed",
        "bool": "is_up is_virtual",
        "ip": "address",
    },
    "device.volumes": {
        "string": "name mount_point file_system",
        "bytes": "size free_space",
        "bool": "is_system is_encrypted",
    },
    "package.packages": {
        "string": "name publisher parent_name",
        "version": "version",
        "enum": "platform architecture type source",
        "uuid": "uid",
        "datetime": "first_seen last_seen",
    },
    "package.installed_packages": {
        "datetime": "installation_time first_seen",
    },
    "device_performance.boots": {
        "datetime": "time",
        "enum": "type",
        "duration": "duration",
        "int": "number_of_boots",
        "bool": "is_update_boot",
    },
    "device_performance.sleeps": {
        "datetime": "time",
        "duration": "duration",
        "int": "number_of_sleeps",
    },
    "device_performance.system_crashes": {
        "datetime": "time",
        "int": "error_code number_of_system_crashes",
        "string": "error_code_hexadecimal label",
    },
    "device_performance.hard_resets": {
        "datetime": "time",
        "int": "number_of_hard_resets",
    },
    "collector.events": {
        "datetime": "time",
        "enum": "type",
        "string": "details",
        "int": "number_of_records",
        "percent": "cpu_usage",
        "bytes": "memory traffic",
        "duration": "clock_offset",
    },
    "device.changes": {
        "datetime": "time",
        "enum": "property",
        "string": "item old_value new_value",
        "int": "number_of_changes",
    },
    "session.logouts": {
        "datetime": "time",
        "string": "session_id client_name",
        "enum": "protocol reason",
        "ip": "client_ip",
        "int": "number_of_logouts",
    },
    "session.locks": {
        "datetime": "time",
        "string": "session_id client_name",
        "enum": "protocol reason",
        "ip": "client_ip",
        "int": "number_of_locks",
    },
    "session.unlocks": {
        "datetime": "time",
        "string": "session_id client_name",
        "enum": "protocol reason",
        "ip": "client_ip",
        "int": "number_of_unlocks",
    },
    "session.connects": {
        "datetime": "time",
        "string": "session_id client_name",
        "enum": "protocol reason",
        "ip": "client_ip",
        "int": "number_of_connects",
    },
    "session.disconnects": {
        "datetime": "time",
        "string": "session_id client_name",
        "enum": "protocol reason",
        "ip": "client_ip",
        "int": "number_of_disconnects",
    },
    "session.vdi_sessions": {
        "datetime": "start_time end_time",
        "string": "session_id client_name desktop_pool",
        "enum": "protocol broker",
        "ip": "client_ip",
        "version": "client_version",
    },
    "session.vdi_events": {
        "datetime": "start_time",
        "duration g": "round_trip_time network_latency user_input_delay",
        "float g": "frame_rate",
        "ratio g": "packet_loss",
        "bit rate g": "bandwidth_in bandwidth_out",
        "int c": "number_of_reconnections",
        "string": "session_id",
    },
    "execution.crashes": {
        "datetime": "time",
        "int": "number_of_crashes",
        "enum": "process_visibility binary_path_root kind",
        "bool": "crash_on_start",
        "string": "binary_path error_code module_name",
    },
    "package.installations": {
        "datetime": "time",
        "int": "number_of_installations",
        "version": "previous_version",
    },
    "package.uninstallations": {
        "datetime": "time",
        "int": "number_of_uninstallations",
    },
}
