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
