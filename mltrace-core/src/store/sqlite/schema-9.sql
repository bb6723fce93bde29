-- Schema 9: the events of other tools, whole, from which the rows of their runs are built; and whose data runs took in, by
-- digits that follow from a name which is not kept, and who was retracted.

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

CREATE TABLE run_subject (
    run_id  INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    PRIMARY KEY (run_id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_subject_by_subject ON run_subject (subject);

CREATE TABLE retracted (
    project_id INTEGER NOT NULL REFERENCES project (id),
    subject    TEXT NOT NULL,
    at         INTEGER NOT NULL,
    by         TEXT,
    PRIMARY KEY (project_id, subject)
) STRICT, WITHOUT ROWID;

CREATE VIEW subjects AS
SELECT p.name AS project, n.name AS run, c.name AS component, s.subject AS subject,
       strftime('%Y-%m-%dT%H:%M:%fZ', (d.at + 1861920000000000) / 1e6, 'unixepoch') AS retracted_at
FROM run_subject s
JOIN run r ON r.id = s.run_id
JOIN run_name n ON n.run_id = r.id
JOIN component c ON c.id = r.component_id
JOIN project p ON p.id = r.project_id
LEFT JOIN retracted d ON d.project_id = r.project_id AND d.subject = s.subject;
