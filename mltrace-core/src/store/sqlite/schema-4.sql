-- Schema 4: what a newer version of mltrace recorded is kept until a version comes that understands it.

-- One row for each record. `kept_by` is how far the journals of the version had grown that did not understand it; the
-- versions that know more look at it again. `header` and `record` are JSON, as they stood in the journal.
CREATE TABLE unread (
    journal TEXT NOT NULL,
    place INTEGER NOT NULL,
    process TEXT,
    kept_by INTEGER NOT NULL,
    is_applied INTEGER NOT NULL,
    header TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (journal, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX unread_kept_by ON unread (kept_by);
CREATE INDEX unread_process ON unread (process);

-- The promised view: a status that is not known is no death.
DROP VIEW runs;
CREATE VIEW runs AS
SELECT (SELECT name FROM run_name WHERE run_id = r.id) AS id,
       p.name AS project,
       c.name AS component,
       CASE r.status WHEN 0 THEN 'running' WHEN 1 THEN 'completed' WHEN 2 THEN 'failed'
                     WHEN 3 THEN 'cancelled' WHEN 4 THEN 'died' ELSE 'unknown' END AS status,
       strftime('%Y-%m-%dT%H:%M:%fZ', (r.started_at + 1861920000000000) / 1e6, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', (r.ended_at + 1861920000000000) / 1e6, 'unixepoch') AS ended_at,
       r.duration_us / 1000.0 AS duration_ms,
       g.commit_id AS git_commit,
       g.branch AS git_branch,
       g.dirty AS git_dirty,
       s.host AS host,
       s.user AS user,
       (SELECT n.name FROM run m JOIN run_name n ON n.run_id = m.id WHERE m.uuid = r.parent) AS parent,
       r.error AS error,
       (SELECT json_group_object(q.name, json(q.value)) FROM param q WHERE q.run_id = r.id) AS params
FROM run r
JOIN project p ON p.id = r.project_id
JOIN component c ON c.id = r.component_id
LEFT JOIN git g ON g.id = r.git_id
LEFT JOIN process s ON s.id = r.process_id;
