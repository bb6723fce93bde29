-- Schema 3: a time takes six bytes in place of eight.

-- Times are microseconds since 2029-01-01T00:00:00Z, which is 1861920000 seconds after 1970. SQLite keeps a number within
-- 2^47 of zero in six bytes: times from July 2024 to June 2033. All others take eight, as before.

UPDATE component SET owner_at = owner_at - 1861920000000000,
    description_at = description_at - 1861920000000000,
    stale_after_at = stale_after_at - 1861920000000000;
UPDATE component_tag SET at = at - 1861920000000000;
UPDATE process SET last_seen = last_seen - 1861920000000000;
UPDATE run SET started_at = started_at - 1861920000000000, ended_at = ended_at - 1861920000000000;
UPDATE param SET at = at - 1861920000000000;
UPDATE note SET at = at - 1861920000000000;
UPDATE write SET said_at = said_at - 1861920000000000, at = at - 1861920000000000;
UPDATE read SET at = at - 1861920000000000;
UPDATE label SET at = at - 1861920000000000;
UPDATE tombstone SET at = at - 1861920000000000;

-- The promised views: the same columns and rows as before.
DROP VIEW runs;
CREATE VIEW runs AS
SELECT (SELECT name FROM run_name WHERE run_id = r.id) AS id,
       p.name AS project,
       c.name AS component,
       CASE r.status WHEN 0 THEN 'running' WHEN 1 THEN 'completed' WHEN 2 THEN 'failed'
                     WHEN 3 THEN 'cancelled' ELSE 'died' END AS status,
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

DROP VIEW versions;
CREATE VIEW versions AS
SELECT p.name AS project,
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

DROP VIEW edges;
CREATE VIEW edges AS
SELECT (SELECT name FROM run_name WHERE run_id = r.id) AS run,
       'read' AS direction,
       a.name AS artifact,
       (SELECT g.name FROM argument g WHERE g.id = d.argument_id) AS argument,
       strftime('%Y-%m-%dT%H:%M:%fZ', (d.at + 1861920000000000) / 1e6, 'unixepoch') AS at,
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
       strftime('%Y-%m-%dT%H:%M:%fZ', (w.at + 1861920000000000) / 1e6, 'unixepoch'), NULL,
       (SELECT name FROM version_name WHERE version_id = w.version_id), n.name
FROM write w
JOIN run_name n ON n.run_id = w.run_id
JOIN artifact a ON a.id = w.artifact_id;

DROP VIEW labels;
CREATE VIEW labels AS
SELECT a.name AS artifact,
       (SELECT name FROM version_name WHERE version_id = v.id) AS version,
       CASE l.verdict WHEN 0 THEN 'flagged' WHEN 1 THEN 'ok' ELSE 'none' END AS verdict,
       l.reason AS reason,
       l.by AS by,
       strftime('%Y-%m-%dT%H:%M:%fZ', (l.at + 1861920000000000) / 1e6, 'unixepoch') AS at
FROM label l
JOIN version v ON v.id = l.version_id
JOIN artifact a ON a.id = v.artifact_id;
