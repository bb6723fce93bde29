-- Schema 2: the same rows in fewer bytes.

-- What arguments, bindings and expressions are called: few texts, and one of them with every edge.
CREATE TABLE argument (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- id_kind: 0 content (32 bytes of BLAKE3), 1 declared (text), 2 stat (text), 3 write (16 bytes of the run's id), 4 none.
-- tail: what indexes hold of id_value, enough of it to meet few other rows. Who adds a version looks for it first.
ALTER TABLE version RENAME TO version_1;
CREATE TABLE version (
    id          INTEGER PRIMARY KEY,
    artifact_id INTEGER NOT NULL REFERENCES artifact (id),
    id_kind     INTEGER NOT NULL,
    id_value    BLOB NOT NULL,
    size        INTEGER,
    tail        BLOB AS (CASE WHEN id_kind IN (0, 3) THEN substr(id_value, -4) ELSE id_value END) VIRTUAL
);
INSERT INTO version (id, artifact_id, id_kind, id_value, size)
SELECT id, artifact_id, id_kind, id_value, size FROM version_1 ORDER BY id;
DROP TABLE version_1;
CREATE INDEX version_by_artifact ON version (artifact_id, tail);
CREATE INDEX version_by_content ON version (tail) WHERE id_kind = 0;

INSERT INTO argument (name)
SELECT argument FROM write WHERE argument IS NOT NULL UNION SELECT argument FROM read WHERE argument IS NOT NULL;

-- seen_id: the content or declared version as the run told it. version_id and at: what counts, given how the run
-- stands; a write without them is listed and never a version.
ALTER TABLE write RENAME TO write_1;
CREATE TABLE write (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifact (id),
    seen_id     INTEGER REFERENCES version (id),
    said_at     INTEGER,
    version_id  INTEGER REFERENCES version (id),
    at          INTEGER,
    argument_id INTEGER REFERENCES argument (id)
);
INSERT INTO write (id, run_id, n, artifact_id, seen_id, said_at, version_id, at, argument_id)
SELECT id, run_id, n, artifact_id, seen_id, said_at, version_id, at, (SELECT a.id FROM argument a WHERE a.name = argument)
FROM write_1 ORDER BY id;
DROP TABLE write_1;
CREATE UNIQUE INDEX write_by_run ON write (run_id, n);
CREATE INDEX write_by_version ON write (version_id, at) WHERE version_id IS NOT NULL;
CREATE INDEX write_by_artifact ON write (artifact_id, at) WHERE version_id IS NOT NULL;

-- seen_id as above; bound: 0 content, 1 declaration, 2 copy, 3 time, 4 unknown writer; write_id: the write it saw;
-- like_id: a write of the same content by another name that was too weak a reason to bind.
ALTER TABLE read RENAME TO read_1;
CREATE TABLE read (
    run_id      INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n           INTEGER NOT NULL,
    artifact_id INTEGER NOT NULL REFERENCES artifact (id),
    seen_id     INTEGER REFERENCES version (id),
    at          INTEGER NOT NULL,
    bound       INTEGER NOT NULL,
    write_id    INTEGER REFERENCES write (id),
    like_id     INTEGER REFERENCES write (id),
    argument_id INTEGER REFERENCES argument (id),
    PRIMARY KEY (run_id, n)
) WITHOUT ROWID;
INSERT INTO read (run_id, n, artifact_id, seen_id, at, bound, write_id, like_id, argument_id)
SELECT run_id, n, artifact_id, seen_id, at, bound, write_id, like_id, (SELECT a.id FROM argument a WHERE a.name = argument)
FROM read_1 ORDER BY run_id, n;
DROP TABLE read_1;
CREATE INDEX read_by_artifact ON read (artifact_id, at);
CREATE INDEX read_by_seen ON read (seen_id, at) WHERE seen_id IS NOT NULL;
CREATE INDEX read_by_write ON read (write_id) WHERE write_id IS NOT NULL;

-- signature: 48 bits of the hash as before, and in the bits above how new the newest input is. Runs that follow each other
-- are neighbours in the index then, and a batch of them changes few of its pages.
DROP INDEX run_by_signature;
UPDATE run SET signature = (signature & 281474976710655)
    | (((coalesce((SELECT max(artifact_id) FROM read WHERE run_id = run.id), 0) >> 8) & 32767) << 48)
WHERE signature IS NOT NULL;
CREATE INDEX run_by_signature ON run (component_id, signature, ended_at) WHERE signature IS NOT NULL;

-- Contents known under so many names that they tell nothing of where the bytes came from, such as that of empty files.
CREATE TABLE common (
    id_value BLOB PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO common SELECT id_value FROM version WHERE id_kind = 0 GROUP BY id_value HAVING count(*) >= 1000;
UPDATE read SET bound = 4, write_id = NULL, like_id = NULL
WHERE bound IN (2, 4) AND seen_id IN (SELECT v.id FROM common c JOIN version v ON v.id_kind = 0
    AND v.tail = substr(c.id_value, -4) AND v.id_value = c.id_value);

-- The promised view: the same columns and rows as before.
DROP VIEW edges;
CREATE VIEW edges AS
SELECT (SELECT name FROM run_name WHERE run_id = r.id) AS run,
       'read' AS direction,
       a.name AS artifact,
       (SELECT g.name FROM argument g WHERE g.id = d.argument_id) AS argument,
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
SELECT n.name, 'write', a.name, (SELECT g.name FROM argument g WHERE g.id = w.argument_id),
       strftime('%Y-%m-%dT%H:%M:%fZ', w.at / 1e6, 'unixepoch'), NULL,
       (SELECT name FROM version_name WHERE version_id = w.version_id), n.name
FROM write w
JOIN run_name n ON n.run_id = w.run_id
JOIN artifact a ON a.id = w.artifact_id;
