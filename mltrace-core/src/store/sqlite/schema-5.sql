-- A file that was cut may hold another record at the same place.
CREATE TABLE unread_5 (
    journal TEXT NOT NULL,
    place INTEGER NOT NULL,
    process TEXT,
    kept_by INTEGER NOT NULL,
    is_applied INTEGER NOT NULL,
    header TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (journal, place, record)
) STRICT, WITHOUT ROWID;
INSERT INTO unread_5 SELECT journal, place, process, kept_by, is_applied, header, record FROM unread;
DROP TABLE unread;
ALTER TABLE unread_5 RENAME TO unread;
CREATE INDEX unread_kept_by ON unread (kept_by);
CREATE INDEX unread_process ON unread (process);
-- The runs of a process that is gone whose end may be among the unread records, beside those that `run_running` holds.
CREATE INDEX run_unended ON run (process_id) WHERE status = 5 AND ended_at IS NULL;

-- mark: what became of an output that is no write. 0 missing at the end, 1 unchanged, 2 maybe written, 3 known to a newer
-- version alone; seen_id says what an unchanged one held.
ALTER TABLE write ADD COLUMN mark INTEGER;
CREATE INDEX write_marked ON write (artifact_id) WHERE mark IS NOT NULL;

-- What a run that is taken back was like.
CREATE INDEX read_by_like ON read (like_id) WHERE like_id IS NOT NULL;

-- Every name that a project has or had; `project.name` is the one that people read. `meta.own_project` holds the key of the
-- project whose root the store lies in.
CREATE TABLE project_name (
    name       TEXT PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id)
) WITHOUT ROWID;
INSERT INTO project_name (name, project_id) SELECT name, id FROM project;

-- Whether nobody said when the run began: its started_at gives way to what somebody says.
ALTER TABLE run ADD COLUMN is_start_chosen INTEGER NOT NULL DEFAULT 0;

-- Reads of such runs that have no time of their own: they move with the start.
CREATE TABLE untimed (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n      INTEGER NOT NULL,
    PRIMARY KEY (run_id, n)
) WITHOUT ROWID;

-- place: 1 when a folder around the artifact may be known, 2 when something in it may be, 3 both: all others are spared
-- the search.
ALTER TABLE artifact ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
UPDATE artifact SET place = 2 WHERE EXISTS (
    SELECT 1 FROM artifact m WHERE m.project_id = artifact.project_id
    AND m.name > artifact.name || '/' AND m.name < artifact.name || '0');
UPDATE artifact SET place = place | 1 WHERE id IN (
    SELECT m.id FROM artifact f JOIN artifact m ON m.project_id = f.project_id
    AND m.name > f.name || '/' AND m.name < f.name || '0' WHERE f.place = 2);
UPDATE artifact SET place = place | 2 WHERE name = '.';
UPDATE artifact SET place = place | 1 WHERE name <> '.' AND EXISTS (
    SELECT 1 FROM artifact f WHERE f.project_id = artifact.project_id AND f.name = '.');

-- Further writes that a read saw: of a folder around what was read, and of what lies in it.
CREATE TABLE part (
    run_id   INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    n        INTEGER NOT NULL,
    write_id INTEGER NOT NULL REFERENCES write (id),
    PRIMARY KEY (run_id, n, write_id)
) WITHOUT ROWID;
CREATE INDEX part_by_write ON part (write_id);

-- Runs inside others, and the writes of runs that only named what a run inside them wrote: those are no versions.
CREATE INDEX run_by_parent ON run (parent) WHERE parent IS NOT NULL;
CREATE TABLE echo (
    write_id INTEGER PRIMARY KEY REFERENCES write (id) ON DELETE CASCADE,
    inner_id INTEGER NOT NULL REFERENCES write (id) ON DELETE CASCADE
);
CREATE INDEX echo_by_inner ON echo (inner_id);

-- What earlier versions bound by names alone, without a look inside, and with the clocks of several hosts taken for one, is
-- bound again by the next fold.
INSERT INTO tally (name, count) SELECT 'to bind', 1
WHERE EXISTS (SELECT 1 FROM artifact WHERE place <> 0) OR EXISTS (SELECT 1 FROM run WHERE parent IS NOT NULL)
OR (SELECT count(DISTINCT host) FROM process) > 1;

DROP VIEW edges;
CREATE VIEW edges AS
SELECT (SELECT name FROM run_name WHERE run_id = r.id) AS run,
       'read' AS direction,
       a.name AS artifact,
       (SELECT g.name FROM argument g WHERE g.id = d.argument_id) AS argument,
       strftime('%Y-%m-%dT%H:%M:%fZ', (d.at + 1861920000000000) / 1e6, 'unixepoch') AS at,
       CASE d.bound WHEN 0 THEN 'content' WHEN 1 THEN 'declaration' WHEN 2 THEN 'copy' WHEN 3 THEN 'time'
                    WHEN 5 THEN 'inside' ELSE 'unknown_writer' END AS bound,
       (SELECT name FROM version_name
        WHERE version_id = coalesce(d.seen_id, (SELECT w.version_id FROM write w WHERE w.id = d.write_id))) AS version,
       (SELECT n.name FROM write w JOIN run_name n ON n.run_id = w.run_id WHERE w.id = d.write_id) AS written_by
FROM read d
JOIN run r ON r.id = d.run_id
JOIN artifact a ON a.id = d.artifact_id
UNION ALL
SELECT n.name, 'inside', a.name, (SELECT g.name FROM argument g WHERE g.id = d.argument_id),
       strftime('%Y-%m-%dT%H:%M:%fZ', (d.at + 1861920000000000) / 1e6, 'unixepoch'), 'inside',
       (SELECT name FROM version_name WHERE version_id = w.version_id),
       (SELECT name FROM run_name WHERE run_id = w.run_id)
FROM part p
JOIN read d ON d.run_id = p.run_id AND d.n = p.n
JOIN write w ON w.id = p.write_id
JOIN run_name n ON n.run_id = p.run_id
JOIN artifact a ON a.id = w.artifact_id
UNION ALL
SELECT n.name, 'write', a.name, (SELECT g.name FROM argument g WHERE g.id = w.argument_id),
       strftime('%Y-%m-%dT%H:%M:%fZ', (w.at + 1861920000000000) / 1e6, 'unixepoch'), NULL,
       (SELECT name FROM version_name WHERE version_id = w.version_id), n.name
FROM write w
JOIN run_name n ON n.run_id = w.run_id
JOIN artifact a ON a.id = w.artifact_id;
