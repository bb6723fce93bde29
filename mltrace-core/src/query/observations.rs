//! What was observed many times in runs, and how far it moved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MeasureFilter, QueryError, Reader, Span};
use crate::model::{Observation, TopValue};
use crate::profile;
use crate::store::WhatOfRuns;

/// The answer of `observations`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observations {
    /// What was observed, by component and name.
    pub observations: Vec<ObservationSeries>,
    /// Whether older runs were left out.
    pub is_cut: bool,
}

/// What was observed of one component under one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ObservationSeries {
    /// The component.
    pub component: String,
    /// What was observed.
    pub name: String,
    /// All of it.
    pub now: Observed,
    /// What it is compared with; absent when nothing was asked for, or nothing was observed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Observed>,
    /// The population stability index: below 0.1 values hardly moved, above 0.25 far. Absent where they are not known well
    /// enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
}

/// Values of some runs, merged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observed {
    /// Of how many runs.
    pub runs: usize,
    /// How many values there were, of all sorts.
    pub count: u64,
    /// Whether these are all: of a run that was killed some are not known.
    pub is_whole: bool,
    /// How many were no value.
    pub missing: u64,
    /// How many were not a number.
    pub nans: u64,
    /// How many were infinite.
    pub infinite: u64,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The mean of the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Shares, and the numbers that such a share of the numbers does not exceed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<(f64, f64)>,
    /// How far a quantile may be off, as a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<f64>,
    /// The most frequent texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<TopValue>,
    /// How many texts are counted only; each of the most frequent ones may be among them, too.
    #[serde(default)]
    pub others: u64,
}

/// By component and name what was observed, and in how many runs.
type Merged = BTreeMap<(String, String), (usize, Observation)>;

impl Reader<'_> {
    /// Returns what was observed in runs, and how it compares with those of another span.
    ///
    /// # Errors
    /// When the component or a run is unknown, or the store does not answer.
    pub fn observations(
        &mut self,
        name: Option<&str>,
        filter: &MeasureFilter,
        before: Option<&Span>,
    ) -> Result<Observations, QueryError> {
        let (now, mut is_cut) = self.observed(name, filter)?;
        let mut earlier = None;
        if let Some(before) = before {
            let filter = MeasureFilter { span: before.clone(), ..filter.clone() };
            let (found, is_cut_before) = self.observed(name, &filter)?;
            is_cut |= is_cut_before;
            earlier = Some(found);
        }
        let series = now.into_iter().map(|(key, (runs, now))| {
            let before = earlier.as_ref().and_then(|earlier| earlier.get(&key));
            let psi = before.and_then(|(_, before)| profile::psi(before, &now));
            let (component, name) = key;
            let before = before.map(|(runs, before)| Observed::of(*runs, before));
            ObservationSeries { component, name, now: Observed::of(runs, &now), before, psi }
        });
        Ok(Observations { observations: series.collect(), is_cut })
    }

    fn observed(&mut self, name: Option<&str>, filter: &MeasureFilter) -> Result<(Merged, bool), QueryError> {
        let (runs, is_cut) = self.measured(WhatOfRuns::Observation(name), filter)?;
        let names = self.names_of_runs(&runs)?;
        let mut found = self.store.observations(&runs)?;
        let mut merged = Merged::new();
        for run in &runs {
            let Some(of) = names.get(run) else { continue };
            for mut observation in found.remove(run).unwrap_or_default() {
                if name.is_some_and(|name| name != observation.name) {
                    continue;
                }
                let key = (of.component.clone(), observation.name.clone());
                match merged.get_mut(&key) {
                    Some((runs, known)) => {
                        *runs = runs.saturating_add(1);
                        known.merge(&observation);
                    }
                    None => {
                        observation.sort();
                        merged.insert(key, (1, observation));
                    }
                }
            }
        }
        Ok((merged, is_cut))
    }
}

impl Observed {
    fn of(runs: usize, of: &Observation) -> Self {
        let spread = of.spread.as_ref();
        Self {
            runs,
            count: of.count,
            is_whole: of.is_whole,
            missing: of.missing,
            nans: of.nans,
            infinite: of.infinite,
            min: spread.map(|spread| spread.min),
            max: spread.map(|spread| spread.max),
            mean: spread.map(crate::model::Spread::mean),
            quantiles: spread.map(crate::model::Spread::quantiles).unwrap_or_default(),
            error: spread.map(crate::model::Spread::error),
            top: of.top.iter().take(TOP).cloned().collect(),
            others: of.top.iter().skip(TOP).fold(of.others, |sum, top| sum.saturating_add(top.count)),
        }
    }
}

/// So many of the most frequent texts are reported.
const TOP: usize = 10;
