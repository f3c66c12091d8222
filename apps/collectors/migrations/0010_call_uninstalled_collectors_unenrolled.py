"""A state gets the name that queries know it by (data-model.md 2.1)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("collectors", "0009_keep_moved_devices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="collector",
            name="state",
            field=models.CharField(
                choices=[
                    ("active", "active"),
                    ("conflicted", "identity in conflict"),
                    ("revoked", "revoked"),
                    ("unenrolled", "uninstalled"),
                    ("erased", "erased"),
                ],
                default="active",
                max_length=16,
                verbose_name="state",
            ),
        ),
        migrations.RunSQL(
            "UPDATE collectors_collector SET state = 'unenrolled' WHERE state = 'removed'",
            "UPDATE collectors_collector SET state = 'removed' WHERE state = 'unenrolled'",
        ),
    ]
