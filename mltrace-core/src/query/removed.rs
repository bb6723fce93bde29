//! What somebody says of versions that nobody can look for: that they are removed where they lay. It is a remark on the run that
//! wrote them, so that it says who said so and when, and is exported with the run.

use foldhash::HashMap;

use super::name::fits;
use super::subject::{HeldVersion, HoldState, Whereabouts};
use super::{QueryError, Reader};
use crate::model::{ArtifactName, DataSubject, REMOVED, RunId};
use crate::store::{Extent, RunKey};

fn remark(name: &ArtifactName) -> String {
    format!("{REMOVED}{name}")
}

impl Reader<'_> {
    /// Returns the remarks by which somebody says that versions with the data of a subject are removed, each with the run that
    /// it is to be made on. Each text is a name, of which all versions are meant that nobody can look for, or `NAME@VERSION`.
    ///
    /// # Errors
    /// When no version with these data is called so, one is known to be around, or the store does not answer.
    pub fn removals(
        &mut self,
        subject: &DataSubject,
        whereabouts: Whereabouts<'_>,
        texts: &[impl AsRef<str>],
    ) -> Result<Vec<(RunId, String)>, QueryError> {
        let held = self.subject(subject, whereabouts)?.versions;
        let mut remarks: Vec<(RunId, String)> = Vec::new();
        for text in texts.iter().map(AsRef::as_ref) {
            let meant = self.held_as(&held, text);
            if meant.is_empty() {
                return Err(QueryError::NotFound { kind: "version", name: text.to_owned() });
            }
            if let Some(there) = meant.iter().find(|of| matches!(of.state, HoldState::Live | HoldState::There)) {
                return Err(QueryError::StillThere { name: text.to_owned(), why: there.because.clone() });
            }
            let unknown = meant.into_iter().filter(|of| of.state == HoldState::Unknown);
            remarks.extend(unknown.map(|of| (of.written_by, remark(&of.artifact.name))));
        }
        remarks.sort_unstable();
        remarks.dedup();
        Ok(remarks)
    }

    /// Returns the versions that a text means: all of a name, or one.
    fn held_as<'h>(&self, held: &'h [HeldVersion], text: &str) -> Vec<&'h HeldVersion> {
        let called = |text: &str| {
            let names = self.meant(text);
            held.iter().filter(move |of| names.contains(&of.artifact.name))
        };
        let named: Vec<&HeldVersion> = called(text).collect();
        match text.rsplit_once('@').filter(|_| named.is_empty()) {
            Some((name, wanted)) => called(name).filter(|of| fits(&of.artifact.version, wanted).is_some()).collect(),
            None => named,
        }
    }

    /// Takes those of some versions that nobody can look for as gone of which somebody said so.
    pub(super) fn take_as_removed(&mut self, held: &mut [HeldVersion]) -> Result<(), QueryError> {
        let mut runs: HashMap<RunId, RunKey> = HashMap::default();
        for of in held.iter().filter(|of| of.state == HoldState::Unknown) {
            runs.extend(self.store.run(of.written_by)?.map(|key| (of.written_by, key)));
        }
        let keys: Vec<RunKey> = runs.into_values().collect();
        let mut said: HashMap<(RunId, String), String> = HashMap::default();
        for run in self.store.details(&keys, Extent::Notes)? {
            for note in run.notes.into_iter().filter(|note| note.text.starts_with(REMOVED)) {
                let who = note.by.map_or_else(|| "somebody".to_owned(), |by| format!("`{by}`"));
                said.entry((run.row.id, note.text))
                    .or_insert_with(|| format!("{who} said at {} that it is removed there", note.at));
            }
        }
        for of in held.iter_mut().filter(|of| of.state == HoldState::Unknown) {
            if let Some(because) = said.get(&(of.written_by, remark(&of.artifact.name))) {
                (of.state, of.because) = (HoldState::Gone, because.clone());
            }
        }
        Ok(())
    }
}
