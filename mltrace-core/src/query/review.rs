//! The verdicts, and the runs that they point to.

use std::collections::HashMap;

use super::answer::{Labelled, Review, Suspect};
use super::{QueryError, Reader};
use crate::lineage::{self, Group, Judged};
use crate::model::{RunId, Verdict};
use crate::store::{LabelRow, RunKey};

impl Reader<'_> {
    /// Returns all verdicts and the suspects that they point to, at most `limit` of them.
    ///
    /// Suspects are groups of runs upstream of the same judged outputs, ranked by how many flagged outputs they are
    /// upstream of, then by how few ok ones.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn review(&mut self, limit: Option<usize>) -> Result<Review, QueryError> {
        let labels = match self.project()? {
            Some(project) => self.store.labels(project, true)?,
            None => Vec::new(),
        };
        let mut judged = Vec::new();
        for label in labels.iter().filter(|label| label.verdict != Verdict::None) {
            if let Some(run) = self.store.writer_of(label.version)? {
                judged.push(Judged { run, is_flagged: label.verdict == Verdict::Flagged });
            }
        }
        let roots: Vec<RunKey> = judged.iter().map(|output| output.run).collect();
        let edges = self.store.upstream(&roots, None)?;
        let mut groups = lineage::groups(&judged, &edges);
        groups.truncate(limit.unwrap_or(usize::MAX));
        let suspects = self.suspects(&groups, &judged)?;
        let by = |verdict: Verdict| labels.iter().filter(move |label| label.verdict == verdict).map(labelled).collect();
        Ok(Review {
            flagged: by(Verdict::Flagged),
            ok: by(Verdict::Ok),
            suspects,
            explains: Vec::new(),
            look_next: Vec::new(),
        })
    }

    fn suspects(&mut self, groups: &[Group<RunKey>], judged: &[Judged<RunKey>]) -> Result<Vec<Suspect>, QueryError> {
        let keys: Vec<RunKey> = groups.iter().flat_map(|group| group.runs.iter().copied()).collect();
        let details = self.store.details(&keys, false)?;
        let names: HashMap<RunKey, (RunId, String)> =
            details.into_iter().map(|detail| (detail.key, (detail.row.id, detail.component.name))).collect();
        let flagged_in_all = judged.iter().filter(|output| output.is_flagged).count();
        let ok_in_all = judged.len().saturating_sub(flagged_in_all);
        let suspects = groups.iter().zip(1_u32..).map(|(group, rank)| {
            let (runs, components) = group.runs.iter().filter_map(|run| names.get(run).cloned()).unzip();
            let coverage =
                f64::from(group.flagged) / f64::from(u32::try_from(flagged_in_all).unwrap_or(u32::MAX).max(1));
            let evidence = format!(
                "upstream of {} of {flagged_in_all} flagged and {} of {ok_in_all} ok outputs",
                group.flagged, group.ok
            );
            Suspect {
                rank,
                score: coverage,
                coverage,
                flagged: group.flagged,
                ok: group.ok,
                runs,
                components,
                evidence: vec![evidence],
            }
        });
        Ok(suspects.collect())
    }
}

fn labelled(label: &LabelRow) -> Labelled {
    Labelled {
        name: label.name.clone(),
        version: label.version_id.clone(),
        reason: label.reason.clone(),
        by: label.by.clone(),
        at: label.at,
    }
}
