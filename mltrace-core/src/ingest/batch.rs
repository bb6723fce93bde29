//! Records that are taken into a transaction together, and the header of what a person imports.

use super::apply::Applier;
use crate::journal;
use crate::model::{Chosen, Header, Line, Record, RunId, Timestamp, WriteFact};
use crate::store::{StoreError, Writer};

/// Applies records and works out what follows from them; returns how many runs they touched.
pub(super) fn apply_all(writer: &mut dyn Writer, header: &Header, records: &[Record]) -> Result<usize, StoreError> {
    let mut applier = Applier::new(writer, header, records)?;
    for record in records {
        applier.apply(record)?;
    }
    applier.finish()
}

/// Applies a line of an import, which may be a part of what is known of a run.
pub(super) fn apply_line(
    writer: &mut dyn Writer,
    header: &Header,
    records: &[Record],
    chosen: &Chosen,
) -> Result<(), StoreError> {
    let mut applier = Applier::new(writer, header, records)?.of_line(chosen);
    for record in records {
        applier.apply(record)?;
    }
    applier.finish().map(drop)
}

/// Returns records that are of this project, whatever the project of the process is that writes them down.
#[must_use]
pub fn of_project(project: &str, records: Vec<Record>) -> Vec<Record> {
    let line = |record| Line { header: import_header(project), records: vec![record], chosen: Chosen::default() };
    records.into_iter().map(|record| Record::Line(line(record))).collect()
}

/// Returns what a run of a project wrote, reported after it: its number gives way where it is taken.
#[must_use]
pub fn of_run(project: &str, run: RunId, write: WriteFact) -> Record {
    let chosen = Chosen { start: false, numbers: [write.n].into() };
    Record::Line(Line { header: import_header(project), records: vec![Record::Write { run, write }], chosen })
}

/// Returns the header of what a person imports: no process stands behind it.
pub(super) fn import_header(project: &str) -> Header {
    Header {
        format: journal::FORMAT,
        minor: journal::MINOR,
        project: project.to_owned(),
        at: Some(Timestamp::now()),
        writer: env!("CARGO_PKG_VERSION").to_owned(),
        ..Header::default()
    }
}
