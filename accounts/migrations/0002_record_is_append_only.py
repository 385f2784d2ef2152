"""The record of changes refuses UPDATE and DELETE in the database itself, whoever asks."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_change_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record of changes is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER change_is_append_only BEFORE UPDATE OR DELETE ON accounts_change
    FOR EACH ROW EXECUTE FUNCTION accounts_change_is_append_only();
"""
UNGUARD = """
DROP TRIGGER change_is_append_only ON accounts_change;
DROP FUNCTION accounts_change_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
