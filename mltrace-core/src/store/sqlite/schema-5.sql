-- The runs of a process that is gone whose end may be among the unread records, beside those that `run_running` holds.
CREATE INDEX run_unended ON run (process_id) WHERE status = 5 AND ended_at IS NULL;

-- mark: what became of an output that is no write. 0 missing at the end, 1 unchanged, 2 maybe written, 3 known to a newer
-- version alone; seen_id says what an unchanged one held.
ALTER TABLE write ADD COLUMN mark INTEGER;
CREATE INDEX write_marked ON write (artifact_id) WHERE mark IS NOT NULL;
