//! Spans of OpenTelemetry, in the body of a request or one export a line: each that is a run becomes records.

use std::borrow::Cow;
use std::io::BufRead;

use foldhash::HashSet;
use memchr::memmem;

use super::batch::{apply_line, import_header};
use super::lines;
use super::report::ImportReport;
use super::span_line::{Place, records};
use crate::config::Home;
use crate::host;
use crate::model::{Chosen, Header, Line, Record, RunId, Timestamp};
use crate::naming::Root;
use crate::openlineage::paired;
use crate::otlp::{self, Encoding, Fault, Raw, Resource};
use crate::redact;
use crate::store::{Among, Store, StoreError};

/// How many runs one record of a journal holds at most, and about how many bytes of spans.
const RUNS_AT_ONCE: usize = 500;
const BYTES_AT_ONCE: usize = 1 << 20;
/// How many runs go into one transaction of an import.
const BATCH: usize = 5000;

/// What became of the spans of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanReport {
    /// How many are runs.
    pub runs: u64,
    /// How many are none: they name neither inputs nor outputs.
    pub dropped: u64,
    /// How many can never be taken.
    pub refused: u64,
    /// Why the first of those cannot.
    pub reason: Option<String>,
}

/// Reads the spans of an export; `keep` gets what a journal holds of them without their secrets, with about how many bytes
/// it was, until it returns `false`.
///
/// # Errors
/// When the body can never be understood; nothing of it was kept then.
pub fn spans(
    home: &Home,
    body: &[u8],
    encoding: Encoding,
    keep: &mut dyn FnMut(Record, usize) -> bool,
) -> Result<SpanReport, Fault> {
    let body = match encoding {
        Encoding::Json => whole(body),
        Encoding::Protobuf => Cow::Borrowed(body),
    };
    otlp::each(&body, encoding, &mut |_| true)?;
    let (mut report, mut goes_on) = (SpanReport::default(), true);
    let mut reader = Reader::of(home, &body);
    otlp::each(&body, encoding, &mut |raw| {
        reader.take(raw, &mut report);
        if reader.is_full() {
            goes_on = reader.line().is_none_or(|(line, bytes)| keep(line, bytes));
        }
        goes_on
    })?;
    if let Some((line, bytes)) = reader.line().filter(|_| goes_on) {
        keep(line, bytes);
    }
    Ok(report)
}

