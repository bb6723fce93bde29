//! Records that are taken into a transaction together, and the header of what a person imports.

use super::apply::Applier;
use crate::journal;
use crate::model::{Header, Record, Timestamp};
use crate::store::{StoreError, Writer};

/// Applies records and works out what follows from them; returns how many runs they touched.
pub(super) fn apply_all(writer: &mut dyn Writer, header: &Header, records: &[Record]) -> Result<usize, StoreError> {
    let mut applier = Applier::new(writer, header, records)?;
    for record in records {
        applier.apply(record)?;
    }
    applier.finish()
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
