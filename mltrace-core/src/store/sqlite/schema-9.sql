-- Schema 9: the events of other tools, whole; the rows of their runs are built from them.

-- hash: BLAKE3 of the event; run: the id of its run, null where it is about a job or a dataset; root: the folder that its
-- paths are relative to; body: its JSON, deflated.
CREATE TABLE lineage_event (
    id         INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    hash       BLOB NOT NULL,
    run        BLOB,
    root       TEXT NOT NULL,
    body       BLOB NOT NULL,
    UNIQUE (project_id, hash)
) STRICT;
CREATE INDEX lineage_event_by_run ON lineage_event (run) WHERE run IS NOT NULL;
