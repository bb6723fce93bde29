//! Events that are sent or lie in a file, one JSON object a line: each becomes a record.

use std::io::BufRead;

use super::events::apply_events;
use super::lines;
use super::report::ImportReport;
use crate::config::Home;
use crate::model::{EventFact, Record, Timestamp};
use crate::openlineage::{Event, Fault, last_moment, paired};
use crate::redact;
use crate::store::{Store, StoreError};

/// How many events go into one transaction, and about how many bytes of them.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 4 << 20;

/// Returns the record of an OpenLineage event for a journal, without its secrets.
///
/// # Errors
/// When it can never be understood: which field is missing or wrong.
pub fn event(home: &Home, body: &str) -> Result<Record, Fault> {
    dated(home, body).map(|(_, record)| record)
}

/// Returns the record of an event, and the last moment that it names.
fn dated(home: &Home, body: &str) -> Result<(Timestamp, Record), Fault> {
    let body = paired(body.trim_start_matches('\u{feff}').trim());
    let at = last_moment(&Event::parse(&body)?);
    let (project, identity) = (home.project.clone(), home.identity.clone());
    let mut event = EventFact { project, identity, root: root(home, &body), body: body.into_owned() };
    // Each facet is read when somebody asks for it; secrets are looked for in all of them.
    if !redact::event(&mut event) {
        return Err(Fault::unreadable());
    }
    Ok((at, Record::Event(event)))
}

/// Returns the folder of the project as an event writes it, which may name it through a link or as it lies.
fn root(home: &Home, body: &str) -> String {
    let given = home.root.to_string_lossy();
    let lies = (!body.contains(&*given)).then(|| home.root.canonicalize().ok()).flatten();
    lies.map_or_else(|| given.into_owned(), |lies| lies.to_string_lossy().into_owned())
}

/// Stores OpenLineage events, one a line; wrong lines are reported and the rest lands. `progress` gets the number of
/// lines that were read so far.
///
/// # Errors
/// When the store does not take the rows.
pub fn import_events(
    home: &Home,
    store: &mut dyn Store,
    lines: &mut dyn BufRead,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, StoreError> {
    lines::land_all(lines, &mut Batch { home, store, events: Vec::new(), bytes: 0 }, progress)
}

/// Events that are stored in one transaction.
struct Batch<'i> {
    home: &'i Home,
    store: &'i mut dyn Store,
    events: Vec<EventFact>,
    bytes: usize,
}

impl lines::Batch for Batch<'_> {
    fn take(&mut self, line: &[u8], report: &mut ImportReport) -> Result<(), StoreError> {
        match taken(self.home, line) {
            Ok(event) => self.events.extend(event),
            Err(reason) => report.refuse(report.lines, reason),
        }
        self.bytes = self.bytes.saturating_add(line.len());
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    fn is_full(&self) -> bool {
        self.events.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn land(&mut self, report: &mut ImportReport) -> Result<(), StoreError> {
        let events: Vec<&EventFact> = self.events.iter().collect();
        let mut new = 0;
        self.store.write(&mut |writer| {
            new = apply_events(writer, &events)?;
            Ok(())
        })?;
        let all = u64::try_from(events.len()).unwrap_or(u64::MAX);
        report.stored = report.stored.saturating_add(new);
        report.known = report.known.saturating_add(all.saturating_sub(new));
        self.events.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// Returns the event of a line; `None` for an empty one.
fn taken(home: &Home, line: &[u8]) -> Result<Option<EventFact>, String> {
    let text = std::str::from_utf8(line).map_err(|error| format!("it is not UTF-8: {error}"))?;
    if text.trim_start_matches('\u{feff}').trim().is_empty() {
        return Ok(None);
    }
    let (at, record) = dated(home, text).map_err(|fault| fault.to_string())?;
    if at.is_ahead_of(Timestamp::now()) {
        return Err(format!("it names {at}, a time more than a day ahead of the clock"));
    }
    match record {
        Record::Event(event) => Ok(Some(event)),
        _ => Ok(None),
    }
}
