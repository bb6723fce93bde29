//! What was observed many times, of one run and of many.

use mltrace_core::model::written;
use mltrace_core::query::{Observation, ObservationSeries, Observations, Observed};
use mltrace_core::words;

use super::table;
use crate::escape::line;

/// How many texts are shown.
const TEXTS: usize = 3;
/// The shares whose quantiles are shown.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// From this index on values moved, and from the other far.
const MOVED: f64 = 0.1;
const FAR: f64 = 0.25;

/// Returns the observations of a run, a line each.
pub(super) fn of_run(all: &[Observation]) -> impl Iterator<Item = String> + '_ {
    all.iter().map(|of| {
        let mut words = vec![format!("{} values", of.count)];
        if let Some(spread) = &of.spread {
            let quantiles = spread.quantiles();
            let at = |share: f64| quantile(&quantiles, share);
            words.push(format!("median {}, 5 % below {}, 5 % above {}", at(0.5), at(0.05), at(0.95)));
        }
        words.extend(texts(&of.top.iter().map(|top| (&*top.value, top.count)).collect::<Vec<_>>(), of.others));
        words.extend(apart(of.missing, of.nans, of.infinite, of.is_whole));
        format!("{}: {}", line(&of.name), words.join("; "))
    })
}

/// Returns the answer as text: a row for each name, and one more for what it is compared with.
pub(crate) fn text(answer: &Observations, is_compared: bool, columns: Option<u16>) -> String {
    if answer.observations.is_empty() {
        return "no observations\n".to_owned();
    }
    let mut rows = Vec::new();
    for series in &answer.observations {
        let name = format!("{}: {}", series.component, series.name);
        if let Some(before) = &series.before {
            rows.push(row(format!("{name}, before"), before, String::new()));
        }
        rows.push(row(name, &series.now, if is_compared { said(series) } else { String::new() }));
    }
    let heads = ["OBSERVED", "RUNS", "VALUES", "5 %", "25 %", "50 %", "75 %", "95 %", "MOST FREQUENT", ""];
    let mut text = table::draw(heads, rows.into_iter(), columns);
    if is_compared {
        text.push_str(
            "PSI is the size of an effect and not the outcome of a test: over many values all tests find something\n",
        );
    }
    if answer.is_cut {
        text.push_str(words::OLDER_LEFT_OUT);
        text.push('\n');
    }
    text
}

fn row(name: String, of: &Observed, said: String) -> [String; 10] {
    let at = |share: f64| quantile(&of.quantiles, share);
    let [p5, p25, p50, p75, p95] = SHARES.map(at);
    let top: Vec<_> = of.top.iter().map(|top| (&*top.value, top.count)).collect();
    let mut words: Vec<String> = texts(&top, of.others).into_iter().collect();
    words.extend(apart(of.missing, of.nans, of.infinite, of.is_whole));
    [name, of.runs.to_string(), of.count.to_string(), p5, p25, p50, p75, p95, words.join("; "), said]
}

fn said(series: &ObservationSeries) -> String {
    let Some(before) = &series.before else { return "not observed before".to_owned() };
    let part = if before.is_whole && series.now.is_whole { "" } else { ", of what is known" };
    match series.psi {
        None => "values not compared".to_owned(),
        Some(psi) if psi >= FAR => format!("moved far, PSI {psi:.3}{part}"),
        Some(psi) if psi >= MOVED => format!("moved, PSI {psi:.3}{part}"),
        Some(psi) => format!("PSI {psi:.3}{part}"),
    }
}

fn quantile(quantiles: &[(f64, f64)], share: f64) -> String {
    let found = quantiles.iter().find(|(known, _)| (known - share).abs() < 1e-9);
    found.map(|(_, value)| written(*value)).unwrap_or_default()
}

fn texts(top: &[(&str, u64)], others: u64) -> Option<String> {
    if top.is_empty() && others == 0 {
        return None;
    }
    let left = top.iter().skip(TEXTS).fold(others, |sum, (_, count)| sum.saturating_add(*count));
    let mut words: Vec<_> = top.iter().take(TEXTS).map(|(value, count)| format!("{} ({count})", line(value))).collect();
    words.extend((left > 0).then(|| format!("others ({left})")));
    Some(words.join(", "))
}

/// Says what is no value that spreads, and what is not known.
fn apart(missing: u64, nans: u64, infinite: u64, is_whole: bool) -> Vec<String> {
    let counts = [(missing, "missing"), (nans, "not a number"), (infinite, "infinite")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    counts.chain((!is_whole).then(|| "the rest is not known: a run was killed, or goes on".to_owned())).collect()
}
