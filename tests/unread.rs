//! A table that this build does not read: it is recorded as any file, and asked what is in it, the answer says why it is not
//! known.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::path::Path;

use mltrace_core::model::TableFormat;
use mltrace_core::profile::is_readable;

#[mltrace::register(outputs = [table], profile = [table])]
fn export(table: &Path) -> std::io::Result<()> {
    std::fs::write(table, "PAR1, and nothing that is a table")
}

#[test]
fn what_is_in_a_table_that_is_not_read_is_not_known_and_the_reason_is_said() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".mltrace")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "it is what a process is recorded by, and set before the first run")]
    std::env::set_current_dir(&folder).unwrap();
    export(Path::new("rides.parquet")).unwrap();
    let told = mltrace::profile("rides.parquet", None).unwrap_err().to_string();
    // All that is built together has the same features.
    let wanted = match is_readable(TableFormat::Parquet) {
        true => "no table can be read from `rides.parquet`: it is no Parquet file",
        false => "no profile of `rides.parquet` is known, and this build of mltrace does not read Parquet",
    };
    assert!(told.starts_with(wanted), "{told}");
    assert!(is_readable(TableFormat::Csv) && is_readable(TableFormat::Ndjson));
}
