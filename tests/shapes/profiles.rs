//! Profiles of the tables that a function reads and writes.

use std::path::{Path, PathBuf};

use crate::{here, run_of};

#[mltrace::register(inputs = [raw], outputs = [clean, log], profile = [raw, clean])]
fn cleaned(raw: &Path) -> std::io::Result<PathBuf> {
    let clean = raw.with_file_name("profiled.csv");
    std::fs::copy(raw, &clean)?;
    let log = raw.with_file_name("unprofiled.csv");
    std::fs::write(&log, "line\n1\n")?;
    Ok(clean)
}

#[test]
fn what_the_attribute_lists_has_a_profile_by_the_time_it_is_asked_for() {
    let raw = here().join("profiled.ndjson");
    std::fs::write(&raw, "{\"zone\": \"JFK\", \"fare\": 2.5}\n{\"zone\": \"EWR\"}\n").unwrap();
    cleaned(&raw).unwrap();
    assert_eq!(run_of("cleaned").status.as_str(), "completed");
    let found = mltrace::profile("profiled.ndjson", None).unwrap();
    assert!(!found.is_read_now);
    assert_eq!((found.profile.rows, found.profile.column("fare").unwrap().nulls), (2, 1));
    assert!(!mltrace::profile("profiled.csv", None).unwrap().is_read_now);
    assert!(mltrace::profile("unprofiled.csv", None).unwrap().is_read_now);
}
