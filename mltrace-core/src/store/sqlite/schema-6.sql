-- Schema 6: what was measured and checked. Told twice, a fact is one.

-- step: the smallest integer where there is none. about: the artifact's name, empty where it is the run as a whole. value: the
-- number as it was written.
CREATE TABLE metric (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    about  TEXT NOT NULL,
    step   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (run_id, name, about, step, at, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX metric_by_name ON metric (name, run_id);

-- outcome: 0 passed, 1 failed, 2 errored; severity: 0 warn, 1 error
CREATE TABLE check_result (
    run_id   INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    about    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    outcome  INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    message  TEXT,
    PRIMARY KEY (run_id, name, about, at, outcome)
) STRICT, WITHOUT ROWID;
CREATE INDEX check_not_passed ON check_result (run_id) WHERE outcome <> 0;

CREATE VIEW metrics AS
SELECT n.name AS run, c.name AS component, m.name AS metric, CASE WHEN m.value GLOB '*[0-9]*' THEN CAST(m.value AS REAL) END AS value, m.value AS text,
       CASE WHEN m.step > -9223372036854775808 THEN m.step END AS step, nullif(m.about, '') AS artifact,
       strftime('%Y-%m-%dT%H:%M:%fZ', (m.at + 1861920000000000) / 1e6, 'unixepoch') AS at
FROM metric m
JOIN run r ON r.id = m.run_id
JOIN run_name n ON n.run_id = r.id
JOIN component c ON c.id = r.component_id;

CREATE VIEW checks AS
SELECT n.name AS run, c.name AS component, k.name AS "check",
       CASE k.outcome WHEN 0 THEN 'passed' WHEN 1 THEN 'failed' ELSE 'errored' END AS outcome,
       CASE k.severity WHEN 0 THEN 'warn' ELSE 'error' END AS severity,
       k.message AS message, nullif(k.about, '') AS artifact,
       strftime('%Y-%m-%dT%H:%M:%fZ', (k.at + 1861920000000000) / 1e6, 'unixepoch') AS at
FROM check_result k
JOIN run r ON r.id = k.run_id
JOIN run_name n ON n.run_id = r.id
JOIN component c ON c.id = r.component_id;
-- What tells a project from others of a store that several roots share: the name that its settings give, its repository, or
-- its host and folder. Two checkouts of one repository are one project; two folders of one name are not.
CREATE TABLE project_identity (
    identity   TEXT PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id)
) WITHOUT ROWID;

-- The files in every folder of a content; is_whole: whether these are all.
CREATE TABLE folder (
    id       INTEGER PRIMARY KEY,
    hash     BLOB NOT NULL UNIQUE,
    is_whole INTEGER NOT NULL
);
CREATE TABLE folder_entry (
    folder_id INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    hash      BLOB NOT NULL,
    PRIMARY KEY (folder_id, name)
) WITHOUT ROWID;

-- What earlier versions took for several projects, as the folder was called otherwise, is joined by the next fold.
INSERT INTO tally (name, count) SELECT 'to join', 1 WHERE (SELECT count(*) FROM project) > 1;
