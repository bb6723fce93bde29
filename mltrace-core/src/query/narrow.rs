//! The runs of which conditions hold: as far as the store can see that itself, it is asked for no others.

use foldhash::HashSet;

use super::comparison::Comparison;
use super::run_condition::{RunCondition, RunField};
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::store::{AnyOf, Artifacts, ComponentKey, Measures, ProjectKey, RunKey, RunSelection, Runs, Told, Touched};

/// How many artifacts or runs are named to the store; what there are more of it looks for itself.
const MOST_NAMED: usize = 500;
/// So many digits of an id or a commit are no word of another kind.
const DIGITS: usize = 6;

impl Reader<'_> {
    /// Returns the runs of a selection of which all of the conditions hold, newest first.
    ///
    /// # Errors
    /// When a component that is named is unknown, or the store does not answer.
    pub(super) fn runs_where(
        &mut self,
        project: ProjectKey,
        selection: RunSelection,
        conditions: &[RunCondition],
    ) -> Result<Vec<RunKey>, QueryError> {
        let limit = selection.limit;
        let (mut selection, conditions) = self.narrowed(project, selection, conditions)?;
        if conditions.is_empty() {
            return Ok(self.store.select(project, &selection)?);
        }
        // How many of them hold is known when they were looked at.
        selection.limit = None;
        let most = limit.unwrap_or(usize::MAX);
        let named: Vec<&str> = conditions.iter().filter_map(|condition| condition.named()).collect();
        let mut found: Vec<RunKey> = Vec::new();
        for runs in self.store.select(project, &selection)?.chunks(AT_ONCE) {
            if found.len() >= most {
                break;
            }
            let runs = self.measured_so(runs, &conditions)?;
            let facts = self.in_passing(|reader| reader.facts_named(&runs, &named))?;
            let held = facts.into_iter().filter(|run| conditions.iter().all(|condition| condition.holds(run)));
            let held: HashSet<RunKey> = held.map(|run| run.key).collect();
            found.extend(runs.into_iter().filter(|run| held.contains(run)));
        }
        found.truncate(most);
        Ok(found)
    }

    /// Returns those of some runs that were measured and checked so: what else there is of a run takes longer to read.
    fn measured_so(&mut self, runs: &[RunKey], conditions: &[&RunCondition]) -> Result<Vec<RunKey>, QueryError> {
        let (mut metrics, mut checks) = (Vec::new(), Vec::new());
        for condition in conditions {
            match condition {
                RunCondition::Field { field: RunField::Metric(name), .. } => metrics.push(name.as_str()),
                RunCondition::Field { field: RunField::Check(name), .. } => checks.push(name.as_str()),
                _ => {}
            }
        }
        if metrics.is_empty() && checks.is_empty() {
            return Ok(runs.to_vec());
        }
        let (metrics, checks) = (Told::Named(&metrics), Told::Named(&checks));
        let measures = self.in_passing(|reader| Ok(reader.store.measures(runs, metrics, checks)?))?;
        let nothing = Measures::default();
        let is_so = |run: &&RunKey| {
            let of = measures.get(run).unwrap_or(&nothing);
            conditions.iter().all(|condition| condition.holds_of(of) != Some(false))
        };
        Ok(runs.iter().filter(is_so).copied().collect())
    }

    /// Returns a selection without the runs of which the store itself can see that a condition does not hold, and the
    /// conditions about which it cannot.
    fn narrowed<'c>(
        &mut self,
        project: ProjectKey,
        mut selection: RunSelection,
        conditions: &'c [RunCondition],
    ) -> Result<(RunSelection, Vec<&'c RunCondition>), QueryError> {
        let mut open = Vec::new();
        for condition in conditions {
            match condition {
                RunCondition::Since(at) => selection.since = selection.since.max(Some(*at)),
                RunCondition::Until(at) => {
                    selection.until = Some(selection.until.map_or(*at, |until| until.min(*at)));
                }
                RunCondition::Status(status) => {
                    selection.all_of.push(AnyOf { statuses: vec![*status], ..AnyOf::default() });
                }
                RunCondition::Statuses(statuses) => {
                    selection.all_of.push(AnyOf { statuses: statuses.clone(), ..AnyOf::default() });
                }
                RunCondition::Word(word) => {
                    let any = self.any_with(project, word)?;
                    selection.all_of.push(any);
                }
                RunCondition::Field { field, comparison, value } => match self.narrowed_by(project, field, value)? {
                    Some(of) if *comparison == Comparison::Is && selection.component.is_none() && is_one(&of) => {
                        selection.component = of.components.first().copied();
                    }
                    Some(of) => {
                        selection.all_of.push(AnyOf { is_not: *comparison != Comparison::Is, ..of });
                    }
                    None => open.push(condition),
                },
            }
        }
        Ok((selection, open))
    }

    /// Returns what the store is asked for where a field is to have a value; `None` where it cannot say.
    fn narrowed_by(&mut self, project: ProjectKey, field: &RunField, value: &str) -> Result<Option<AnyOf>, QueryError> {
        Ok(Some(match field {
            RunField::Component => {
                let component: Option<ComponentKey> = self.store.component(project, value)?.map(|row| row.key);
                let not_found = || QueryError::NotFound { kind: "component", name: value.to_owned() };
                AnyOf { components: vec![component.ok_or_else(not_found)?], ..AnyOf::default() }
            }
            RunField::Owner | RunField::Tag => {
                let mut rows = self.store.said_of_components(project)?;
                rows.retain(|row| match field {
                    RunField::Owner => row.owner.as_deref() == Some(value),
                    _ => row.tags.iter().any(|tag| tag == value),
                });
                AnyOf { components: rows.into_iter().map(|row| row.key).collect(), ..AnyOf::default() }
            }
            RunField::Commit => AnyOf { commit: Some(value.to_lowercase()), ..AnyOf::default() },
            RunField::Error => AnyOf { error: Some(value.to_owned()), ..AnyOf::default() },
            RunField::Output => self.touching(project, value, true)?,
            RunField::Input => self.touching(project, value, false)?,
            RunField::Branch
            | RunField::Host
            | RunField::User
            | RunField::Parameter(_)
            | RunField::Metric(_)
            | RunField::Check(_) => return Ok(None),
        }))
    }

    /// Returns what the store is asked for where anything that is known of a run at a glance is to hold a word.
    fn any_with(&mut self, project: ProjectKey, word: &str) -> Result<AnyOf, QueryError> {
        let mut any = self.touching(project, word, true)?;
        let wanted = word.to_lowercase();
        let mut rows = self.store.said_of_components(project)?;
        rows.retain(|row| row.name.to_lowercase().contains(&wanted));
        any.components = rows.into_iter().map(|row| row.key).collect();
        any.error = Some(word.to_owned());
        let digits = wanted.replace('-', "");
        if digits.len() >= DIGITS && digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            any.runs.extend(self.store.find_runs(Runs::Like(project, &digits, MOST_NAMED))?);
            any.commit = Some(wanted);
        }
        Ok(any)
    }

    /// Returns what the store is asked for where the name of something that a run wrote or read is to hold a text.
    fn touching(&mut self, project: ProjectKey, text: &str, is_written: bool) -> Result<AnyOf, QueryError> {
        let named = || {
            let text = Some(text.to_owned());
            let (output, input) = if is_written { (text, None) } else { (None, text) };
            AnyOf { output, input, ..AnyOf::default() }
        };
        let artifacts = self.store.find_artifacts(Artifacts::Holding(project, text, MOST_NAMED + 1))?;
        if artifacts.len() > MOST_NAMED {
            return Ok(named());
        }
        let artifacts: Vec<_> = artifacts.into_iter().map(|(artifact, _)| artifact).collect();
        let touched = Touched { artifacts: &artifacts, is_written, limit: MOST_NAMED + 1 };
        let runs = self.store.find_runs(Runs::Touching(touched))?;
        Ok(if runs.len() > MOST_NAMED { named() } else { AnyOf { runs, ..AnyOf::default() } })
    }
}

/// Returns whether nothing is asked for but one component.
fn is_one(of: &AnyOf) -> bool {
    of.components.len() == 1 && *of == AnyOf { components: of.components.clone(), ..AnyOf::default() }
}
