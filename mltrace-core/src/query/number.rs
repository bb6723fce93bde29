//! What is a number of a run, and how it is asked of.

use std::str::FromStr;

use serde_json::Value;

use super::measures::{figures, last_metrics};
use crate::lineage;
use crate::model::{Metric, Observation};
use crate::store::{Measures, TableRow};

/// What can be asked of.
const MEASURES: &str =
    "`duration`, `size`, `size:NAME`, `param:NAME`, `profile:FIGURE`, `observed:NAME.FIGURE`, or a metric by its name";

/// A number that runs have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// How long a run took, in milliseconds.
    Duration,
    /// How many bytes a run wrote: in all, or to what is called so (names that differ in dates, digits and hashes alone count
    /// as one), or is the value of that argument or binding.
    Size(Option<String>),
    /// A parameter.
    Parameter(String),
    /// A metric: the value of its last step, of the run as a whole if there is one, else of the only artifact of which it
    /// is.
    Metric(String),
    /// A figure of a table's profile, as `rows`, `fare.nulls` or `fare.mean`: of the only table that has it of those that the
    /// run wrote, else of those that it read, or as `FIGURE of TABLE`.
    Profile(String),
    /// A figure of what was observed many times, as `fare.p50`, `fare.mean` or `fare.count`.
    Observed(String),
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "duration" => Ok(Self::Duration),
            None if text == "size" => Ok(Self::Size(None)),
            Some(("size", name)) if !name.is_empty() => Ok(Self::Size(Some(name.to_owned()))),
            Some(("param", name)) if !name.is_empty() => Ok(Self::Parameter(name.to_owned())),
            Some(("profile", figure)) if !figure.is_empty() => Ok(Self::Profile(figure.to_owned())),
            Some(("observed", figure)) if figure.contains('.') => Ok(Self::Observed(figure.to_owned())),
            Some(("metric", name)) if !name.is_empty() => Ok(Self::Metric(name.to_owned())),
            None if !text.is_empty() => Ok(Self::Metric(text.to_owned())),
            _ => Err(format!("`{text}` is no number of a run: ask for {MEASURES}")),
        }
    }
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Duration => f.write_str("duration"),
            Self::Size(None) => f.write_str("size"),
            Self::Size(Some(name)) => write!(f, "size:{name}"),
            Self::Parameter(name) => write!(f, "param:{name}"),
            Self::Metric(name) => write!(f, "metric:{name}"),
            Self::Profile(figure) => write!(f, "profile:{figure}"),
            Self::Observed(figure) => write!(f, "observed:{figure}"),
        }
    }
}

/// Returns what a metric of a run is, where that is one number.
pub(super) fn metric(measures: &Measures, name: &str) -> Option<f64> {
    let all: Vec<Metric> = last_metrics(measures.metrics.iter().filter(|of| of.name == name).cloned().collect());
    let whole = all.iter().find(|metric| metric.about.is_none());
    let number = whole.or_else(|| all.first().filter(|_| all.len() == 1))?.value.value();
    number.is_finite().then_some(number)
}

/// Returns a figure of the tables of a run, where that is one number of one table: of those that it wrote, else of those that it
/// read. Of what it read a profile is known in some runs only, where another run wrote the same content.
pub(super) fn figure(tables: &[TableRow], asked: &str) -> Option<f64> {
    let is_of = |table: &TableRow, rest: &str| {
        let name = rest.strip_prefix(" of ").map(lineage::mask);
        rest.is_empty() || name.is_some_and(|name| name == lineage::mask(table.name.as_str()))
    };
    let number = |is_written: bool| {
        let tables = tables.iter().filter(|table| table.is_written == is_written);
        let all = tables.flat_map(|table| table.figures.iter().map(move |(figure, value)| (table, figure, value)));
        let mut meant = all.filter_map(|(table, figure, value): (&TableRow, &String, &Value)| {
            let rest = asked.strip_prefix(figure.as_str())?;
            let number = lineage::number(value).filter(|_| is_of(table, rest))?;
            Some((lineage::mask(table.name.as_str()), number))
        });
        let first = meant.next()?;
        Some(meant.all(|other| other == first).then_some(first.1))
    };
    number(true).or_else(|| number(false)).flatten()
}

/// Returns a figure of what was observed in a run.
pub(super) fn observed(observations: &[Observation], asked: &str) -> Option<f64> {
    observations.iter().find_map(|of| {
        let figure = asked.strip_prefix(of.name.as_str())?.strip_prefix('.')?;
        figures(of).into_iter().find(|(name, _)| name == figure).map(|(_, number)| number)
    })
}

#[cfg(test)]
mod tests {
    use super::Measure;

    #[test]
    fn what_can_be_asked_of_is_told_as_it_is_asked() {
        assert_eq!("rmse".parse::<Measure>(), Ok(Measure::Metric("rmse".to_owned())));
        let named = ["size:out/model.json", "param:rows", "metric:rmse", "profile:fare.nulls", "observed:fare.p50"];
        for text in ["duration", "size"].into_iter().chain(named) {
            assert_eq!(text.parse::<Measure>().unwrap().to_string(), text);
        }
        for text in ["", "param:", "size:", "metric:", "observed:", "observed:fare", "check:whole"] {
            assert!(text.parse::<Measure>().is_err(), "{text}");
        }
    }
}
