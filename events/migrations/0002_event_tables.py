"""The partitioned tables. Days are made by events/partitions.py from the parent's definition; there is no default one.

`uid` is a hash over team, index and the event's id, so that (uid, day) being unique means that day, team, index and uid
together are, in a quarter of the space. `ingested` is the same for a whole batch: its index shrinks to a few bytes an
event. Documents are compressed already, so the server need not try again (EXTERNAL).
"""

from django.db import migrations

CREATE = """
CREATE SEQUENCE event_block_id AS bigint;

CREATE TABLE event (
    time timestamptz NOT NULL,
    ingested timestamptz NOT NULL,
    team_id bigint NOT NULL,
    block_id bigint NOT NULL,
    day date NOT NULL,
    position smallint NOT NULL,
    odd boolean NOT NULL,
    uid bytea NOT NULL,
    index text NOT NULL,
    dataset text,
    category text[],
    action text[],
    host_name text,
    user_name text,
    process_entity_id text,
    process_parent_entity_id text,
    source_ip text,
    destination_ip text,
    PRIMARY KEY (uid, day)
) PARTITION BY RANGE (day);

CREATE INDEX event_time ON event (time);
CREATE INDEX event_ingested ON event (ingested);
CREATE INDEX event_host ON event (host_name, time) WHERE host_name IS NOT NULL;
CREATE INDEX event_user ON event (user_name, time) WHERE user_name IS NOT NULL;
CREATE INDEX event_process ON event (process_entity_id) WHERE process_entity_id IS NOT NULL;
CREATE INDEX event_parent ON event (process_parent_entity_id) WHERE process_parent_entity_id IS NOT NULL;

CREATE INDEX event_odd ON event (time) WHERE odd;

CREATE TABLE event_block (
    day date NOT NULL,
    id bigint NOT NULL,
    batch_id bigint NOT NULL,
    raw_bytes integer NOT NULL,
    dictionary_id integer,
    format smallint NOT NULL,
    count smallint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);

ALTER TABLE event_block ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX event_block_batch ON event_block (batch_id);
"""

DROP = "DROP TABLE event_block; DROP TABLE event; DROP SEQUENCE event_block_id;"


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
