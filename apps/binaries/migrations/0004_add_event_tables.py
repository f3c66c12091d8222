"""Crashes, connections, installations; days by program."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from apps.events.operations import partitioned


class Migration(migrations.Migration):
    dependencies = [
        ("binaries", "0003_add_packages"),
        ("devices", "0001_create_tables"),
        ("users", "0001_create_tables"),
    ]

    operations = [
        partitioned(
            migrations.CreateModel(
                name="ConnectionSample",
                fields=[
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    (
                        "source",
                        models.CharField(
                            choices=[
                                ("collector", "collector"),
                                ("extension", "browser extension"),
                                ("connector", "connector"),
                                ("glpi", "GLPI"),
                                ("otlp", "OTLP"),
                                ("osquery", "osquery"),
                                ("server", "server"),
                            ],
                            default="collector",
                            help_text="Who reported it.",
                            max_length=12,
                        ),
                    ),
                    ("bucket", models.DateTimeField(help_text="Start of the time bucket.")),
                    (
                        "device",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Device that reported.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.device",
                            verbose_name="device",
                        ),
                    ),
                    (
                        "context",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Situation at that time.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.context",
                            verbose_name="context",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            blank=True,
                            db_constraint=False,
                            db_index=False,
                            help_text="Employee's account.",
                            null=True,
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="users.user",
                            verbose_name="user",
                        ),
                    ),
                    (
                        "binary",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Program.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="binaries.binary",
                            verbose_name="binary",
                        ),
                    ),
                    (
                        "protocol",
                        models.CharField(
                            choices=[("tcp", "TCP"), ("udp", "UDP")],
                            help_text="Transport protocol.",
                            max_length=3,
                            verbose_name="protocol",
                        ),
                    ),
                    (
                        "destination_port",
                        models.IntegerField(
                            blank=True,
                            help_text="Port of the destination.",
                            null=True,
                            verbose_name="port",
                        ),
                    ),
                    (
                        "destination_domain",
                        models.CharField(
                            blank=True,
                            help_text="Domain of the destination, from DNS or TLS.",
                            max_length=255,
                            null=True,
                            verbose_name="domain",
                        ),
                    ),
                    (
                        "destination_country",
                        models.CharField(
                            blank=True,
                            help_text="Country of the destination, looked up.",
                            max_length=64,
                            null=True,
                            verbose_name="country",
                        ),
                    ),
                    (
                        "number_of_connections_sum",
                        models.BigIntegerField(
                            blank=True, help_text="Attempts to connect.", null=True
                        ),
                    ),
                    (
                        "number_of_established_connections_sum",
                        models.BigIntegerField(
                            blank=True, help_text="Connections made.", null=True
                        ),
                    ),
                    (
                        "number_of_failed_connections_sum",
                        models.BigIntegerField(
                            blank=True,
                            help_text="Rejected, without a host, or without a service.",
                            null=True,
                        ),
                    ),
                    (
                        "number_of_rejected_connections_sum",
                        models.BigIntegerField(
                            blank=True, help_text="Connections rejected.", null=True
                        ),
                    ),
                    (
                        "number_of_no_host_connections_sum",
                        models.BigIntegerField(blank=True, help_text="No such host.", null=True),
                    ),
                    (
                        "number_of_no_service_connections_sum",
                        models.BigIntegerField(blank=True, help_text="No such service.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_sum",
                        models.FloatField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_count",
                        models.BigIntegerField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_min",
                        models.FloatField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_max",
                        models.FloatField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "round_trip_time_ms_sum",
                        models.FloatField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "round_trip_time_ms_count",
                        models.BigIntegerField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "round_trip_time_ms_min",
                        models.FloatField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "round_trip_time_ms_max",
                        models.FloatField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "incoming_traffic_bytes_sum",
                        models.BigIntegerField(blank=True, help_text="Received.", null=True),
                    ),
                    (
                        "outgoing_traffic_bytes_sum",
                        models.BigIntegerField(blank=True, help_text="Sent.", null=True),
                    ),
                    (
                        "destination_ip",
                        models.GenericIPAddressField(
                            blank=True,
                            help_text="Address of the destination.",
                            null=True,
                            verbose_name="address",
                        ),
                    ),
                    (
                        "destination_type",
                        models.GeneratedField(
                            db_persist=True,
                            expression=models.Func(
                                models.F("destination_ip"),
                                output_field=models.CharField(max_length=8),
                                template="CASE WHEN %(expressions)s IS NULL THEN 'unknown' WHEN %(expressions)s <<= inet '127.0.0.0/8' OR %(expressions)s <<= inet '0.0.0.0/8' OR %(expressions)s <<= inet '::1/128' OR %(expressions)s <<= inet '::/128' OR %(expressions)s <<= inet '::ffff:127.0.0.0/104' THEN 'local' WHEN %(expressions)s <<= inet '10.0.0.0/8' OR %(expressions)s <<= inet '172.16.0.0/12' OR %(expressions)s <<= inet '192.168.0.0/16' OR %(expressions)s <<= inet '100.64.0.0/10' OR %(expressions)s <<= inet '169.254.0.0/16' OR %(expressions)s <<= inet '224.0.0.0/4' OR %(expressions)s <<= inet '255.255.255.255/32' OR %(expressions)s <<= inet 'fc00::/7' OR %(expressions)s <<= inet 'fe80::/10' OR %(expressions)s <<= inet 'ff00::/8' OR %(expressions)s <<= inet '::ffff:10.0.0.0/104' OR %(expressions)s <<= inet '::ffff:172.16.0.0/108' OR %(expressions)s <<= inet '::ffff:192.168.0.0/112' THEN 'intranet' ELSE 'internet' END",
                            ),
                            help_text="Where the destination lies, by its address.",
                            output_field=models.CharField(
                                choices=[
                                    ("intranet", "intranet"),
                                    ("internet", "internet"),
                                    ("local", "this device"),
                                    ("unknown", "unknown"),
                                ],
                                max_length=8,
                            ),
                        ),
                    ),
                    (
                        "destination_private_ip",
                        models.GeneratedField(
                            db_persist=True,
                            expression=models.Func(
                                models.F("destination_ip"),
                                output_field=models.GenericIPAddressField(),
                                template="CASE WHEN %(expressions)s <<= inet '127.0.0.0/8' OR %(expressions)s <<= inet '0.0.0.0/8' OR %(expressions)s <<= inet '::1/128' OR %(expressions)s <<= inet '::/128' OR %(expressions)s <<= inet '::ffff:127.0.0.0/104' OR %(expressions)s <<= inet '10.0.0.0/8' OR %(expressions)s <<= inet '172.16.0.0/12' OR %(expressions)s <<= inet '192.168.0.0/16' OR %(expressions)s <<= inet '100.64.0.0/10' OR %(expressions)s <<= inet '169.254.0.0/16' OR %(expressions)s <<= inet '224.0.0.0/4' OR %(expressions)s <<= inet '255.255.255.255/32' OR %(expressions)s <<= inet 'fc00::/7' OR %(expressions)s <<= inet 'fe80::/10' OR %(expressions)s <<= inet 'ff00::/8' OR %(expressions)s <<= inet '::ffff:10.0.0.0/104' OR %(expressions)s <<= inet '::ffff:172.16.0.0/108' OR %(expressions)s <<= inet '::ffff:192.168.0.0/112' THEN %(expressions)s END",
                            ),
                            help_text="Its address where that is no public one: what a day keeps of it.",
                            output_field=models.GenericIPAddressField(),
                        ),
                    ),
                    (
                        "failed_connection_ratio",
                        models.GeneratedField(
                            db_persist=True,
                            expression=models.Func(
                                models.F("number_of_failed_connections_sum"),
                                models.Func(
                                    models.F("number_of_connections_sum"),
                                    output_field=models.FloatField(),
                                    template="nullif(%(expressions)s, 0)",
                                ),
                                arg_joiner="::double precision / ",
                                output_field=models.FloatField(),
                                template="(%(expressions)s)",
                            ),
                            help_text="Failed among attempted connections of the row.",
                            output_field=models.FloatField(),
                        ),
                    ),
                ],
                options={
                    "verbose_name": "connection sample",
                    "verbose_name_plural": "connection samples",
                },
            ),
            time="bucket",
        ),
        partitioned(
            migrations.CreateModel(
                name="ConnectionDaily",
                fields=[
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    (
                        "source",
                        models.CharField(
                            choices=[
                                ("collector", "collector"),
                                ("extension", "browser extension"),
                                ("connector", "connector"),
                                ("glpi", "GLPI"),
                                ("otlp", "OTLP"),
                                ("osquery", "osquery"),
                                ("server", "server"),
                            ],
                            default="collector",
                            help_text="Who reported it.",
                            max_length=12,
                        ),
                    ),
                    ("bucket", models.DateTimeField(help_text="Start of the time bucket.")),
                    (
                        "device",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Device that reported.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.device",
                            verbose_name="device",
                        ),
                    ),
                    (
                        "context",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Situation at that time.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.context",
                            verbose_name="context",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            blank=True,
                            db_constraint=False,
                            db_index=False,
                            help_text="Employee's account.",
                            null=True,
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="users.user",
                            verbose_name="user",
                        ),
                    ),
                    (
                        "binary",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Program.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="binaries.binary",
                            verbose_name="binary",
                        ),
                    ),
                    (
                        "protocol",
                        models.CharField(
                            choices=[("tcp", "TCP"), ("udp", "UDP")],
                            help_text="Transport protocol.",
                            max_length=3,
                            verbose_name="protocol",
                        ),
                    ),
                    (
                        "destination_port",
                        models.IntegerField(
                            blank=True,
                            help_text="Port of the destination.",
                            null=True,
                            verbose_name="port",
                        ),
                    ),
                    (
                        "destination_domain",
                        models.CharField(
                            blank=True,
                            help_text="Domain of the destination, from DNS or TLS.",
                            max_length=255,
                            null=True,
                            verbose_name="domain",
                        ),
                    ),
                    (
                        "destination_country",
                        models.CharField(
                            blank=True,
                            help_text="Country of the destination, looked up.",
                            max_length=64,
                            null=True,
                            verbose_name="country",
                        ),
                    ),
                    (
                        "number_of_connections_sum",
                        models.BigIntegerField(
                            blank=True, help_text="Attempts to connect.", null=True
                        ),
                    ),
                    (
                        "number_of_connections_count",
                        models.BigIntegerField(
                            blank=True, help_text="Attempts to connect.", null=True
                        ),
                    ),
                    (
                        "number_of_connections_min",
                        models.BigIntegerField(
                            blank=True, help_text="Attempts to connect.", null=True
                        ),
                    ),
                    (
                        "number_of_connections_max",
                        models.BigIntegerField(
                            blank=True, help_text="Attempts to connect.", null=True
                        ),
                    ),
                    (
                        "number_of_established_connections_sum",
                        models.BigIntegerField(
                            blank=True, help_text="Connections made.", null=True
                        ),
                    ),
                    (
                        "number_of_established_connections_count",
                        models.BigIntegerField(
                            blank=True, help_text="Connections made.", null=True
                        ),
                    ),
                    (
                        "number_of_established_connections_min",
                        models.BigIntegerField(
                            blank=True, help_text="Connections made.", null=True
                        ),
                    ),
                    (
                        "number_of_established_connections_max",
                        models.BigIntegerField(
                            blank=True, help_text="Connections made.", null=True
                        ),
                    ),
                    (
                        "number_of_failed_connections_sum",
                        models.BigIntegerField(
                            blank=True,
                            help_text="Rejected, without a host, or without a service.",
                            null=True,
                        ),
                    ),
                    (
                        "number_of_failed_connections_count",
                        models.BigIntegerField(
                            blank=True,
                            help_text="Rejected, without a host, or without a service.",
                            null=True,
                        ),
                    ),
                    (
                        "number_of_failed_connections_min",
                        models.BigIntegerField(
                            blank=True,
                            help_text="Rejected, without a host, or without a service.",
                            null=True,
                        ),
                    ),
                    (
                        "number_of_failed_connections_max",
                        models.BigIntegerField(
                            blank=True,
                            help_text="Rejected, without a host, or without a service.",
                            null=True,
                        ),
                    ),
                    (
                        "number_of_rejected_connections_sum",
                        models.BigIntegerField(
                            blank=True, help_text="Connections rejected.", null=True
                        ),
                    ),
                    (
                        "number_of_rejected_connections_count",
                        models.BigIntegerField(
                            blank=True, help_text="Connections rejected.", null=True
                        ),
                    ),
                    (
                        "number_of_rejected_connections_min",
                        models.BigIntegerField(
                            blank=True, help_text="Connections rejected.", null=True
                        ),
                    ),
                    (
                        "number_of_rejected_connections_max",
                        models.BigIntegerField(
                            blank=True, help_text="Connections rejected.", null=True
                        ),
                    ),
                    (
                        "number_of_no_host_connections_sum",
                        models.BigIntegerField(blank=True, help_text="No such host.", null=True),
                    ),
                    (
                        "number_of_no_host_connections_count",
                        models.BigIntegerField(blank=True, help_text="No such host.", null=True),
                    ),
                    (
                        "number_of_no_host_connections_min",
                        models.BigIntegerField(blank=True, help_text="No such host.", null=True),
                    ),
                    (
                        "number_of_no_host_connections_max",
                        models.BigIntegerField(blank=True, help_text="No such host.", null=True),
                    ),
                    (
                        "number_of_no_service_connections_sum",
                        models.BigIntegerField(blank=True, help_text="No such service.", null=True),
                    ),
                    (
                        "number_of_no_service_connections_count",
                        models.BigIntegerField(blank=True, help_text="No such service.", null=True),
                    ),
                    (
                        "number_of_no_service_connections_min",
                        models.BigIntegerField(blank=True, help_text="No such service.", null=True),
                    ),
                    (
                        "number_of_no_service_connections_max",
                        models.BigIntegerField(blank=True, help_text="No such service.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_sum",
                        models.FloatField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_count",
                        models.BigIntegerField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_min",
                        models.FloatField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "connection_establishment_time_ms_max",
                        models.FloatField(blank=True, help_text="TCP handshake.", null=True),
                    ),
                    (
                        "round_trip_time_ms_sum",
                        models.FloatField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "round_trip_time_ms_count",
                        models.BigIntegerField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "round_trip_time_ms_min",
                        models.FloatField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "round_trip_time_ms_max",
                        models.FloatField(
                            blank=True, help_text="Round trip of a packet.", null=True
                        ),
                    ),
                    (
                        "incoming_traffic_bytes_sum",
                        models.BigIntegerField(blank=True, help_text="Received.", null=True),
                    ),
                    (
                        "incoming_traffic_bytes_count",
                        models.BigIntegerField(blank=True, help_text="Received.", null=True),
                    ),
                    (
                        "incoming_traffic_bytes_min",
                        models.BigIntegerField(blank=True, help_text="Received.", null=True),
                    ),
                    (
                        "incoming_traffic_bytes_max",
                        models.BigIntegerField(blank=True, help_text="Received.", null=True),
                    ),
                    (
                        "outgoing_traffic_bytes_sum",
                        models.BigIntegerField(blank=True, help_text="Sent.", null=True),
                    ),
                    (
                        "outgoing_traffic_bytes_count",
                        models.BigIntegerField(blank=True, help_text="Sent.", null=True),
                    ),
                    (
                        "outgoing_traffic_bytes_min",
                        models.BigIntegerField(blank=True, help_text="Sent.", null=True),
                    ),
                    (
                        "outgoing_traffic_bytes_max",
                        models.BigIntegerField(blank=True, help_text="Sent.", null=True),
                    ),
                    (
                        "destination_type",
                        models.CharField(
                            choices=[
                                ("intranet", "intranet"),
                                ("internet", "internet"),
                                ("local", "this device"),
                                ("unknown", "unknown"),
                            ],
                            help_text="By its address.",
                            max_length=8,
                            verbose_name="type",
                        ),
                    ),
                    (
                        "destination_private_ip",
                        models.GenericIPAddressField(
                            blank=True,
                            help_text="Address where that is no public one.",
                            null=True,
                            verbose_name="address",
                        ),
                    ),
                    (
                        "failed_connection_ratio",
                        models.GeneratedField(
                            db_persist=True,
                            expression=models.Func(
                                models.F("number_of_failed_connections_sum"),
                                models.Func(
                                    models.F("number_of_connections_sum"),
                                    output_field=models.FloatField(),
                                    template="nullif(%(expressions)s, 0)",
                                ),
                                arg_joiner="::double precision / ",
                                output_field=models.FloatField(),
                                template="(%(expressions)s)",
                            ),
                            help_text="Failed among attempted connections of the row.",
                            output_field=models.FloatField(),
                        ),
                    ),
                ],
                options={
                    "verbose_name": "daily connections",
                    "verbose_name_plural": "daily connections",
                    "indexes": [
                        models.Index(
                            fields=["binary", "bucket"], name="binaries_connectiondaily_bin"
                        )
                    ],
                },
            ),
            time="bucket",
        ),
        partitioned(
            migrations.CreateModel(
                name="ExecutionCrash",
                fields=[
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    (
                        "source",
                        models.CharField(
                            choices=[
                                ("collector", "collector"),
                                ("extension", "browser extension"),
                                ("connector", "connector"),
                                ("glpi", "GLPI"),
                                ("otlp", "OTLP"),
                                ("osquery", "osquery"),
                                ("server", "server"),
                            ],
                            default="collector",
                            help_text="Who reported it.",
                            max_length=12,
                        ),
                    ),
                    (
                        "occurred_at",
                        models.DateTimeField(help_text="When it happened, by the corrected clock."),
                    ),
                    (
                        "device",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Device that reported.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.device",
                            verbose_name="device",
                        ),
                    ),
                    (
                        "context",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Situation at that time.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.context",
                            verbose_name="context",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            blank=True,
                            db_constraint=False,
                            db_index=False,
                            help_text="Employee's account.",
                            null=True,
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="users.user",
                            verbose_name="user",
                        ),
                    ),
                    (
                        "binary",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Program.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="binaries.binary",
                            verbose_name="binary",
                        ),
                    ),
                    (
                        "number_of_crashes",
                        models.IntegerField(
                            db_default=1,
                            default=1,
                            help_text="Crashes of that minute.",
                            verbose_name="crashes",
                        ),
                    ),
                    (
                        "crash_on_start",
                        models.BooleanField(
                            blank=True,
                            help_text="Within 10 seconds of the start.",
                            null=True,
                            verbose_name="on start",
                        ),
                    ),
                    (
                        "process_visibility",
                        models.CharField(
                            blank=True,
                            choices=[("foreground", "foreground"), ("background", "background")],
                            help_text="Whether it had a window in the foreground.",
                            max_length=10,
                            null=True,
                            verbose_name="visibility",
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            blank=True,
                            choices=[("crash", "crash"), ("hang_terminated", "hung and was ended")],
                            help_text="How it ended.",
                            max_length=16,
                            null=True,
                            verbose_name="kind",
                        ),
                    ),
                    (
                        "binary_path",
                        models.CharField(
                            blank=True,
                            help_text="Where the program lies; a home folder is cut to ~.",
                            max_length=1024,
                            null=True,
                            verbose_name="path",
                        ),
                    ),
                    (
                        "binary_path_root",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("program_files", "program files"),
                                ("system", "system"),
                                ("user_profile", "user profile"),
                                ("temp", "temporary files"),
                                ("opt", "/opt"),
                                ("usr", "/usr"),
                                ("gone", "deleted while it ran"),
                                ("other", "other"),
                            ],
                            help_text="Kind of place where the program lies.",
                            max_length=16,
                            null=True,
                            verbose_name="place",
                        ),
                    ),
                    (
                        "error_code",
                        models.CharField(
                            blank=True,
                            help_text="Exception or signal.",
                            max_length=64,
                            null=True,
                            verbose_name="error code",
                        ),
                    ),
                    (
                        "module_name",
                        models.CharField(
                            blank=True,
                            help_text="File in which it happened, without its folder.",
                            max_length=255,
                            null=True,
                            verbose_name="module",
                        ),
                    ),
                ],
                options={
                    "verbose_name": "crash of a program",
                    "verbose_name_plural": "crashes of programs",
                },
            ),
            time="occurred_at",
        ),
        partitioned(
            migrations.CreateModel(
                name="PackageInstallation",
                fields=[
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    (
                        "source",
                        models.CharField(
                            choices=[
                                ("collector", "collector"),
                                ("extension", "browser extension"),
                                ("connector", "connector"),
                                ("glpi", "GLPI"),
                                ("otlp", "OTLP"),
                                ("osquery", "osquery"),
                                ("server", "server"),
                            ],
                            default="collector",
                            help_text="Who reported it.",
                            max_length=12,
                        ),
                    ),
                    (
                        "occurred_at",
                        models.DateTimeField(help_text="When it happened, by the corrected clock."),
                    ),
                    (
                        "device",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Device that reported.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.device",
                            verbose_name="device",
                        ),
                    ),
                    (
                        "context",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Situation at that time.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.context",
                            verbose_name="context",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            blank=True,
                            db_constraint=False,
                            db_index=False,
                            help_text="Employee's account.",
                            null=True,
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="users.user",
                            verbose_name="user",
                        ),
                    ),
                    (
                        "package",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Package.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="binaries.package",
                            verbose_name="package",
                        ),
                    ),
                    (
                        "number_of_installations",
                        models.IntegerField(db_default=1, default=1, help_text="1 in each row."),
                    ),
                    (
                        "previous_version",
                        models.CharField(
                            blank=True,
                            db_default="",
                            help_text="Version that it took the place of, for an upgrade.",
                            max_length=255,
                            verbose_name="previous version",
                        ),
                    ),
                    (
                        "previous_version_key",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.BigIntegerField(),
                            blank=True,
                            editable=False,
                            null=True,
                            size=None,
                        ),
                    ),
                ],
                options={
                    "verbose_name": "installation",
                    "verbose_name_plural": "installations",
                },
            ),
            time="occurred_at",
        ),
        partitioned(
            migrations.CreateModel(
                name="PackageUninstallation",
                fields=[
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    (
                        "source",
                        models.CharField(
                            choices=[
                                ("collector", "collector"),
                                ("extension", "browser extension"),
                                ("connector", "connector"),
                                ("glpi", "GLPI"),
                                ("otlp", "OTLP"),
                                ("osquery", "osquery"),
                                ("server", "server"),
                            ],
                            default="collector",
                            help_text="Who reported it.",
                            max_length=12,
                        ),
                    ),
                    (
                        "occurred_at",
                        models.DateTimeField(help_text="When it happened, by the corrected clock."),
                    ),
                    (
                        "device",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Device that reported.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.device",
                            verbose_name="device",
                        ),
                    ),
                    (
                        "context",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Situation at that time.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="devices.context",
                            verbose_name="context",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            blank=True,
                            db_constraint=False,
                            db_index=False,
                            help_text="Employee's account.",
                            null=True,
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="users.user",
                            verbose_name="user",
                        ),
                    ),
                    (
                        "package",
                        models.ForeignKey(
                            db_constraint=False,
                            db_index=False,
                            help_text="Package.",
                            on_delete=django.db.models.deletion.DO_NOTHING,
                            related_name="+",
                            to="binaries.package",
                            verbose_name="package",
                        ),
                    ),
                    (
                        "number_of_uninstallations",
                        models.IntegerField(db_default=1, default=1, help_text="1 in each row."),
                    ),
                ],
                options={
                    "verbose_name": "uninstallation",
                    "verbose_name_plural": "uninstallations",
                },
            ),
            time="occurred_at",
        ),
        migrations.AddIndex(
            model_name="executiondaily",
            index=models.Index(fields=["binary", "bucket"], name="binaries_executiondaily_binary"),
        ),
    ]
