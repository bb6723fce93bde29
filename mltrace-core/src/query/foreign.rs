//! What the artifacts of other projects are called in answers about this one: as one asks for them here.

use foldhash::HashMap;

use super::fresher::Detail;
use super::{QueryError, Reader};
use crate::model::{ArtifactName, is_everybodys};
use crate::store::ProjectKey;

impl Reader<'_> {
    /// Names what is another project's with that project, in what these runs read and wrote.
    pub(super) fn name_foreign(&mut self, details: &mut [Detail]) -> Result<(), QueryError> {
        if !self.is_shared()? {
            return Ok(());
        }
        let (projects, of) = (self.store.projects()?, self.project()?);
        let others: HashMap<ProjectKey, String> =
            projects.into_iter().filter(|(project, _)| Some(*project) != of).collect();
        for Detail { run, .. } in details {
            let own = others.get(&run.row.project);
            for read in &mut run.reads {
                let other = read.write.iter_mut().chain(read.like.as_deref_mut()).chain(&mut read.parts);
                for write in other {
                    let of = others.get(&write.project);
                    write.name.iter_mut().for_each(|name| call(name, of));
                }
                call(&mut read.name, own);
            }
            run.writes.iter_mut().for_each(|write| call(&mut write.name, own));
        }
        self.others = others.into_values().collect();
        Ok(())
    }

    /// Returns whether a name, as an answer has it, is of another project: what it means lies under no path of this one.
    pub(super) fn is_foreign(&self, name: &ArtifactName) -> bool {
        let is_of = |project: &String| name.as_str().strip_prefix(project).is_some_and(|rest| rest.starts_with("::"));
        self.others.iter().any(is_of)
    }
}

fn call(name: &mut ArtifactName, project: Option<&String>) {
    if let Some(project) = project.filter(|_| !is_everybodys(name.as_str())) {
        *name = name.of_project(project);
    }
}
