//! What the commands of runs were called with: by that they are compared, and not as one text.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde_json::Value;

use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::lineage;
use crate::model::Code;
use crate::store::{Extent, FactsRow, Look, RunDetail, RunKey, Told};

/// What commands were called with, by run.
#[derive(Default)]
pub(super) struct Commands(HashMap<RunKey, BTreeMap<String, Value>>);

impl Commands {
    /// Looks up those of the runs whose code lies in these files, as far as their text can be read.
    pub(super) fn of<'f>(
        store: &mut dyn Look,
        runs: impl Iterator<Item = (RunKey, Option<&'f str>)>,
    ) -> Result<Self, QueryError> {
        let commands: Vec<RunKey> =
            runs.filter(|(_, file)| *file == Some(Code::COMMAND_LINE)).map(|(run, _)| run).collect();
        let mut found = HashMap::default();
        for some in commands.chunks(AT_ONCE) {
            let details = store.details(some, Extent::Source)?;
            found.extend(details.iter().filter_map(|detail| Some((detail.key, called_with(detail)?))));
        }
        Ok(Self(found))
    }

    /// Puts what a command was called with in place of its text, as further parameters.
    pub(super) fn split<C>(&mut self, run: RunKey, params: &mut BTreeMap<String, Value>, code: &mut Option<C>) {
        let Some(mut arguments) = self.0.remove(&run) else { return };
        arguments.append(params);
        (*params, *code) = (arguments, None);
    }
}

/// Puts what commands were called with in place of their texts, of all these runs.
pub(super) fn split_commands(store: &mut dyn Look, rows: &mut [FactsRow]) -> Result<(), QueryError> {
    let files = rows.iter().map(|row| (row.key, row.code.as_ref().map(|code| code.file.as_str())));
    let mut commands = Commands::of(store, files)?;
    rows.iter_mut().for_each(|row| commands.split(row.key, &mut row.params, &mut row.code));
    Ok(())
}

impl Reader<'_> {
    /// Returns what may make the outputs of these runs differ, of what has names that which has one of these.
    pub(super) fn facts_named(&mut self, runs: &[RunKey], names: &[&str]) -> Result<Vec<FactsRow>, QueryError> {
        let mut rows = self.store.facts(runs, Told::Named(names))?;
        if !names.is_empty() {
            split_commands(self.store, &mut rows)?;
        }
        Ok(rows)
    }
}

fn called_with(detail: &RunDetail) -> Option<BTreeMap<String, Value>> {
    let read = detail.reads.iter().map(|read| read.name.as_str());
    let names: Vec<&str> = read.chain(detail.writes.iter().map(|write| write.name.as_str())).collect();
    lineage::arguments(detail.code.as_ref()?.source.as_deref()?, &names)
}
