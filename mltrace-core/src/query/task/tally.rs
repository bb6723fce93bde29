//! What is counted of the outputs of one window, in the order in which they were made.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::answer::{Confused, TaskKind, TaskMetric};
use super::sum::{Held, LARGE, SMALLER, Squares, Sum, area_of};
use crate::store::{Cell, Pair};

/// No metric of single classes is known of more of them.
const MOST_CLASSES: usize = 1000;
/// No table of classes is reported that has more cells.
const MOST_CELLS: usize = 400;

/// What of the outputs is to be reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) kind: TaskKind,
    /// Whether somebody said that these are of this kind: what is none is then left out.
    pub(super) is_said: bool,
    /// From which score on an output means yes.
    pub(super) threshold: f64,
    pub(super) wants_area: bool,
    pub(super) wants_median: bool,
    /// How many numbers may be held.
    pub(super) most_held: usize,
}

/// What a value is, where outputs of one kind are compared.
enum Reading {
    Number(f64),
    /// No number, or one without end.
    NotFinite,
    /// It shows that the outputs are of another kind.
    Misfit,
}

impl Reading {
    fn number(value: f64) -> Self {
        if value.is_finite() { Self::Number(value) } else { Self::NotFinite }
    }

    fn of_score(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Text("true") => Self::Number(1.0),
            Cell::Text("false") => Self::Number(0.0),
            cell => match cell.number() {
                Some(value) if value.is_finite() && !(0.0..=1.0).contains(&value) => Self::Misfit,
                value => value.map_or(Self::Misfit, Self::number),
            },
        }
    }

    fn of_truth(cell: Cell<'_>) -> Self {
        match Self::of_score(cell) {
            Self::Number(value) if value != 0.0 && value != 1.0 => Self::Misfit,
            reading => reading,
        }
    }

    fn of_number(cell: Cell<'_>) -> Self {
        cell.number().map_or(Self::Misfit, Self::number)
    }
}

/// The names of classes that were met, each once for all windows.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<String, u32>,
    pub(super) names: Vec<String>,
}

impl Names {
    /// Returns the number of a name; `None` where there are too many.
    fn number(&mut self, cell: Cell<'_>) -> Option<u32> {
        let text = cell.text();
        if let Some(known) = self.numbers.get(text.as_ref()) {
            return Some(*known);
        }
        let new = u32::try_from(self.names.len()).ok().filter(|_| self.names.len() < MOST_CLASSES)?;
        self.numbers.insert(text.clone().into_owned(), new);
        self.names.push(text.into_owned());
        Some(new)
    }
}

/// What is counted.
#[derive(Debug)]
pub(super) enum Tally {
    Scores(Box<Scores>),
    Numbers(Box<Numbers>),
    Classes(Classes),
}

#[derive(Debug)]
pub(super) struct Scores {
    /// By whether the output and the feedback mean yes.
    counts: [[u64; 2]; 2],
    loss: Sum,
    /// Whether any output is neither 0 nor 1.
    is_soft: bool,
    positives: Held,
    negatives: Held,
}

#[derive(Debug)]
pub(super) struct Numbers {
    count: u64,
    /// The measure of all sums.
    scale: f64,
    absolute: Sum,
    squared: Sum,
    truth: Squares,
    errors: Held,
}

#[derive(Debug, Default)]
pub(super) struct Classes {
    count: u64,
    right: u64,
    cells: HashMap<(u32, u32), u64>,
    /// Whether some classes have no number.
    is_cut: bool,
}

/// Returns how far an output is from what came, where both are numbers.
pub(super) fn error_of(pair: &Pair<'_>) -> Option<f64> {
    match (Reading::of_number(pair.output), Reading::of_number(pair.feedback?.0)) {
        (Reading::Number(output), Reading::Number(truth)) => Some((output - truth).abs()),
        _ => None,
    }
}

/// Returns a score, and whether what it is of came true.
pub(super) fn score_of(pair: &Pair<'_>) -> Option<(f64, bool)> {
    match (Reading::of_score(pair.output), Reading::of_truth(pair.feedback?.0)) {
        (Reading::Number(score), Reading::Number(truth)) => Some((score, truth == 1.0)),
        _ => None,
    }
}

/// What became of an output that was to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// It is counted, or has no feedback.
    Counted,
    /// It is no number that could be compared.
    LeftOut,
    /// It shows that the outputs are of another kind.
    Misfit,
}

impl Tally {
    pub(super) fn new(wanted: &Wanted) -> Self {
        let held = || Held::new(wanted.most_held);
        match wanted.kind {
            TaskKind::Scores => Self::Scores(Box::new(Scores {
                counts: [[0; 2]; 2],
                loss: Sum::default(),
                is_soft: false,
                positives: held(),
                negatives: held(),
            })),
            TaskKind::Numbers => Self::Numbers(Box::new(Numbers {
                count: 0,
                scale: 1.0,
                absolute: Sum::default(),
                squared: Sum::default(),
                truth: Squares::default(),
                errors: held(),
            })),
            TaskKind::Classes => Self::Classes(Classes::default()),
        }
    }

