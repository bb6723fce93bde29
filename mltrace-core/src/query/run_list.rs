//! A page of a list of runs: how many there are, in an order that somebody chose.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use foldhash::HashMap;

use super::answer::Run;
use super::measures::last_metrics;
use super::runs::RunFilter;
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::lineage;
use crate::model::RunId;
use crate::store::{Extent, RunKey, Told};

/// A column by which runs are put in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RunColumn {
    /// When they began.
    #[default]
    Started,
    /// How long they took.
    Took,
    /// A parameter.
    Parameter(String),
    /// A metric of the run as a whole.
    Metric(String),
}

impl FromStr for RunColumn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.split_once('.')) {
            ("started", _) => Ok(Self::Started),
            ("took", _) => Ok(Self::Took),
            (_, Some(("param", name))) if !name.is_empty() => Ok(Self::Parameter(name.to_owned())),
            (_, Some(("metric", name))) if !name.is_empty() => Ok(Self::Metric(name.to_owned())),
            _ => Err(format!("`{text}` is no column: `started`, `took`, `param.NAME` or `metric.NAME`")),
        }
    }
}

impl fmt::Display for RunColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Took => f.write_str("took"),
            Self::Parameter(name) => write!(f, "param.{name}"),
            Self::Metric(name) => write!(f, "metric.{name}"),
        }
    }
}

/// Which page of a list is meant, and in which order.
#[derive(Clone, Debug, Default)]
pub struct PageOf {
    /// By which column.
    pub column: RunColumn,
    /// Whether what is least comes first.
    pub is_rising: bool,
    /// After this run.
    pub after: Option<RunId>,
    /// How many runs the page has.
    pub limit: usize,
    /// How many are counted, and put in order, at most: the newest.
    pub most: usize,
}

/// A page of a list of runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunList {
    /// The runs of the page.
    pub runs: Vec<Run>,
    /// How many runs there are in all, as far as they were counted.
    pub count: usize,
    /// Whether there are more than were counted.
    pub has_more: bool,
    /// The run after which the next page begins; `None` on the last one.
    pub next: Option<RunId>,
}

impl Reader<'_> {
    /// Returns a page of the runs that pass the filter.
    ///
    /// # Errors
    /// When a component or the run before the page is unknown, or the store does not answer.
    pub fn run_list(&mut self, filter: &RunFilter, page: &PageOf) -> Result<RunList, QueryError> {
        let all = RunFilter { before: None, limit: Some(page.most.saturating_add(1)), ..filter.clone() };
        let mut keys = self.chosen(&all)?;
        let has_more = keys.len() > page.most;
        keys.truncate(page.most);
        self.put_in_order(&mut keys, page)?;
        let (count, mut from) = (keys.len(), 0);
        if let Some(after) = page.after {
            let not_found = || QueryError::NotFound { kind: "run", name: after.to_string() };
            let key = self.store.run(after)?.ok_or_else(not_found)?;
            match keys.iter().position(|other| *other == key) {
                Some(place) => from = place.saturating_add(1),
                // It is further down than was counted.
                None => {
                    let limit = Some(page.limit.saturating_add(1));
                    keys = self.chosen(&RunFilter { before: Some(after), limit, ..filter.clone() })?;
                }
            }
        }
        let rest = keys.get(from..).unwrap_or_default();
        let shown = rest.get(..page.limit).unwrap_or(rest);
        let goes_on = rest.len() > shown.len() || (has_more && page.column == RunColumn::Started && !page.is_rising);
        let runs = self.views(shown, Extent::Listed)?;
        let next = runs.last().map(|run| run.id).filter(|_| goes_on);
        Ok(RunList { runs, count, has_more, next })
    }

    /// Puts runs, which are given newest first, in the order that a page has. What has no value comes last.
    fn put_in_order(&mut self, runs: &mut [RunKey], page: &PageOf) -> Result<(), QueryError> {
        let values: HashMap<RunKey, f64> = match &page.column {
            RunColumn::Started => {
                if page.is_rising {
                    runs.reverse();
                }
                return Ok(());
            }
            RunColumn::Took => {
                let counted = self.in_passing(|reader| Ok(reader.store.runs_again(runs)?))?.into_iter();
                #[expect(clippy::cast_precision_loss, reason = "a microsecond more or less in three centuries")]
                counted.filter_map(|run| Some((run.key, run.duration_us? as f64))).collect()
            }
            RunColumn::Metric(name) => self.metric_of_each(runs, name)?,
            RunColumn::Parameter(name) => {
                let mut values = HashMap::default();
                for runs in runs.chunks(AT_ONCE) {
                    let facts = self.in_passing(|reader| reader.facts_named(runs, &[name]))?.into_iter();
                    values.extend(facts.filter_map(|of| Some((of.key, lineage::number(of.params.get(name)?)?))));
                }
                values
            }
        };
        runs.sort_by(|one, other| match (values.get(one), values.get(other)) {
            (Some(one), Some(other)) if page.is_rising => one.total_cmp(other),
            (Some(one), Some(other)) => other.total_cmp(one),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
        Ok(())
    }

    fn metric_of_each(&mut self, runs: &[RunKey], name: &str) -> Result<HashMap<RunKey, f64>, QueryError> {
        let found = self.in_passing(|reader| Ok(reader.store.measures(runs, Told::Named(&[name]), Told::NONE)?))?;
        let value = |(run, of): (RunKey, crate::store::Measures)| {
            let last = last_metrics(of.metrics).into_iter().find(|metric| metric.about.is_none());
            Some((run, last?.value.value()))
        };
        Ok(found.into_iter().filter_map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_they_are_written() {
        for text in ["started", "took", "param.lr", "metric.a.b"] {
            assert_eq!(text.parse::<RunColumn>().unwrap().to_string(), text);
        }
        assert!("lr".parse::<RunColumn>().is_err() && "param.".parse::<RunColumn>().is_err());
    }
}
