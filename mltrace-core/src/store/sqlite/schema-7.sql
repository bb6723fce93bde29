-- Schema 7: what aliases point to. All entries are kept; of those of an alias the last counts.

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

-- No question asks for metrics by their name.
DROP INDEX metric_by_name;
