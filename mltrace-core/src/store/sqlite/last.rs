//! The one order of moments, as SQL spells it: by time, then by the id of the run, then by the number in the run.

/// Returns the SQL that finds the last write `q` of which a condition holds.
macro_rules! last_write {
    ($condition:literal) => {
        concat!(
            "(SELECT q.id FROM write q JOIN run r ON r.id = q.run_id WHERE ",
            $condition,
            " ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)"
        )
    };
}

/// Returns the SQL that finds a column of the last read `q` of which a condition holds.
macro_rules! last_read {
    ($column:literal, $condition:literal) => {
        concat!(
            "(SELECT ",
            $column,
            " FROM read q JOIN run r ON r.id = q.run_id WHERE ",
            $condition,
            " ORDER BY q.at DESC, r.uuid DESC, q.n DESC LIMIT 1)"
        )
    };
}

pub(super) use {last_read, last_write};
