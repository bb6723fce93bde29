//! The components of a project and their tags.

use std::collections::BTreeSet;

use super::answer::{Component, Components, Tags};
use super::{QueryError, Reader};
use crate::store::{ComponentRow, Extent};

/// What is said of the components of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Their names, sorted.
    pub components: Vec<String>,
    /// Who owns one.
    pub owners: BTreeSet<String>,
    /// What one is tagged with.
    pub tags: BTreeSet<String>,
}

impl Reader<'_> {
    /// Returns the components, by name, kept by owner and by tag when given.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn components(&mut self, owner: Option<&str>, tag: Option<&str>) -> Result<Components, QueryError> {
        let mut rows = match self.project()? {
            Some(project) => self.store.components(project)?,
            None => Vec::new(),
        };
        rows.retain(|row| owner.is_none_or(|owner| row.owner.as_deref() == Some(owner)));
        rows.retain(|row| tag.is_none_or(|tag| row.tags.iter().any(|other| other == tag)));
        let components = rows.into_iter().map(|row| self.component_view(row)).collect::<Result<_, _>>()?;
        Ok(Components { components })
    }

    /// Returns one component.
    ///
    /// # Errors
    /// When it is unknown, or the store does not answer.
    pub fn component(&mut self, name: &str) -> Result<Component, QueryError> {
        let found = match self.project()? {
            Some(project) => self.store.component_with_runs(project, name)?,
            None => None,
        };
        let row = found.ok_or_else(|| QueryError::NotFound { kind: "component", name: name.to_owned() })?;
        self.component_view(row)
    }

    /// Returns all tags in use.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn tags(&mut self) -> Result<Tags, QueryError> {
        let rows = match self.project()? {
            Some(project) => self.store.said_of_components(project)?,
            None => Vec::new(),
        };
        let tags: BTreeSet<String> = rows.into_iter().flat_map(|row| row.tags).collect();
        Ok(Tags { tags: tags.into_iter().collect() })
    }

    /// Returns what lists of runs can be narrowed by.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn choices(&mut self) -> Result<Choices, QueryError> {
        let rows = match self.project()? {
            Some(project) => self.store.said_of_components(project)?,
            None => Vec::new(),
        };
        let mut choices = Choices::default();
        for row in rows {
            choices.components.push(row.name);
            choices.owners.extend(row.owner);
            choices.tags.extend(row.tags);
        }
        Ok(choices)
    }

    fn component_view(&mut self, row: ComponentRow) -> Result<Component, QueryError> {
        let last: Vec<_> = row.last_run.into_iter().collect();
        let last_run = self.views(&last, Extent::Listed)?.pop();
        Ok(Component {
            name: row.name,
            description: row.description,
            owner: row.owner,
            tags: row.tags,
            runs: row.runs,
            last_run,
        })
    }
}