/// Returns a text of JSON in which no half of a character stands alone.
fn whole(body: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(body).map(|text| paired(text.trim_start_matches('\u{feff}'))) {
        Ok(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
        Ok(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        // The parser says where it is not UTF-8.
        Err(_) => Cow::Borrowed(body),
    }
}

/// Makes records of spans, one after another.
struct Reader<'b> {
    header: Header,
    root: Root,
    elsewhere: Root,
    host: Option<String>,
    now: Timestamp,
    /// What the last run was from.
    origin: Option<(&'b [u8], Resource)>,
    records: Vec<Record>,
    /// The states of git that are among the records.
    gits: HashSet<String>,
    runs: usize,
    bytes: usize,
}

impl<'b> Reader<'b> {
    fn of(home: &Home, body: &[u8]) -> Self {
        let (project, identity) = (home.project.clone(), home.identity.clone());
        let mut header = Header { identity, at: None, ..import_header(&project) };
        redact::header(&mut header);
        Self {
            header,
            root: root(home, body),
            elsewhere: Root::unknown(),
            host: host::name(),
            now: Timestamp::now(),
            origin: None,
            records: Vec::new(),
            gits: HashSet::default(),
            runs: 0,
            bytes: 0,
        }
    }

    /// Takes a span; returns the run that it is.
    fn take(&mut self, raw: Raw<'b>, report: &mut SpanReport) -> Option<RunId> {
        match self.records_of(raw) {
            Ok(None) => report.dropped = report.dropped.saturating_add(1),
            Ok(Some(records)) => {
                report.runs = report.runs.saturating_add(1);
                self.runs = self.runs.saturating_add(1);
                self.bytes = self.bytes.saturating_add(raw.length());
                let run = records.iter().find_map(|record| match record {
                    Record::Start(start) => Some(start.run),
                    _ => None,
                });
                let gits = &mut self.gits;
                let is_new = |record: &Record| match record {
                    Record::Git(git) => gits.insert(git.key.clone()),
                    _ => true,
                };
                self.records.extend(records.into_iter().filter(is_new));
                return run;
            }
            Err(reason) => {
                report.refused = report.refused.saturating_add(1);
                report.reason.get_or_insert(reason);
            }
        }
        None
    }

    fn records_of(&mut self, raw: Raw<'b>) -> Result<Option<Vec<Record>>, String> {
        if !raw.may_be_run() {
            return Ok(None);
        }
        let Some(span) = raw.span()? else { return Ok(None) };
        let is_of_last = self.origin.as_ref().is_some_and(|(origin, _)| std::ptr::eq(*origin, raw.origin()));
        if !is_of_last {
            self.origin = Some((raw.origin(), raw.resource()));
        }
        let Some((_, resource)) = &self.origin else { return Ok(None) };
        let Self { root, elsewhere, host, header, now, .. } = &*self;
        let place = Place { project: &header.project, root, elsewhere, host: host.as_deref() };
        records(span, resource, &place, *now).map(Some)
    }

    fn is_full(&self) -> bool {
        self.runs >= RUNS_AT_ONCE || self.bytes >= BYTES_AT_ONCE
    }

    /// Returns what was taken as one record of a journal, and about how many bytes it was.
    fn line(&mut self) -> Option<(Record, usize)> {
        let records = std::mem::take(&mut self.records);
        let bytes = std::mem::take(&mut self.bytes);
        self.runs = 0;
        self.gits.clear();
        let line = Line { header: self.header.clone(), records, chosen: Chosen::default() };
        (!line.records.is_empty()).then_some((Record::Line(line), bytes))
    }
}

/// Returns the folder that the names of an export are relative to, which may name it through a link or as it lies.
fn root(home: &Home, body: &[u8]) -> Root {
    let is_given = memmem::find(body, home.root.as_os_str().as_encoded_bytes()).is_some();
    let lies = (!is_given).then(|| home.root.canonicalize().ok()).flatten();
    Root::as_written(lies.as_deref().unwrap_or(&home.root))
}

/// Stores the spans of exports, one in JSON a line, as the collector's file exporter writes them; wrong lines and spans are
/// reported and the rest lands. `progress` gets the number of lines that were read so far. Runs are counted, not lines.
///
/// # Errors
/// When the store does not take the rows.
pub fn import_spans(
    home: &Home,
    store: &mut dyn Store,
    lines: &mut dyn BufRead,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, StoreError> {
    let header = Reader::of(home, &[]).header;
    let mut batch = Batch { home, store, header, records: Vec::new(), runs: HashSet::default(), again: 0 };
    lines::land_all(lines, &mut batch, progress)
}

/// Runs that are stored in one transaction.
struct Batch<'i> {
    home: &'i Home,
    store: &'i mut dyn Store,
    header: Header,
    records: Vec<Record>,
    runs: HashSet<RunId>,
    /// How many spans came more than once.
    again: u64,
}

impl lines::Batch for Batch<'_> {
    fn take(&mut self, line: &[u8], report: &mut ImportReport) -> Result<(), StoreError> {
        let body = whole(line.trim_ascii());
        if body.is_empty() {
            return Ok(());
        }
        let mut reader = Reader::of(self.home, &body);
        let mut found = SpanReport::default();
        let read = otlp::each(&body, Encoding::Json, &mut |raw| {
            if let Some(run) = reader.take(raw, &mut found)
                && !self.runs.insert(run)
            {
                self.again = self.again.saturating_add(1);
            }
            true
        });
        self.records.append(&mut reader.records);
        let wrong = read.err().map(|fault| fault.to_string());
        let some = || Some(format!("{} of its spans: {}", found.refused, found.reason.as_deref()?));
        if let Some(reason) = wrong.or_else(some) {
            report.refuse(report.lines, reason);
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn is_full(&self) -> bool {
        self.runs.len() >= BATCH
    }

    fn land(&mut self, report: &mut ImportReport) -> Result<(), StoreError> {
        let runs: Vec<RunId> = self.runs.drain().collect();
        let mut known = 0;
        self.store.write(&mut |writer| {
            known = writer.run_rows(crate::store::RowsOf::Ids(&runs))?.len();
            known = known.saturating_add(writer.among(&runs, Among::Forgotten)?.len());
            apply_line(writer, &self.header, &self.records, &Chosen::default())
        })?;
        self.records.clear();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        report.known = report.known.saturating_add(count(known)).saturating_add(std::mem::take(&mut self.again));
        report.stored = report.stored.saturating_add(count(runs.len().saturating_sub(known)));
        Ok(())
    }
}
