"""Packages, what is installed, and what devices say of binaries."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("binaries", "0002_create_presence"),
        ("devices", "0001_create_tables"),
        ("organization", "0002_create_view_domain"),
    ]

    operations = [
        migrations.CreateModel(
            name="BinaryClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "binary",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="claims",
                        to="binaries.binary",
                    ),
                ),
                ("digest", models.CharField(help_text="Hash of the description.", max_length=64)),
                (
                    "facts",
                    models.JSONField(help_text="Columns of the binary, as devices tell them."),
                ),
                (
                    "marks",
                    models.BigIntegerField(
                        help_text="One bit for each group of devices that said so."
                    ),
                ),
                (
                    "is_settled",
                    models.BooleanField(
                        default=False, help_text="The binary's description takes it into account."
                    ),
                ),
            ],
            options={
                "verbose_name": "description by devices",
                "verbose_name_plural": "descriptions by devices",
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_settled", False)),
                        fields=["id"],
                        name="binaries_binaryclaim_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("binary", "digest"), name="binaries_binaryclaim_description"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Package",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "uid",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        help_text="Public id.",
                        unique=True,
                        verbose_name="public id",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("msi", "MSI"),
                            ("registry", "registry"),
                            ("appx", "APPX"),
                            ("windows_update", "Windows Update"),
                            ("app_bundle", "app bundle"),
                            ("dpkg", "dpkg"),
                            ("rpm", "RPM"),
                            ("flatpak", "Flatpak"),
                            ("snap", "snap"),
                            ("other", "other"),
                        ],
                        help_text="System by which it is installed.",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                (
                    "identity",
                    models.CharField(
                        editable=False,
                        help_text="Hash of what makes it one package.",
                        max_length=64,
                        unique=True,
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        db_index=True, help_text="Name.", max_length=512, verbose_name="name"
                    ),
                ),
                (
                    "version",
                    models.CharField(
                        blank=True, help_text="Version.", max_length=255, verbose_name="version"
                    ),
                ),
                (
                    "version_key",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        blank=True,
                        editable=False,
                        null=True,
                        size=None,
                    ),
                ),
                (
                    "publisher",
                    models.CharField(
                        blank=True,
                        help_text="Who publishes it.",
                        max_length=512,
                        verbose_name="publisher",
                    ),
                ),
                (
                    "platform",
                    models.CharField(
                        choices=[("windows", "Windows"), ("macos", "macOS"), ("linux", "Linux")],
                        help_text="Operating system family.",
                        max_length=16,
                        verbose_name="platform",
                    ),
                ),
                (
                    "architecture",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("x86", "x86"),
                            ("x64", "x64"),
                            ("arm64", "ARM64"),
                            ("other", "other"),
                        ],
                        help_text="Processor architecture.",
                        max_length=8,
                        verbose_name="architecture",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[("program", "program"), ("update", "update")],
                        help_text="Program or update.",
                        max_length=8,
                        verbose_name="type",
                    ),
                ),
                (
                    "parent_name",
                    models.CharField(
                        blank=True,
                        help_text="Program that an update belongs to.",
                        max_length=512,
                        verbose_name="belongs to",
                    ),
                ),
                (
                    "custom",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        editable=False,
                        help_text="Custom fields.",
                        verbose_name="custom fields",
                    ),
                ),
                (
                    "first_seen_at",
                    models.DateTimeField(
                        help_text="First report of it.", verbose_name="first seen"
                    ),
                ),
                (
                    "last_seen_at",
                    models.DateTimeField(
                        db_index=True,
                        help_text="Last report of a device that has it.",
                        verbose_name="last seen",
                    ),
                ),
            ],
            options={
                "verbose_name": "package",
                "verbose_name_plural": "packages",
            },
        ),
        migrations.CreateModel(
            name="InstalledPackage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="installed_packages",
                        to="devices.device",
                        verbose_name="device",
                    ),
                ),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="installed",
                        to="binaries.package",
                        verbose_name="package",
                    ),
                ),
                (
                    "installation_time_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="As the system reports it.",
                        null=True,
                        verbose_name="installed",
                    ),
                ),
                (
                    "first_seen_at",
                    models.DateTimeField(
                        help_text="First scan that showed it on the device.",
                        verbose_name="first seen",
                    ),
                ),
            ],
            options={
                "verbose_name": "installed package",
                "verbose_name_plural": "installed packages",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("device", "package"), name="binaries_installedpackage_key"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StalePresence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "device",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="devices.device",
                    ),
                ),
                (
                    "entity",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organization.entity",
                    ),
                ),
            ],
            options={
                "verbose_name": "entity to count anew",
                "verbose_name_plural": "entities to count anew",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("device", "entity"), name="binaries_stalepresence_key"
                    )
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="presence",
            options={
                "default_permissions": (),
                "verbose_name": "presence of a binary or package",
                "verbose_name_plural": "presences of binaries and packages",
            },
        ),
        migrations.AddField(
            model_name="binary",
            name="custom",
            field=models.JSONField(
                blank=True,
                default=dict,
                editable=False,
                help_text="Custom fields.",
                verbose_name="custom fields",
            ),
        ),
        migrations.AlterField(
            model_name="binary",
            name="has_user_interface",
            field=models.BooleanField(
                blank=True, help_text="Ever had a window.", null=True, verbose_name="has a window"
            ),
        ),
        migrations.AlterField(
            model_name="binary",
            name="product_category",
            field=models.CharField(
                blank=True,
                help_text="Category, given by hand.",
                max_length=255,
                verbose_name="category",
            ),
        ),
        migrations.AlterField(
            model_name="binary",
            name="product_subcategory",
            field=models.CharField(
                blank=True,
                help_text="Subcategory, given by hand.",
                max_length=255,
                verbose_name="subcategory",
            ),
        ),
        migrations.AlterField(
            model_name="presence",
            name="binary",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="presences",
                to="binaries.binary",
                verbose_name="binary",
            ),
        ),
        migrations.AlterField(
            model_name="presence",
            name="devices",
            field=models.PositiveIntegerField(
                help_text="Devices of the entity that ran it, or have it installed.",
                verbose_name="devices",
            ),
        ),
        migrations.AlterField(
            model_name="presence",
            name="last_seen_at",
            field=models.DateTimeField(
                help_text="Of a binary the last quarter of an hour today, else the last day.",
                verbose_name="last seen",
            ),
        ),
        migrations.AddField(
            model_name="presence",
            name="package",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="presences",
                to="binaries.package",
                verbose_name="package",
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.UniqueConstraint(
                fields=("entity", "package"), name="binaries_presence_package_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("binary__isnull", False), ("package__isnull", True)),
                    models.Q(("binary__isnull", True), ("package__isnull", False)),
                    _connector="OR",
                ),
                name="binaries_presence_of_one",
            ),
        ),
    ]
