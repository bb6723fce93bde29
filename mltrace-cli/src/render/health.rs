//! What takes too long and what is late, and where a trace spent its time.

use std::fmt::Write as _;

use mltrace_core::model::Timestamp;
use mltrace_core::query::{ComponentHealth, Health, Timing, UsualDuration};
use mltrace_core::words;

use super::{paint, table};
use crate::escape::line;
use crate::time;

/// Returns what is overdue or late, then a line for each component.
pub(crate) fn text(answer: &Health, columns: Option<u16>) -> String {
    let mut text = String::new();
    for problem in &answer.problems {
        let run = problem.run.map(|run| format!(" run {}", run.short())).unwrap_or_default();
        let kind = paint::paint(paint::BAD, format!("{:<7}", problem.kind.as_str()));
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{kind}  {}{run}: {}", line(&problem.component), line(&problem.message));
    }
    if answer.components.is_empty() {
        return text + "no components\n";
    }
    let heading = if answer.is_well { "nothing is overdue or late" } else { "" };
    if !heading.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::GOOD, heading));
    }
    let rows = answer
        .components
        .iter()
        .map(|of| [of.component.clone(), of.runs.to_string(), last(of), every(of), usually(of.usual), trend(of)]);
    text.push('\n');
    text + &table::draw(["COMPONENT", "RUNS", "LAST", "EVERY", "USUALLY TAKES", "TREND"], rows, columns)
}

fn last(of: &ComponentHealth) -> String {
    let last = of.last_at.map(time::show_minute).unwrap_or_default();
    let ahead = of.ahead_at.map(|at| format!("(one is dated {})", time::show_minute(at)));
    [last].into_iter().chain(ahead).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

fn every(of: &ComponentHealth) -> String {
    match of.every_ms {
        _ if of.is_retired => "retired".to_owned(),
        Some(every) => words::span(every),
        None => "no rhythm".to_owned(),
    }
}

fn usually(usual: Option<UsualDuration>) -> String {
    usual.map_or_else(|| "too few to say".to_owned(), UsualDuration::says)
}

fn trend(of: &ComponentHealth) -> String {
    of.trend.as_ref().map(|trend| trend.says(day)).unwrap_or_default()
}

fn day(at: Timestamp) -> String {
    time::show(at).split(' ').next().unwrap_or_default().to_owned()
}

/// Returns where a trace spent its time: the critical path, the first run first.
pub(crate) fn timing(answer: &Timing, columns: Option<u16>) -> String {
    if answer.critical_path.is_empty() {
        return String::new();
    }
    let [span, running, waiting] = [answer.span_ms, answer.running_ms, answer.waiting_ms].map(words::span);
    let cut = if answer.is_cut { "; it may begin further up, where the trace was cut" } else { "" };
    let mut text = format!("\ncritical path: {span}, of which {running} running and {waiting} waiting{cut}\n");
    let rows = answer.critical_path.iter().map(|run| {
        let took = run.duration_ms.map_or_else(|| "not known".to_owned(), words::span);
        let odd = if run.is_unusual { " (unusual)" } else { "" };
        [
            run.component.clone(),
            run.run.short(),
            time::show(run.started_at),
            if run.waited_ms > 0.0 { words::span(run.waited_ms) } else { String::new() },
            format!("{took}{odd}"),
            usually(run.usual),
            run.trend.as_ref().map(|trend| trend.says(day)).unwrap_or_default(),
        ]
    });
    let heading = ["COMPONENT", "RUN", "STARTED", "WAITED", "TOOK", "USUALLY TAKES", "TREND"];
    text.push_str(&table::draw(heading, rows, columns));
    text
}
