//! What may be required of a version: metrics, a baseline, freshness, verdicts, checks.

use super::comparison::Comparison;
use crate::model::{Number, Timestamp, cut};

/// How many metrics a gate asks for at most.
const MOST_REQUIRED: usize = 500;
/// How many bytes of what is wrong a message repeats.
const LONGEST_SHOWN: usize = 200;

/// What is required of a version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requirements {
    /// What its metrics must be.
    pub metrics: Vec<MetricRequirement>,
    /// A version, such as `@production`, than which it may be worse by none of these metrics.
    pub baseline: Option<NotWorseThan>,
    /// It was written at that time or later.
    pub since: Option<Timestamp>,
    /// Neither it is flagged, nor anything that it was made from.
    pub is_unflagged: bool,
    /// Every check of it passed, and there is one.
    pub is_checked: bool,
}

/// What a metric must be.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricRequirement {
    /// The metric.
    pub name: String,
    /// How it must compare, and with what; `None`: with the baseline alone.
    pub bound: Option<(Comparison, Number)>,
    /// Which way it is better; `None` where that does not follow.
    pub better: Option<Better>,
}

/// Which of two numbers is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// The higher.
    Higher,
    /// The lower.
    Lower,
}

/// What a version is compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NotWorseThan {
    /// `@ALIAS`, `NAME`, `NAME@VERSION`, or an alias alone where no artifact is called so.
    pub artifact: String,
    /// How much worse it may be.
    pub tolerance: Tolerance,
    /// Whether it may be used while the alias was never set: nothing is there that it could be worse than.
    pub may_be_first: bool,
}

/// How much worse a number may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// So much.
    Amount(f64),
    /// That share of the baseline's number.
    Share(f64),
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::Amount(0.0)
    }
}

impl MetricRequirement {
    /// Returns what the metric `name` must be: `>= 0.9`, `<1.2`, or `higher` or `lower` than that of the baseline.
    ///
    /// # Errors
    /// What is wrong with the condition, in words.
    pub fn parse(name: &str, condition: &str) -> Result<Self, String> {
        let text = condition.trim();
        let name = name.strip_prefix("metric:").unwrap_or(name).to_owned();
        let named = [("higher", Better::Higher), ("lower", Better::Lower)];
        if let Some((_, better)) = named.into_iter().find(|(word, _)| *word == text) {
            return Ok(Self { name, bound: None, better: Some(better) });
        }
        let wrong = || format!("`{}` is not `>= NUMBER`, another comparison, `higher` or `lower`", shown(condition));
        let (comparison, rest) = Comparison::split(text).ok_or_else(wrong)?;
        let number = Number::parse(rest).filter(|number| !number.value().is_nan()).ok_or_else(wrong)?;
        let better = match comparison {
            Comparison::Above | Comparison::AtLeast => Some(Better::Higher),
            Comparison::Below | Comparison::AtMost => Some(Better::Lower),
            Comparison::Is | Comparison::IsNot => None,
        };
        Ok(Self { name, bound: Some((comparison, number)), better })
    }
}

impl Tolerance {
    /// Returns how much a text says: `0.01`, or `2%` of the baseline's number.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, is_share) = text.strip_suffix('%').map_or((text, false), |share| (share, true));
        let parsed = number.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        let number =
            parsed.ok_or_else(|| format!("`{}` is neither an amount nor a share such as `2%`", shown(text)))?;
        Ok(if is_share { Self::Share(number / 100.0) } else { Self::Amount(number) })
    }

    /// Returns how much that is beside a number.
    pub(super) fn of(self, number: f64) -> f64 {
        match self {
            Self::Amount(amount) => amount,
            Self::Share(share) => (number.abs() * share).min(f64::MAX),
        }
    }
}

impl Requirements {
    /// Fails where nothing is required, or nothing follows from what is.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let metrics = self.metrics.len();
        if metrics > MOST_REQUIRED {
            return Err(format!(
                "{metrics} metrics are too many for one gate: at most {MOST_REQUIRED} can be asked for"
            ));
        }
        if self.metrics.is_empty() && !self.is_unflagged && !self.is_checked && self.since.is_none() {
            let is_baseline = self.baseline.is_some();
            let missing = if is_baseline { "by which metric it may not be worse" } else { "what is required" };
            return Err(format!("it is not said {missing}"));
        }
        if self.baseline.is_some() {
            let Some(metric) = self.metrics.iter().find(|metric| metric.better.is_none()) else { return Ok(()) };
            return Err(format!("whether a higher or a lower `{}` is better does not follow from `=`", metric.name));
        }
        match self.metrics.iter().find(|metric| metric.bound.is_none()) {
            Some(metric) => Err(format!("there is nothing that `{}` could be compared with", metric.name)),
            None => Ok(()),
        }
    }
}

impl NotWorseThan {
    /// Returns that a version, such as `@production`, is the baseline, than which nothing may be worse.
    #[must_use]
    pub fn new(artifact: impl Into<String>) -> Self {
        Self { artifact: artifact.into(), ..Self::default() }
    }
}

/// Returns what somebody wrote as a message repeats it.
fn shown(text: &str) -> String {
    let mut text = text.to_owned();
    cut(&mut text, LONGEST_SHOWN);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_says_what_is_better() {
        let better = |condition| MetricRequirement::parse("auc", condition).map(|parsed| parsed.better);
        assert_eq!(better(">= .9"), Ok(Some(Better::Higher)));
        assert_eq!(better("<1"), Ok(Some(Better::Lower)));
        assert_eq!(better("lower"), Ok(Some(Better::Lower)));
        assert_eq!(better("= 3"), Ok(None));
        assert!(["", ">=", "0.9", ">= NaN", "=> 1", "high"].iter().all(|wrong| better(wrong).is_err()));
    }

    #[test]
    fn what_is_wrong_is_not_repeated_at_length() {
        let long = "9".repeat(100_000);
        let wrong = [MetricRequirement::parse("auc", &format!("≥ {long}")).err(), Tolerance::parse(&long).err()];
        assert!(wrong.iter().flatten().all(|message| message.len() < 300 && message.contains("… [cut]`")), "{wrong:?}");
    }

    #[test]
    fn no_gate_asks_for_more_metrics_than_may_be_asked_for() {
        let metric = MetricRequirement::parse("auc", ">= 0.9").unwrap();
        let of = |count| Requirements { metrics: vec![metric.clone(); count], ..Requirements::default() }.check();
        assert_eq!(of(MOST_REQUIRED), Ok(()));
        let wrong = "501 metrics are too many for one gate: at most 500 can be asked for";
        assert_eq!(of(MOST_REQUIRED + 1), Err(wrong.to_owned()));
    }

    #[test]
    fn a_tolerance_is_an_amount_or_a_share() {
        assert_eq!(Tolerance::parse("0.01").map(|tolerance| tolerance.of(200.0)), Ok(0.01));
        assert_eq!(Tolerance::parse("2%").map(|tolerance| tolerance.of(-200.0)), Ok(4.0));
        assert!(["-1", "x", "inf", "%"].iter().all(|text| Tolerance::parse(text).is_err()));
    }
}
