//! The runs of MLflow, from its server, its database or its files.

mod run;

mod source;

mod line;

mod files;

mod database;

mod server;

mod artifacts;

mod aliases;

use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

use self::artifacts::Artifacts;
use self::run::{Registry, Run};
pub use self::server::{Ask, Unasked};
use self::source::Source;
pub use self::source::{MlflowError, MlflowOptions};
use crate::config::Home;
use crate::ingest::{self, ImportReport};
use crate::store::Store;

/// Where MLflow keeps runs.
pub enum Place<'p> {
    /// In a database of SQLite.
    Database(PathBuf),
    /// In a folder of files.
    Files(PathBuf),
    /// Behind a server.
    Server(&'p mut dyn Ask),
}

/// What an import of runs did.
#[derive(Debug, Default)]
pub struct MlflowReport {
    /// How many runs were left out because they were deleted.
    pub deleted: u64,
    /// How many aliases were moved.
    pub aliases: u64,
    /// What became of the runs; of each that was refused, why.
    pub runs: ImportReport,
}

/// Stores the runs of MLflow, and points the aliases of its models to their versions. `progress` receives how many runs were
/// read so far.
///
/// # Errors
/// When the runs cannot be read, or the store does not take them.
pub fn import(
    home: &Home,
    store: &mut dyn Store,
    place: Place<'_>,
    options: MlflowOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<MlflowReport, MlflowError> {
    // What only the superuser may read is not to be reported in somebody else's project. A thread inherits the rights.
    let _rights = home.rights().map_err(|error| MlflowError::Unread(error.to_string()))?;
    let mut source: Box<dyn Source + '_> = match place {
        Place::Database(path) => Box::new(database::Database::open(&path)?),
        Place::Files(folder) => Box::new(files::Files::open(folder)?),
        Place::Server(ask) => Box::new(server::Server::of(ask, options)?),
    };
    let registry = source.registry()?;
    let mut report = MlflowReport::default();
    let (send, batches) = mpsc::sync_channel(1);
    // While one batch is stored the next is read: a server takes longer for it than the store.
    thread::scope(|threads| {
        threads.spawn(move || read_all(&mut *source, options, &send));
        for batch in batches {
            store_batch(home, store, batch?, &registry, &mut report)?;
            progress(report.runs.lines);
        }
        Ok::<_, MlflowError>(())
    })?;
    report.aliases = aliases::move_all(home, store, &registry, &mut report.runs)?;
    Ok(report)
}

/// Some runs, each with what lies at the top of the folder of its artifacts, and how many beside them were left out.
struct Batch {
    runs: Vec<(Run, Vec<String>)>,
    deleted: usize,
}

/// Reads batch after batch until there are no more, or nobody takes one.
fn read_all(source: &mut dyn Source, options: MlflowOptions, send: &SyncSender<Result<Batch, MlflowError>>) {
    loop {
        let batch = read(source, options).transpose();
        let is_last = !matches!(batch, Some(Ok(_)));
        if batch.is_some_and(|batch| send.send(batch).is_err()) || is_last {
            break;
        }
    }
}

fn read(source: &mut dyn Source, options: MlflowOptions) -> Result<Option<Batch>, MlflowError> {
    let runs = source.next()?;
    if runs.is_empty() {
        return Ok(None);
    }
    let all = runs.len();
    let taken = runs.into_iter().filter(|run| options.takes_deleted || !run.is_deleted);
    let with_artifacts = taken.map(|run| {
        let asked = if options.asks_artifacts { source.artifacts(&run)? } else { Vec::new() };
        Ok((run, asked))
    });
    let runs: Vec<_> = with_artifacts.collect::<Result<_, MlflowError>>()?;
    let deleted = all.saturating_sub(runs.len());
    Ok(Some(Batch { runs, deleted }))
}

fn store_batch(
    home: &Home,
    store: &mut dyn Store,
    batch: Batch,
    registry: &Registry,
    report: &mut MlflowReport,
) -> Result<(), MlflowError> {
    report.deleted = report.deleted.saturating_add(batch.deleted as u64);
    let (mut text, mut ids) = (String::new(), Vec::new());
    for (run, asked) in batch.runs {
        let registered = registry.of(&run.id);
        text.push_str(&line::line(&run, &Artifacts::of(&run, asked, registered), registered));
        text.push('\n');
        ids.push(run.id);
    }
    let mut stored = ingest::import(home, store, &mut text.as_bytes(), &mut |_| {})?;
    for (line, reason) in &mut stored.errors {
        let of = usize::try_from(*line).ok().and_then(|line| ids.get(line.checked_sub(1)?));
        if let Some(id) = of.filter(|_| !reason.starts_with("run ")) {
            *reason = format!("run {id}: {reason}");
        }
    }
    report.runs.add(stored);
    Ok(())
}
