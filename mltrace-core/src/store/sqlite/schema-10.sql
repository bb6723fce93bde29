-- Schema 10: what is the same thing for all projects of a store, and which folders hold a content.

-- The projects that name an artifact which is for all of them (a URI, an absolute path), beside the one of its row.
CREATE TABLE also_in (
    project_id  INTEGER NOT NULL REFERENCES project (id),
    artifact_id INTEGER NOT NULL REFERENCES artifact (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, artifact_id)
) WITHOUT ROWID;
CREATE INDEX also_in_by_artifact ON also_in (artifact_id);

-- Which artifacts of one name are one: the first of them takes the rows of the others.
CREATE TABLE same AS
SELECT o.id AS old, n.id AS new, o.project_id AS project_id FROM artifact o
JOIN artifact n ON n.id = (SELECT min(f.id) FROM project p CROSS JOIN artifact f ON f.project_id = p.id AND f.name = o.name)
WHERE o.id <> n.id AND (o.name GLOB '/*' OR (instr(o.name, ':/') > 2 AND o.name GLOB '[a-zA-Z]*'
    AND substr(o.name, 1, instr(o.name, ':/') - 1) NOT GLOB '*[^a-zA-Z0-9+.:-]*'));
CREATE INDEX same_old ON same (old);
INSERT INTO also_in (project_id, artifact_id) SELECT project_id, new FROM same;

-- Of a version that several had, too, the first takes all that refers to the others.
CREATE TABLE alike AS
SELECT v.id AS old, min(k.id) AS new, v.size AS size FROM version v
LEFT JOIN same s ON s.old = v.artifact_id
JOIN version k ON k.tail = v.tail AND k.id_kind = v.id_kind AND k.id_value = v.id_value
    AND k.artifact_id IN (SELECT coalesce(s.new, v.artifact_id)
        UNION SELECT t.old FROM same t WHERE t.new = coalesce(s.new, v.artifact_id))
WHERE v.artifact_id IN (SELECT old FROM same UNION SELECT new FROM same)
GROUP BY v.id HAVING min(k.id) <> v.id;
CREATE INDEX alike_old ON alike (old);
UPDATE version SET size = (SELECT max(s.size) FROM alike s WHERE s.new = version.id)
WHERE size IS NULL AND id IN (SELECT new FROM alike);
UPDATE read SET seen_id = (SELECT new FROM alike WHERE old = seen_id) WHERE seen_id IN (SELECT old FROM alike);
UPDATE write SET seen_id = (SELECT new FROM alike WHERE old = seen_id) WHERE seen_id IN (SELECT old FROM alike);
UPDATE write SET version_id = (SELECT new FROM alike WHERE old = version_id) WHERE version_id IN (SELECT old FROM alike);
UPDATE label SET version_id = (SELECT new FROM alike WHERE old = version_id) WHERE version_id IN (SELECT old FROM alike);
UPDATE alias SET version_id = (SELECT new FROM alike WHERE old = version_id) WHERE version_id IN (SELECT old FROM alike);
DELETE FROM version WHERE id IN (SELECT old FROM alike);
DROP TABLE alike;
UPDATE version SET artifact_id = (SELECT new FROM same WHERE old = artifact_id) WHERE artifact_id IN (SELECT old FROM same);
UPDATE read SET artifact_id = (SELECT new FROM same WHERE old = artifact_id) WHERE artifact_id IN (SELECT old FROM same);
UPDATE write SET artifact_id = (SELECT new FROM same WHERE old = artifact_id) WHERE artifact_id IN (SELECT old FROM same);
DELETE FROM artifact WHERE id IN (SELECT old FROM same);
DROP TABLE same;

-- There may now be folders around what another project named, and something in them: anyone who asks looks.
UPDATE artifact SET place = 3 WHERE name GLOB '*/*' AND (SELECT count(*) FROM project) > 1;

-- Files that were moved by hand are found by their content, of which the index holds as much as that of versions.
CREATE INDEX folder_entry_by_content ON folder_entry (substr(hash, -4));

-- What earlier versions bound without the other projects and hosts, and without what lies in folders elsewhere, is bound again
-- by the next fold.
INSERT OR IGNORE INTO tally (name, count) SELECT 'to bind', 1 WHERE EXISTS (SELECT 1 FROM read);

-- The folders in which an absolute path is the same file on every host.
CREATE TABLE shared_folder (
    path TEXT PRIMARY KEY
) WITHOUT ROWID;
