//! What a person says now: dated so that it is the last word on its subject, whatever the clocks of others showed.

use foldhash::HashMap;
use uuid::Uuid;

use super::{QueryError, Reader};
use crate::model::{
    ArtifactName, ComponentFact, Declaration, LabelFact, RunId, Timestamp, Verdict, Version, VersionId,
};
use crate::store::LabelRow;

/// A verdict that somebody gives now.
#[derive(Clone, Copy, Debug)]
pub struct Judgement<'t> {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<&'t str>,
    /// By whom.
    pub by: Option<&'t str>,
}

impl Reader<'_> {
    /// Returns the verdict on each version as it is recorded: of now, or of just after the last one that is known of the
    /// version.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn judged_now(&mut self, versions: &[Version], judgement: Judgement<'_>) -> Result<Vec<LabelFact>, QueryError> {
        let last = self.last_verdicts(versions.iter().map(|judged| (&judged.name, &judged.version)))?;
        let fact = |Version { name, version }: &Version| {
            let last = last.get(&(name.clone(), version.clone()));
            let at = Timestamp::now_after(last.map(|last| last.at));
            // Any id that is new will do, and those of runs sort by time. At the end of the calendar, where nothing is
            // later, of two verdicts the one with the larger id counts.
            let new = RunId::new().0;
            let id = last.filter(|last| last.at == at).map_or(new, |last| beyond(last.id, new));
            let Judgement { verdict, reason, by } = judgement;
            let (reason, by) = (reason.map(str::to_owned), by.map(str::to_owned));
            LabelFact { id, name: name.clone(), version: version.clone(), verdict, reason, by, at }
        };
        Ok(versions.iter().map(fact).collect())
    }

    /// Returns every version that a verdict counts for: those that are flagged, then those that are ok.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn judged(&mut self) -> Result<Vec<Version>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        let labels = self.store.labels(project, true)?.into_iter();
        let mut labels: Vec<LabelRow> = labels.filter(|label| label.verdict != Verdict::None).collect();
        labels.sort_by_key(|label| label.verdict != Verdict::Flagged);
        Ok(labels.into_iter().map(|label| Version { name: label.name, version: label.version_id }).collect())
    }

    /// Fails when one of these verdicts, which are stored, does not count, because a later one is known.
    ///
    /// # Errors
    /// When one does not count, or the store does not answer.
    pub fn count(&mut self, verdicts: &[LabelFact]) -> Result<(), QueryError> {
        let last = self.last_verdicts(verdicts.iter().map(|said| (&said.name, &said.version)))?;
        for said in verdicts {
            match last.get(&(said.name.clone(), said.version.clone())) {
                Some(counts) if counts.id == said.id && counts.verdict == said.verdict => {}
                last => {
                    let (name, at) = (said.name.to_string(), last.map_or(said.at, |last| last.at));
                    return Err(QueryError::Outdone { name, at });
                }
            }
        }
        Ok(())
    }

    /// Returns what is said of a component as it is recorded: of now, or of just after the last that was said of it.
    ///
    /// # Errors
    /// When something was said of it at the end of the calendar, or the store does not answer.
    pub fn declared_now(
        &mut self,
        component: &str,
        declared: Declaration,
        untag: Vec<String>,
    ) -> Result<ComponentFact, QueryError> {
        let known = match self.project()? {
            Some(project) => self.store.component(project, component)?,
            None => None,
        };
        let last = known.and_then(|known| known.said_at);
        let at = Timestamp::now_after(last);
        if last >= Some(at) {
            return Err(QueryError::Outdone { name: component.to_owned(), at });
        }
        Ok(ComponentFact { component: component.to_owned(), at, declared, untag })
    }

    /// Returns the last verdict on each of these versions, as far as anybody judged it.
    pub(super) fn last_verdicts<'v>(
        &mut self,
        versions: impl Iterator<Item = (&'v ArtifactName, &'v VersionId)>,
    ) -> Result<HashMap<(ArtifactName, VersionId), LabelRow>, QueryError> {
        let Some(project) = self.project()? else { return Ok(HashMap::default()) };
        let (mut keys, mut last) = (Vec::new(), Vec::new());
        for (name, version) in versions {
            let Some(artifact) = self.store.artifact(project, name.as_str())? else { continue };
            match self.store.version_at(artifact, version, Timestamp::MAX)?.and_then(|found| found.key) {
                Some(key) => keys.push(key),
                // The version `none` has no key by which its verdict could be found.
                None => last.extend(self.store.labels_of(artifact)?),
            }
        }
        last.extend(self.store.labels_on(&keys)?);
        Ok(last.into_iter().map(|label| ((label.name.clone(), label.version_id.clone()), label)).collect())
    }
}

/// Returns an id beyond `last`, if there is one, that nobody else who needs one gives out: drawn from the next four billion
/// by the random end of a new id.
pub(super) fn beyond(last: Uuid, new: Uuid) -> Uuid {
    let drawn = new.as_u128() & u128::from(u32::MAX);
    let last = last.as_u128();
    let beyond = last.checked_add(1).map(|next| next.checked_add(drawn).unwrap_or(next));
    beyond.map_or(new, |beyond| new.max(Uuid::from_u128(beyond)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_beyond_the_last_is_larger_and_drawn_anew_each_time() {
        let last = Uuid::from_u128(u128::MAX - (1 << 40));
        let drawn: std::collections::HashSet<_> = (0..100).map(|_| beyond(last, RunId::new().0)).collect();
        assert!(drawn.len() > 90 && drawn.iter().all(|id| *id > last), "{drawn:?}");
        assert_eq!(beyond(Uuid::from_u128(u128::MAX - 1), RunId::new().0), Uuid::max());
        let new = RunId::new().0;
        assert_eq!(beyond(Uuid::max(), new), new, "there is none");
    }
}
