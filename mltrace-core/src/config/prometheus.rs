//! What the settings say of monitoring.

use serde::Deserialize;

/// So many metrics are reported at most: each is a series for every component that has it.
const MOST_METRICS: usize = 50;

/// What a monitoring system receives besides what it receives of every project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrometheusSettings {
    /// The metrics whose last values are reported, by name.
    pub metrics: Vec<String>,
}

/// What a settings file may say of monitoring.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PrometheusFile {
    metrics: Vec<String>,
}

impl PrometheusSettings {
    /// Returns it in words, as far as any of it is set.
    pub(super) fn in_words(&self) -> Option<String> {
        (!self.metrics.is_empty()).then(|| self.metrics.join(", "))
    }
}

impl PrometheusFile {
    /// Returns what counts, and what is to be said of the rest.
    pub(super) fn settings(self) -> (PrometheusSettings, Option<String>) {
        let mut metrics: Vec<String> = Vec::new();
        for name in self.metrics {
            if !metrics.contains(&name) && metrics.len() <= MOST_METRICS {
                metrics.push(name);
            }
        }
        let is_cut = metrics.len() > MOST_METRICS;
        metrics.truncate(MOST_METRICS);
        let told =
            format!("`prometheus` lists more than {MOST_METRICS} metrics: the first {MOST_METRICS} of them count");
        (PrometheusSettings { metrics }, is_cut.then_some(told))
    }
}
