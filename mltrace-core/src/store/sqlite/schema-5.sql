-- The runs of a process that is gone whose end may be among the unread records, beside those that `run_running` holds.
CREATE INDEX run_unended ON run (process_id) WHERE status = 5 AND ended_at IS NULL;
