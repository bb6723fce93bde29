-- Schema 7: what aliases point to, and whose a name is. All entries are kept; of those of an alias the last counts.

-- version_id: null where the alias was removed.
CREATE TABLE alias (
    uuid       BLOB PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name       TEXT NOT NULL,
    version_id INTEGER REFERENCES version (id),
    reason     TEXT,
    by         TEXT,
    at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_by_version ON alias (version_id);

CREATE VIEW aliases AS
SELECT p.name AS project, l.name AS alias, a.name AS artifact,
       (SELECT name FROM version_name WHERE version_id = v.id) AS version,
       l.reason AS reason, l.by AS by,
       strftime('%Y-%m-%dT%H:%M:%fZ', (l.at + 1861920000000000) / 1e6, 'unixepoch') AS at,
       NOT EXISTS (SELECT 1 FROM alias n WHERE n.project_id = l.project_id AND n.name = l.name
                   AND (n.at, n.uuid) > (l.at, l.uuid)) AS counts
FROM alias l
JOIN project p ON p.id = l.project_id
LEFT JOIN version v ON v.id = l.version_id
LEFT JOIN artifact a ON a.id = v.artifact_id;
-- What is in tables. body: the profile as JSON; rows: how many were read, by which of two the fuller one is known.
CREATE TABLE profile (
    id   INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    rows INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE VIEW profiles AS
SELECT a.name AS artifact, 'b3:' || lower(hex(p.hash)) AS version, p.rows AS rows, c.key + 1 AS position,
       json_extract(c.value, '$.name') AS "column", json_extract(c.value, '$.type') AS type,
       json_extract(c.value, '$.nulls') AS nulls, json_extract(c.value, '$.distinct') AS "distinct",
       json_extract(c.value, '$.min') AS min, json_extract(c.value, '$.max') AS max,
       json_extract(c.value, '$.mean') AS mean, json_extract(c.value, '$.sd') AS sd
FROM profile p
JOIN version v ON v.tail = substr(p.hash, -4) AND v.id_kind = 0 AND v.id_value = p.hash
JOIN artifact a ON a.id = v.artifact_id
JOIN json_each(p.body, '$.columns') c;

-- Project 0 is everybody, and no project: its artifacts mean the same thing to all projects of the store.
INSERT INTO project (id, name) VALUES (0, '');

-- URIs are everybody's: a scheme, which is no drive, before the first `:/`. What several projects had of one name is one.
CREATE TABLE shared AS
SELECT a.id AS old, min(a.id) OVER (PARTITION BY a.name) AS new, min(a.kind) OVER (PARTITION BY a.name) AS kind
FROM artifact a WHERE instr(a.name, ':/') > 2 AND a.name GLOB '[A-Za-z]*' AND a.name NOT GLOB 'file:*'
AND substr(a.name, 1, instr(a.name, ':/') - 1) NOT GLOB '*[^A-Za-z0-9+.:-]*';

CREATE TABLE same AS
SELECT v.id AS old, min(v.id) OVER of AS new, max(v.size) OVER of AS size
FROM shared s JOIN version v ON v.artifact_id = s.old
WINDOW of AS (PARTITION BY s.new, v.id_kind, v.id_value);

UPDATE version AS v SET size = s.size FROM same s WHERE s.new = v.id AND v.size IS NULL AND s.size IS NOT NULL;
UPDATE read AS d SET seen_id = s.new FROM same s WHERE d.seen_id = s.old AND s.old <> s.new;
UPDATE write AS w SET seen_id = s.new FROM same s WHERE w.seen_id = s.old AND s.old <> s.new;
UPDATE write AS w SET version_id = s.new FROM same s WHERE w.version_id = s.old AND s.old <> s.new;
UPDATE label AS l SET version_id = s.new FROM same s WHERE l.version_id = s.old AND s.old <> s.new;
DELETE FROM version WHERE id IN (SELECT old FROM same WHERE old <> new);
UPDATE version AS v SET artifact_id = s.new FROM shared s WHERE v.artifact_id = s.old AND s.old <> s.new;
UPDATE read AS d SET artifact_id = s.new FROM shared s WHERE d.artifact_id = s.old AND s.old <> s.new;
UPDATE write AS w SET artifact_id = s.new FROM shared s WHERE w.artifact_id = s.old AND s.old <> s.new;
DELETE FROM artifact WHERE id IN (SELECT old FROM shared WHERE old <> new);
UPDATE artifact AS a SET project_id = 0, kind = s.kind FROM shared s WHERE s.old = a.id;
DROP TABLE same;
DROP TABLE shared;

-- Where there are several projects, something may lie in or around what another one named, and is bound again by the next
-- fold; so is content that another project has.
UPDATE artifact SET place = 3 WHERE project_id = 0 AND (SELECT count(*) FROM project) > 2;
INSERT OR REPLACE INTO tally (name, count) SELECT 'to bind', 1 WHERE (SELECT count(*) FROM project) > 2;

-- The promised view: what is everybody's has no project, unless there is but one.
DROP VIEW versions;
CREATE VIEW versions AS
SELECT CASE a.project_id WHEN 0 THEN (SELECT min(o.name) FROM project o WHERE o.id <> 0 HAVING count(*) = 1)
                         ELSE p.name END AS project,
       a.name AS artifact,
       (SELECT name FROM version_name WHERE version_id = v.id) AS version,
       CASE a.kind WHEN 0 THEN 'data' WHEN 1 THEN 'model' WHEN 2 THEN 'endpoint' ELSE 'unknown' END AS kind,
       v.size AS size,
       (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', (max(w.at) + 1861920000000000) / 1e6, 'unixepoch')
        FROM write w WHERE w.version_id = v.id) AS last_written_at,
       (SELECT CASE l.verdict WHEN 0 THEN 'flagged' WHEN 1 THEN 'ok' END
        FROM label l WHERE l.version_id = v.id ORDER BY l.at DESC, l.uuid DESC LIMIT 1) AS label
FROM version v
JOIN artifact a ON a.id = v.artifact_id
JOIN project p ON p.id = a.project_id;
