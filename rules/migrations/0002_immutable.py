"""Revisions cannot be changed or deleted, and there is an epoch to count from."""

from django.db import migrations

GUARD_REVISIONS = """
CREATE FUNCTION refuse_rule_revision_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a rule revision is never deleted: alerts point at it' USING ERRCODE = 'restrict_violation';
    END IF;
    -- Deleting a user empties created_by; everything else is content.
    IF to_jsonb(NEW) - 'created_by_id' IS DISTINCT FROM to_jsonb(OLD) - 'created_by_id'
       OR (NEW.created_by_id IS NOT NULL AND NEW.created_by_id IS DISTINCT FROM OLD.created_by_id) THEN
        RAISE EXCEPTION 'a rule revision is never changed: load a new one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER rule_revision_is_immutable BEFORE UPDATE OR DELETE ON rules_rulerevision
    FOR EACH ROW EXECUTE FUNCTION refuse_rule_revision_change();
"""

FREE_REVISIONS = """
DROP TRIGGER rule_revision_is_immutable ON rules_rulerevision;
DROP FUNCTION refuse_rule_revision_change();
"""


class Migration(migrations.Migration):
    dependencies = [("rules", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARD_REVISIONS, FREE_REVISIONS),
        migrations.RunSQL(
            "INSERT INTO rules_epoch (id, number) VALUES (1, 1) ON CONFLICT DO NOTHING", migrations.RunSQL.noop
        ),
    ]
