//! Two projects that turn out to be one, and one that is removed.

use super::bind::bind_again;
use super::settle::settle_parents;
use super::work::Work;
use crate::config::Home;
use crate::store::{Edges, ProjectKey, ProjectRow, Removed, Result, RowsOf, RunKey, Said, Store, StoreError, Writer};

/// By what name a store counts that its projects are to be looked through for those that are one.
const TO_JOIN: &str = "to join";

/// Returns whether a store is to be looked through for projects that are one: in one that several roots share, nobody's
/// folder says so.
pub(super) fn is_to_join(home: &Home, store: &mut dyn Store) -> Result<bool, StoreError> {
    Ok(home.has_own_store() && store.upkeep().tally(TO_JOIN)? > 0)
}

/// Takes all that is known of a project into another one, and binds again what follows from it. The names that it had are
/// names of the other one from now on.
///
/// # Errors
/// When the store takes no rows.
pub fn join(store: &mut dyn Store, from: ProjectKey, into: ProjectKey) -> Result<(), StoreError> {
    store.write(&mut |writer| join_in(writer, from, into))
}

fn join_in(writer: &mut dyn Writer, from: ProjectKey, into: ProjectKey) -> Result<()> {
    writer.keep(Said::Joined(from, into))?;
    let mut rows = writer.run_rows(RowsOf::In(into))?;
    let runs: Vec<RunKey> = rows.iter().map(|(run, _)| *run).collect();
    let works = writer.stored_works(&runs)?;
    // They work on the artifacts of the other project now.
    let mut changed = Vec::new();
    for ((run, row), work) in rows.iter_mut().zip(works) {
        let signature = Work::stored(work).signature();
        if row.component.is_some() && row.signature != signature {
            row.signature = signature;
            changed.push((*run, &*row));
        }
    }
    writer.put_runs(&changed)?;
    settle_parents(writer)?;
    let (reads, _) = writer.edges(Edges::Of(&runs))?;
    bind_again(writer, &reads.into_iter().map(|read| (read.run, read.n)).collect())
}

/// Removes all that is known of a project.
///
/// # Errors
/// When the store takes no rows.
pub fn remove(store: &mut dyn Store, project: ProjectKey) -> Result<(), StoreError> {
    store.write(&mut |writer| {
        let loosened = writer.remove(Removed::Project(project))?;
        bind_again(writer, &loosened.into_iter().collect())
    })
}

/// Joins what earlier versions took for several projects in a store that lies in a root, since its folder was called
/// otherwise then: a folder has one name at a time.
pub(super) fn join_former(home: &Home, store: &mut dyn Store) -> Result<(), StoreError> {
    if !is_to_join(home, store)? {
        return Ok(());
    }
    // Until something is recorded, nobody knows which of them is this root's.
    let Some(own) = store.look().own_project()? else { return Ok(()) };
    let projects = store.look().project_rows()?;
    let recorded: Vec<&ProjectRow> = projects.iter().filter(|project| !project.is_imported).collect();
    let is_one_root = recorded.iter().all(|project| {
        project.identity.is_none() && recorded.iter().all(|other| other.key == project.key || is_apart(project, other))
    });
    for project in recorded.iter().filter(|project| is_one_root && project.key != own) {
        join(store, project.key, own)?;
    }
    store.write(&mut |writer| writer.keep(Said::TallyDone(TO_JOIN)))
}

/// Returns whether all runs of one project began before those of the other.
fn is_apart(one: &ProjectRow, other: &ProjectRow) -> bool {
    one.last < other.first || other.last < one.first
}