    /// Counts an output.
    pub(super) fn add(&mut self, pair: &Pair<'_>, wanted: &Wanted, names: &mut Names) -> Took {
        let feedback = pair.feedback.map(|(cell, _)| cell);
        let (output, truth) = match self {
            Self::Classes(classes) => {
                if let Some(truth) = feedback {
                    let (one, other) = (names.number(pair.output), names.number(truth));
                    let is_right = one.is_some() && one == other || one.is_none() && pair.output.text() == truth.text();
                    classes.add(one, other, is_right);
                }
                return Took::Counted;
            }
            Self::Scores(_) => (Reading::of_score(pair.output), feedback.map(Reading::of_truth)),
            Self::Numbers(_) => (Reading::of_number(pair.output), feedback.map(Reading::of_number)),
        };
        match (output, truth) {
            (Reading::Misfit, _) | (_, Some(Reading::Misfit)) if !wanted.is_said => Took::Misfit,
            (_, None) => Took::Counted,
            (Reading::Number(output), Some(Reading::Number(truth))) => {
                match self {
                    Self::Scores(scores) => scores.add(output, truth == 1.0, wanted),
                    Self::Numbers(numbers) => numbers.add(output, truth, wanted),
                    Self::Classes(_) => {}
                }
                Took::Counted
            }
            _ => Took::LeftOut,
        }
    }

    /// Returns whether the store is to be asked for what is wanted in order.
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Scores(scores) => scores.positives.is_over() || scores.negatives.is_over(),
            Self::Numbers(numbers) => numbers.errors.is_over(),
            Self::Classes(_) => false,
        }
    }

    /// Returns how many outputs are compared.
    pub(super) fn compared(&self) -> u64 {
        match self {
            Self::Scores(scores) => scores.counts.iter().flatten().sum(),
            Self::Numbers(numbers) => numbers.count,
            Self::Classes(classes) => classes.count,
        }
    }

    /// Returns whether any output is a score and not merely yes or no.
    pub(super) fn is_soft(&self) -> bool {
        matches!(self, Self::Scores(scores) if scores.is_soft)
    }
}

impl Scores {
    fn add(&mut self, score: f64, is_yes: bool, wanted: &Wanted) {
        let cell = self
            .counts
            .get_mut(usize::from(score >= wanted.threshold))
            .and_then(|row| row.get_mut(usize::from(is_yes)));
        if let Some(count) = cell {
            *count = count.saturating_add(1);
        }
        let sure = if is_yes { score } else { 1.0 - score };
        // As scikit-learn does it: who was sure and wrong is not wrong without end.
        self.loss.add(-sure.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln());
        self.is_soft |= score > 0.0 && score < 1.0;
        if wanted.wants_area {
            if is_yes { self.positives.add(score) } else { self.negatives.add(score) }
        }
    }
}

impl Numbers {
    fn add(&mut self, output: f64, truth: f64, wanted: &Wanted) {
        if self.scale == 1.0 && output.abs().max(truth.abs()) > LARGE {
            self.scale = SMALLER;
            self.absolute.scale(SMALLER);
            self.squared.scale(SMALLER);
            self.squared.scale(SMALLER);
            self.truth.scale(SMALLER);
        }
        let error = output * self.scale - truth * self.scale;
        self.count = self.count.saturating_add(1);
        self.absolute.add(error.abs());
        self.squared.add(error * error);
        self.truth.add(truth * self.scale);
        if wanted.wants_median {
            self.errors.add((output - truth).abs());
        }
    }
}

impl Classes {
    fn add(&mut self, output: Option<u32>, truth: Option<u32>, is_right: bool) {
        self.count = self.count.saturating_add(1);
        self.right = self.right.saturating_add(u64::from(is_right));
        match output.zip(truth) {
            Some(cell) => {
                let count = self.cells.entry(cell).or_default();
                *count = count.saturating_add(1);
            }
            None => self.is_cut = true,
        }
    }
}

/// Metrics by name; `None`: unknown.
pub(super) type Told = BTreeMap<TaskMetric, Option<f64>>;

#[expect(clippy::cast_precision_loss, reason = "counts of outputs")]
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Returns the metrics of a window, its table of classes, and what is asked of the store where more was to be held than may
/// be.
pub(super) fn told(tally: Tally, names: &[String], positive: Option<&str>) -> (Told, Option<Vec<Confused>>) {
    match tally {
        Tally::Scores(scores) => told_scores(*scores),
        Tally::Numbers(numbers) => (told_numbers(*numbers), None),
        Tally::Classes(classes) => told_classes(&classes, names, positive),
    }
}

