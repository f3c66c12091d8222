from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0001_create_tables")]

    operations = [
        migrations.RunSQL(
            # The next value lies a whole new block after the last: old blocks stay their owners'.
            sql="ALTER SEQUENCE events_id_seq INCREMENT BY 10000",
            reverse_sql="SELECT nextval('events_id_seq'); "  # passes the last large block
            "ALTER SEQUENCE events_id_seq INCREMENT BY 1000",
        ),
    ]
