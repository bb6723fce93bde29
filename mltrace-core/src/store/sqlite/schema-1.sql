-- Schema 1. Times are microseconds since 1970 in UTC; ids at the surface are UUIDs (16 bytes inside);
-- lists and maps are JSON text. People should query the views at the end: those are promised, the tables are not.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE project (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- Each field with the time at which it was said: the last word counts, in whatever order the words arrive.
CREATE TABLE component (
    id             INTEGER PRIMARY KEY,
    project_id     INTEGER NOT NULL REFERENCES project (id),
    name           TEXT NOT NULL,
    owner          TEXT,
    owner_at       INTEGER,
    description    TEXT,
    description_at INTEGER,
    stale_after_s  INTEGER,
    stale_after_at INTEGER,
    UNIQUE (project_id, name)
);

CREATE TABLE component_tag (
    component_id INTEGER NOT NULL REFERENCES component (id) ON DELETE CASCADE,
    tag          TEXT NOT NULL,
    at           INTEGER NOT NULL,
    is_present   INTEGER NOT NULL,
    PRIMARY KEY (component_id, tag)
) WITHOUT ROWID;

CREATE TABLE artifact (
    id         INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name       TEXT NOT NULL,
    -- 0 data, 1 model, 2 endpoint, 3 unknown
    kind       INTEGER NOT NULL,
    UNIQUE (project_id, name)
);

-- id_kind: 0 content (32 bytes of BLAKE3), 1 declared (text), 2 stat (text), 3 write (16 bytes of the run's id), 4 none
CREATE TABLE version (
    id          INTEGER PRIMARY KEY,
    artifact_id INTEGER NOT NULL REFERENCES artifact (id),
    id_kind     INTEGER NOT NULL,
    id_value    BLOB NOT NULL,
    size        INTEGER,
    UNIQUE (artifact_id, id_kind, id_value)
);
CREATE INDEX version_by_content ON version (id_value) WHERE id_kind = 0;

CREATE TABLE process (
    id            INTEGER PRIMARY KEY,
    key           TEXT NOT NULL UNIQUE,
    host          TEXT,
    user          TEXT,
    pid           INTEGER,
    pid_start     INTEGER,
    boot          TEXT,
    pid_namespace TEXT,
    last_seen     INTEGER,
    is_over       INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE git (
    id        INTEGER PRIMARY KEY,
    key       TEXT NOT NULL UNIQUE,
    commit_id TEXT,
    branch    TEXT,
    tags      TEXT,
    dirty     INTEGER,
    remote    TEXT
);

CREATE TABLE code (
    id     INTEGER PRIMARY KEY,
    key    TEXT NOT NULL UNIQUE,
    file   TEXT,
    line   INTEGER,
    hash   TEXT,
    source TEXT
);

CREATE TABLE code_check (
    process_id      INTEGER NOT NULL REFERENCES process (id),
    code_id         INTEGER NOT NULL REFERENCES code (id),
    is_in_work_tree INTEGER NOT NULL,
    PRIMARY KEY (process_id, code_id)
) WITHOUT ROWID;

-- What a run's own code said of its component, shared by all runs that said the same.
CREATE TABLE declaration (
    id      INTEGER PRIMARY KEY,
    content TEXT NOT NULL UNIQUE
);

-- A run without a component is one whose start has not arrived yet; no answer shows it.
-- status: 0 running, 1 completed, 2 failed, 3 cancelled, 4 died
CREATE TABLE run (
    id             INTEGER PRIMARY KEY,
    uuid           BLOB NOT NULL UNIQUE,
    project_id     INTEGER NOT NULL REFERENCES project (id),
    component_id   INTEGER REFERENCES component (id),
    status         INTEGER NOT NULL,
    started_at     INTEGER,
    ended_at       INTEGER,
    duration_us    INTEGER,
    process_id     INTEGER REFERENCES process (id),
    parent         BLOB,
    code_id        INTEGER REFERENCES code (id),
    git_id         INTEGER REFERENCES git (id),
    declaration_id INTEGER REFERENCES declaration (id),
    error          TEXT,
    -- A hash over input names and parameters: runs of a component with equal ones redo the same work.
    signature      INTEGER
);
CREATE INDEX run_by_time ON run (project_id, started_at);
CREATE INDEX run_by_component ON run (component_id, started_at);
CREATE INDEX run_by_signature ON run (component_id, signature, ended_at) WHERE signature IS NOT NULL;
CREATE INDEX run_running ON run (process_id) WHERE status = 0;

CREATE TABLE param (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    value  TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (run_id, name)
) WITHOUT ROWID;

CREATE TABLE note (
    uuid   BLOB PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    text   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT
) WITHOUT ROWID;
CREATE INDEX note_by_run ON note (run_id);

-- seen_id: the content or declared version as the run told it. version_id and at: what counts, given how the run
-- stands; a write without them is listed and never a version.
CREATE TABLE write (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifact (id),
    seen_id     INTEGER REFERENCES version (id),
    said_at     INTEGER,
    version_id  INTEGER REFERENCES version (id),
    at          INTEGER,
    argument    TEXT
);
CREATE UNIQUE INDEX write_by_run ON write (run_id, n);
CREATE INDEX write_by_version ON write (version_id, at) WHERE version_id IS NOT NULL;
CREATE INDEX write_by_artifact ON write (artifact_id, at) WHERE version_id IS NOT NULL;

-- seen_id as above; bound: 0 content, 1 declaration, 2 copy, 3 time, 4 unknown writer; write_id: the write it saw;
-- like_id: a write of the same content by another name that was too weak a reason to bind.
CREATE TABLE read (
    run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifact (id),
    seen_id     INTEGER REFERENCES version (id),
    at          INTEGER NOT NULL,
    bound       INTEGER NOT NULL,
    write_id    INTEGER REFERENCES write (id),
    like_id     INTEGER REFERENCES write (id),
    argument    TEXT,
    PRIMARY KEY (run_id, n)
) WITHOUT ROWID;
CREATE INDEX read_by_artifact ON read (artifact_id, at);
CREATE INDEX read_by_seen ON read (seen_id, at) WHERE seen_id IS NOT NULL;
CREATE INDEX read_by_write ON read (write_id) WHERE write_id IS NOT NULL;

-- Files whose content is still to be hashed: by the process, or by others once it is gone.
CREATE TABLE due (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n      INTEGER NOT NULL,
    path   TEXT NOT NULL,
    state  TEXT NOT NULL,
    PRIMARY KEY (run_id, n)
) WITHOUT ROWID;

-- All verdicts are kept; of those on a version the last counts. verdict: 0 flagged, 1 ok, 2 taken back
CREATE TABLE label (
    uuid       BLOB PRIMARY KEY,
    version_id INTEGER NOT NULL REFERENCES version (id),
    verdict    INTEGER NOT NULL,
    reason     TEXT,
    by         TEXT,
    at         INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX label_by_version ON label (version_id, at);

-- How far each journal was folded: committed with its rows, which makes folding exactly-once.
CREATE TABLE journal (
    name   TEXT PRIMARY KEY,
    offset INTEGER NOT NULL
) WITHOUT ROWID;

-- Counts of what went wrong while recording: 'lost', 'damaged'.
CREATE TABLE tally (
    name  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) WITHOUT ROWID;

-- What retention removed, so that a late record does not bring it back.
CREATE TABLE tombstone (
    uuid BLOB PRIMARY KEY,
    at   INTEGER NOT NULL
) WITHOUT ROWID;

-- The promised views. Times are RFC 3339 in UTC, ids and versions as in the JSON.

CREATE VIEW run_name AS
SELECT id AS run_id,
       lower(substr(hex(uuid), 1, 8) || '-' || substr(hex(uuid), 9, 4) || '-' || substr(hex(uuid), 13, 4) || '-' || substr(hex(uuid), 17, 4)
           || '-' || substr(hex(uuid), 21)) AS name
FROM run;

CREATE VIEW version_name AS
SELECT id AS version_id,
       CASE id_kind WHEN 0 THEN 'b3:' || lower(hex(id_value))
                    WHEN 1 THEN 'v:' || CAST(id_value AS TEXT)
                    WHEN 2 THEN 'stat:' || CAST(id_value AS TEXT)
                    WHEN 3 THEN 'w:' || lower(substr(hex(id_value), 1, 8) || '-' || substr(hex(id_value), 9, 4) || '-' || substr(hex(id_value), 13, 4) || '-' || substr(hex(id_value), 17, 4)
           || '-' || substr(hex(id_value), 21))
                    ELSE 'none' END AS name
FROM version;

CREATE VIEW runs AS
SELECT (SELECT name FROM run_name WHERE run_id = r.id) AS id,
       p.name AS project,
       c.name AS component,
       CASE r.status WHEN 0 THEN 'running' WHEN 1 THEN 'completed' WHEN 2 THEN 'failed'
                     WHEN 3 THEN 'cancelled' ELSE 'died' END AS status,
       strftime('%Y-%m-%dT%H:%M:%fZ', r.started_at / 1e6, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', r.ended_at / 1e6, 'unixepoch') AS ended_at,
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

CREATE VIEW versions AS
SELECT p.name AS project,
       a.name AS artifact,
       (SELECT name FROM version_name WHERE version_id = v.id) AS version,
       CASE a.kind WHEN 0 THEN 'data' WHEN 1 THEN 'model' WHEN 2 THEN 'endpoint' ELSE 'unknown' END AS kind,
       v.size AS size,
       (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(w.at) / 1e6, 'unixepoch') FROM write w WHERE w.version_id = v.id)
           AS last_written_at,
       (SELECT CASE l.verdict WHEN 0 THEN 'flagged' WHEN 1 THEN 'ok' END
        FROM label l WHERE l.version_id = v.id ORDER BY l.at DESC, l.uuid DESC LIMIT 1) AS label
FROM version v
JOIN artifact a ON a.id = v.artifact_id
JOIN project p ON p.id = a.project_id;

CREATE VIEW edges AS
SELECT (SELECT name FROM run_name WHERE run_id = r.id) AS run,
       'read' AS direction,
       a.name AS artifact,
       d.argument AS argument,
       strftime('%Y-%m-%dT%H:%M:%fZ', d.at / 1e6, 'unixepoch') AS at,
       CASE d.bound WHEN 0 THEN 'content' WHEN 1 THEN 'declaration' WHEN 2 THEN 'copy' WHEN 3 THEN 'time'
                    ELSE 'unknown_writer' END AS bound,
       (SELECT name FROM version_name
        WHERE version_id = coalesce(d.seen_id, (SELECT w.version_id FROM write w WHERE w.id = d.write_id))) AS version,
       (SELECT n.name FROM write w JOIN run_name n ON n.run_id = w.run_id WHERE w.id = d.write_id) AS written_by
FROM read d
JOIN run r ON r.id = d.run_id
JOIN artifact a ON a.id = d.artifact_id
UNION ALL
SELECT n.name, 'write', a.name, w.argument,
       strftime('%Y-%m-%dT%H:%M:%fZ', w.at / 1e6, 'unixepoch'), NULL,
       (SELECT name FROM version_name WHERE version_id = w.version_id), n.name
FROM write w
JOIN run_name n ON n.run_id = w.run_id
JOIN artifact a ON a.id = w.artifact_id;

CREATE VIEW labels AS
SELECT a.name AS artifact,
       (SELECT name FROM version_name WHERE version_id = v.id) AS version,
       CASE l.verdict WHEN 0 THEN 'flagged' WHEN 1 THEN 'ok' ELSE 'none' END AS verdict,
       l.reason AS reason,
       l.by AS by,
       strftime('%Y-%m-%dT%H:%M:%fZ', l.at / 1e6, 'unixepoch') AS at
FROM label l
JOIN version v ON v.id = l.version_id
JOIN artifact a ON a.id = v.artifact_id;