fn told_scores(scores: Scores) -> (Told, Option<Vec<Confused>>) {
    let [[true_no, missed], [false_yes, true_yes]] = scores.counts;
    let (yes, no) = (true_yes.saturating_add(missed), true_no.saturating_add(false_yes));
    let count = yes.saturating_add(no);
    let both = true_yes.saturating_mul(2);
    let area = area_of(&scores.positives.sorted(), &scores.negatives.sorted());
    let told = [
        (TaskMetric::Accuracy, share(true_yes.saturating_add(true_no), count)),
        (TaskMetric::Precision, share(true_yes, true_yes.saturating_add(false_yes))),
        (TaskMetric::Recall, share(true_yes, yes)),
        (TaskMetric::F1, share(both, both.saturating_add(missed).saturating_add(false_yes))),
        (TaskMetric::RocAuc, area),
        #[expect(clippy::cast_precision_loss, reason = "a count of outputs")]
        (TaskMetric::LogLoss, (count > 0).then(|| scores.loss.value() / count as f64)),
    ];
    let cells = [("0", "0", true_no), ("0", "1", missed), ("1", "0", false_yes), ("1", "1", true_yes)];
    let confusion = cells.into_iter().filter(|(.., count)| *count > 0);
    let confusion = confusion.map(|(output, feedback, count)| Confused {
        output: output.to_owned(),
        feedback: feedback.to_owned(),
        count,
    });
    (told.into(), (count > 0).then(|| confusion.collect()))
}

#[expect(clippy::cast_precision_loss, reason = "a count of outputs")]
fn told_numbers(mut numbers: Numbers) -> Told {
    let (count, scale) = (numbers.count as f64, numbers.scale);
    let of = |sum: f64| (numbers.count > 0).then(|| sum / count);
    let (mae, mse) = (of(numbers.absolute.value()), of(numbers.squared.value()));
    // Where what came was always the same there is nothing to explain.
    let spread = numbers.truth.sum();
    let r2 = (numbers.count > 1 && spread > 0.0).then(|| 1.0 - numbers.squared.value() / spread);
    let middle = middle_of(numbers.count);
    let median = if numbers.count > 0 { mean(&numbers.errors.at(&middle)) } else { None };
    let told = [
        (TaskMetric::Mae, mae.map(|mae| mae / scale)),
        (TaskMetric::Mse, mse.map(|mse| mse / scale / scale)),
        (TaskMetric::Rmse, mse.map(|mse| mse.sqrt() / scale)),
        (TaskMetric::MedianAe, median),
        (TaskMetric::R2, r2),
    ];
    // What is larger than a float can be is not known.
    told.map(|(metric, value)| (metric, value.filter(|value| value.is_finite()))).into()
}

/// Returns the places of the one or two values in the middle of so many.
pub(super) fn middle_of(count: u64) -> Vec<u64> {
    let after = count / 2;
    if count % 2 == 1 { vec![after] } else { vec![after.saturating_sub(1), after] }
}

#[expect(clippy::cast_precision_loss, reason = "one or two values")]
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    let (sum, count) = (values.iter().sum::<f64>(), values.len() as f64);
    let mean = if sum.is_finite() { sum / count } else { values.iter().map(|value| value / count).sum() };
    mean.is_finite().then_some(mean)
}

/// How often one class was put out, came, and both.
#[derive(Clone, Copy, Default)]
struct OfClass {
    output: u64,
    came: u64,
    both: u64,
}

fn told_classes(classes: &Classes, names: &[String], positive: Option<&str>) -> (Told, Option<Vec<Confused>>) {
    let name = |number: u32| usize::try_from(number).ok().and_then(|at| names.get(at)).map_or("", String::as_str);
    let mut of: BTreeMap<u32, OfClass> = BTreeMap::new();
    for ((output, truth), count) in &classes.cells {
        let put = of.entry(*output).or_default();
        put.output = put.output.saturating_add(*count);
        if output == truth {
            put.both = put.both.saturating_add(*count);
        }
        let came = of.entry(*truth).or_default();
        came.came = came.came.saturating_add(*count);
    }
    let wanted: Vec<OfClass> = match positive {
        Some(positive) => of.iter().filter(|(number, _)| name(**number) == positive).map(|(_, of)| *of).collect(),
        None => of.values().copied().collect(),
    };
    // Of a class that was never put out there is no precision: the mean is over those that have one.
    let average = |value: fn(&OfClass) -> Option<f64>| {
        let values: Vec<f64> = wanted.iter().filter_map(value).collect();
        if classes.is_cut { None } else { mean(&values) }
    };
    let told = [
        (TaskMetric::Accuracy, share(classes.right, classes.count)),
        (TaskMetric::Precision, average(|of| share(of.both, of.output))),
        (TaskMetric::Recall, average(|of| share(of.both, of.came))),
        (TaskMetric::F1, average(|of| share(of.both.saturating_mul(2), of.output.saturating_add(of.came)))),
    ];
    let is_told = classes.count > 0 && !classes.is_cut && classes.cells.len() <= MOST_CELLS;
    let confusion = is_told.then(|| {
        let cell = |((output, truth), count): (&(u32, u32), &u64)| Confused {
            output: name(*output).to_owned(),
            feedback: name(*truth).to_owned(),
            count: *count,
        };
        let mut cells: Vec<Confused> = classes.cells.iter().map(cell).collect();
        cells.sort_by(|one, other| (&one.output, &one.feedback).cmp(&(&other.output, &other.feedback)));
        cells
    });
    (told.into(), confusion)
}
