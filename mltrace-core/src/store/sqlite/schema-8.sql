-- Schema 8: what tasks put out, and what became of it, by id; and what was observed many times in a run.

CREATE TABLE task (
    id         INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES project (id),
    name       TEXT NOT NULL,
    UNIQUE (project_id, name)
) STRICT;

-- made: the output; told: what became of it. Of each the last word is kept. A number is stored as one where it comes back as
-- it was written, and as text otherwise. run: the id of the run that made the output, which may be unknown here.
CREATE TABLE task_case (
    id      INTEGER PRIMARY KEY,
    task_id INTEGER NOT NULL REFERENCES task (id),
    name    TEXT NOT NULL,
    made_at INTEGER,
    made    ANY,
    told_at INTEGER,
    told    ANY,
    run     BLOB,
    UNIQUE (task_id, name)
) STRICT;
CREATE INDEX task_case_by_time ON task_case (task_id, made_at);
CREATE INDEX task_case_by_run ON task_case (run) WHERE run IS NOT NULL;

CREATE VIEW task_outputs AS
SELECT p.name AS project, t.name AS task, c.name AS id, c.made AS output,
       strftime('%Y-%m-%dT%H:%M:%fZ', (c.made_at + 1861920000000000) / 1e6, 'unixepoch') AS at,
       c.told AS feedback,
       strftime('%Y-%m-%dT%H:%M:%fZ', (c.told_at + 1861920000000000) / 1e6, 'unixepoch') AS feedback_at,
       (c.told_at - c.made_at) / 1e6 AS lag_s,
       CASE WHEN c.run IS NOT NULL THEN lower(substr(hex(c.run), 1, 8) || '-' || substr(hex(c.run), 9, 4) || '-'
           || substr(hex(c.run), 13, 4) || '-' || substr(hex(c.run), 17, 4) || '-' || substr(hex(c.run), 21)) END AS run
FROM task_case c
JOIN task t ON t.id = c.task_id
JOIN project p ON p.id = t.project_id;


-- body: the observation as JSON; count: how many values there were, by which of two of a name the fuller one is known.
CREATE TABLE observation (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    count  INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW observations AS
SELECT n.name AS run, c.name AS component, o.name AS observation, o.count AS count,
       json_extract(o.body, '$.is_whole') AS is_whole,
       coalesce(json_extract(o.body, '$.missing'), 0) AS missing, coalesce(json_extract(o.body, '$.nans'), 0) AS nans,
       coalesce(json_extract(o.body, '$.infinite'), 0) AS infinite,
       json_extract(o.body, '$.spread.min') AS min, json_extract(o.body, '$.spread.max') AS max,
       json_extract(o.body, '$.spread.sum') AS sum
FROM observation o
JOIN run r ON r.id = o.run_id
JOIN run_name n ON n.run_id = r.id
JOIN component c ON c.id = r.component_id;
