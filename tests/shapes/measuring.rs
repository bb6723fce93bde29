//! Metrics and checks: a check that is required stops a function exactly as its own error would.

use std::collections::HashMap;
use std::fmt::Display;
use std::io;
use std::path::Path;

use mltrace::answer::{Run, Span};
use mltrace::{CheckFailed, MeasureFilter, check, metric, require};

use crate::{block_on, here, run_of};

fn checks(run: &Run) -> Vec<(&str, &str)> {
    run.checks.iter().map(|check| (check.name.as_str(), check.outcome.as_str())).collect()
}

#[mltrace::register]
fn measures(rows: u32) {
    metric!("rows", rows);
    let rmse = 0.50_f64;
    metric!(rmse);
    metric!("worst", f64::NAN);
    for epoch in 0..3 {
        metric!("loss", 1.0 / f64::from(epoch + 1), step = epoch);
    }
    for (epoch, loss) in [0.5].into_iter().enumerate() {
        metric!("late", loss, step = epoch);
    }
    metric!("words", "no number");
    mltrace::current().metric("auc", "0.90");
}

#[mltrace::register(inputs = [raw])]
fn weighs(raw: &Path) {
    for (feature, share) in [("age", 0.3), ("zone", 0.7)] {
        metric!("importance", share, about = feature);
    }
    metric!("rows", 9, about = raw);
    metric!("loss", 0.5, about = raw, step = 2_u64);
    metric!("loss", 0.25, step = 3, about = &raw);
    metric!("error", 1, about = [raw, Path::new("other.csv")]);
    metric!("none", 1, about = None::<&str>);
    mltrace::current().metric_about("gain", 2, "age");
}

#[test]
fn a_metric_may_be_of_what_a_run_reads_or_writes() {
    here();
    weighs(Path::new("weighed.csv"));
    mltrace::start("weighs by hand").metric_about("importance", 0.3, "age").finish();
    let of = |component: &str| {
        let line = |metric: mltrace::answer::Metric| {
            let step = metric.step.map_or(String::new(), |step| format!(" at {step}"));
            format!("{} of {}{step} = {}", metric.name, metric.about.unwrap(), metric.value)
        };
        run_of(component).metrics.into_iter().map(line).collect::<Vec<_>>()
    };
    let wanted = [
        "error of other.csv = 1",
        "error of weighed.csv = 1",
        "gain of age = 2",
        "importance of age = 0.3",
        "importance of zone = 0.7",
        "loss of weighed.csv at 2 = 0.5",
        "loss of weighed.csv at 3 = 0.25",
        "rows of weighed.csv = 9",
    ];
    assert_eq!(of("weighs"), wanted);
    assert_eq!(of("weighs by hand"), ["importance of age = 0.3"]);
}

#[test]
fn metrics_are_kept_as_they_are_shown() {
    here();
    measures(900);
    let run = run_of("measures");
    let all: Vec<_> = run.metrics.iter().map(|metric| (&*metric.name, metric.value.as_str(), metric.step)).collect();
    let wanted = [
        ("auc", "0.90", None),
        ("late", "0.5", Some(0)),
        ("loss", "1", Some(0)),
        ("loss", "0.5", Some(1)),
        ("loss", "0.3333333333333333", Some(2)),
        ("rmse", "0.5", None),
        ("rows", "900", None),
        ("worst", "NaN", None),
    ];
    assert_eq!(all, wanted);
    assert_eq!(run.notes[0].text, "the metric `words` is not recorded: `no number` is not a number");
}

#[mltrace::register]
fn goes_on(rows: u32) -> u32 {
    let is_enough = check!(rows > 900, "{rows} rows");
    let can_be_told = check!(name = "header", Err::<bool, _>("no such file"));
    let is_whole = check!(name = "whole", Err::<(), _>("two are missing"), "part {}", 7);
    assert!(!is_enough && !can_be_told && !is_whole && check!(rows > 0));
    rows
}

#[test]
fn a_check_goes_on_and_says_whether_it_passed() {
    here();
    assert_eq!(goes_on(12), 12);
    let run = run_of("goes_on");
    let wanted = [("header", "errored"), ("rows > 0", "passed"), ("rows > 900", "failed"), ("whole", "failed")];
    assert_eq!(checks(&run), wanted);
    let messages: Vec<_> = run.checks.iter().map(|check| check.message.as_deref()).collect();
    assert_eq!(messages, [Some("no such file"), None, Some("12 rows"), Some("part 7: two are missing")]);
    assert_eq!(run.status.as_str(), "completed");
}

#[mltrace::register]
fn warns(rows: u32) -> bool {
    let is_enough = check!(warn(rows > 900), "{rows} rows");
    let is_known = check!(name = "header", warn(Err::<bool, _>("no such file")));
    check!(name = "whole", warn(rows > 7), "all of {}", 7) && !is_enough && !is_known
}

/// Returns the checks of a run, each with how much depends on it.
fn severities(run: &Run) -> Vec<String> {
    let line = |check: &mltrace::answer::Check| {
        let warning = if check.is_warning() { " (warning)" } else { "" };
        format!("{} {}{warning}: {}", check.name, check.outcome.as_str(), check.message.as_deref().unwrap_or("-"))
    };
    run.checks.iter().map(line).collect()
}

#[test]
fn a_check_may_only_warn() {
    here();
    assert!(warns(12));
    let wanted =
        ["header errored (warning): no such file", "rows > 900 failed (warning): 12 rows", "whole passed: all of 7"];
    assert_eq!(severities(&run_of("warns")), wanted);
    assert!(run_of("warns").checks.iter().all(|check| format!("{:?}", check.severity) == "Warn"));
    let run = mltrace::start("warns by hand").check_warning("few", false).check("many", true);
    assert!(
        !run.handle().check_warning("fewer", Err::<(), _>("one")) && !mltrace::current().check_warning("none", false)
    );
    run.finish();
    let wanted = ["few failed (warning): -", "fewer failed (warning): one", "many passed: -"];
    assert_eq!(severities(&run_of("warns by hand")), wanted);
}

#[mltrace::register(inputs = [raw])]
fn inspects(raw: &Path) -> Result<(), String> {
    let name = "whole";
    assert!(check!(about = raw, true) && !check!(about = "b.csv", name = name, warn(false), "{} gaps", 2));
    check!(name = "both", about = [raw, Path::new("b.csv")], Err::<bool, _>("no file"));
    // A check is not lost for want of an artifact.
    check!(about = None::<&str>, 1 > 2);
    require!(about = raw, name = "read", raw.is_absolute(), "it is relative",);
    Ok(())
}

#[test]
fn a_check_may_be_of_what_a_run_reads_or_writes() {
    here();
    let stopped = inspects(Path::new("inspected.csv"));
    assert_eq!(stopped, Err("the check `read` did not pass: it is relative".to_owned()));
    let run = mltrace::start("inspects by hand").check_about("whole", false, "age");
    assert!(run.handle().check_about("fine", Ok::<_, String>(()), ["age", "zone"]));
    assert!(!mltrace::current().check_about("none", false, "age"));
    run.finish();
    let of = |component: &str| {
        let line = |check: mltrace::answer::Check| {
            let about = check.about.map_or(String::new(), |about| format!(" of {about}"));
            let message = check.message.map_or(String::new(), |message| format!(": {message}"));
            format!(
                "{}{about} {}{message}",
                check.name,
                mltrace_core::words::outcome(
                    check.outcome.as_str(),
                    check.severity == mltrace_core::model::Severity::Warn
                )
            )
        };
        run_of(component).checks.into_iter().map(line).collect::<Vec<_>>()
    };
    let wanted = [
        "1 > 2 failed",
        "both of b.csv errored: no file",
        "both of inspected.csv errored: no file",
        "read of inspected.csv failed: it is relative",
        "true of inspected.csv passed",
        "whole of b.csv failed (warning): 2 gaps",
    ];
    assert_eq!(of("inspects"), wanted);
    assert_eq!(of("inspects by hand"), ["fine of age passed", "fine of zone passed", "whole of age failed"]);
}

#[mltrace::register]
fn observes(of: u32) {
    metric!("asked/rmse", of);
    check!(name = "asked/enough", of > 900);
    mltrace::observe!("asked/prediction", of);
}

#[test]
fn what_was_measured_checked_and_observed_is_asked_for_inside() {
    here();
    observes(901);
    observes(12);
    let of = MeasureFilter { component: Some("observes".to_owned()), ..MeasureFilter::default() };
    let metrics = mltrace::metrics(Some("asked/rmse"), &of).unwrap();
    let series = &metrics.metrics[0];
    assert_eq!((series.values.len(), series.value(0).unwrap().as_str(), &*series.trend()), (2, "12", "█▁"));
    assert_eq!(mltrace::history("observes").unwrap().metrics, metrics.metrics);
    let checks = mltrace::checks(&of).unwrap();
    let outcomes: Vec<_> = checks.checks.iter().map(|of| of.check.outcome.as_str()).collect();
    assert_eq!(outcomes, ["failed", "passed"]);
    assert_eq!(mltrace::failed_checks(&of).unwrap().checks, checks.checks[..1]);
    let last = MeasureFilter { limit: Some(1), ..of.clone() };
    assert!(mltrace::checks(&last).unwrap().is_cut && mltrace::metrics(None, &last).unwrap().is_cut);
    let observed = mltrace::observations(None, &of, None).unwrap();
    assert_eq!((observed.observations[0].now.count, observed.observations[0].psi), (2, None));
    let before = Span::Run(checks.checks[1].run.to_string());
    let now = MeasureFilter { span: Span::Run(checks.checks[0].run.to_string()), ..of };
    let moved = mltrace::observations(Some("asked/prediction"), &now, Some(&before)).unwrap();
    assert!(moved.observations[0].psi.is_some_and(|psi| psi > 1.0), "{moved:?}");
    let unknown = MeasureFilter { component: Some("nobody".to_owned()), ..MeasureFilter::default() };
    assert!(mltrace::metrics(None, &unknown).is_err());
}

#[derive(Debug)]
enum Own {
    Check(CheckFailed),
    Io(io::Error),
}

impl Display for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Check(failed) => write!(f, "own: {failed}"),
            Self::Io(error) => write!(f, "io: {error}"),
        }
    }
}

impl From<CheckFailed> for Own {
    fn from(failed: CheckFailed) -> Self {
        Self::Check(failed)
    }
}

#[mltrace::register]
fn own_error(rows: u32) -> Result<u32, Own> {
    require!(rows > 900, "{rows} rows");
    std::fs::metadata("/nowhere").map_err(Own::Io)?;
    Ok(rows)
}

#[mltrace::register]
fn any_error(rows: u32) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    require!(rows > 900);
    Ok(rows)
}

#[mltrace::register]
fn io_error(rows: u32) -> io::Result<u32> {
    require!(name = "enough", rows > 900, "{rows} rows");
    Ok(rows)
}

#[mltrace::register]
fn text_error<T: Display + PartialOrd<u32>>(rows: T) -> Result<T, String> {
    require!(rows > 900, "{rows} rows");
    Ok(rows)
}

#[mltrace::register]
async fn awaits(rows: u32) -> Result<u32, String> {
    std::future::ready(()).await;
    require!(name = "enough", rows > 900, "{rows} rows");
    Ok(rows)
}

fn deeper(rows: u32) -> Result<(), CheckFailed> {
    require!(name = "enough", rows > 900);
    Ok(())
}

#[mltrace::register]
fn by_question_mark(rows: u32) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    deeper(rows)?;
    Ok(rows)
}

#[mltrace::register]
fn panics(rows: u32) -> u32 {
    require!(name = "enough", rows > 900, "{rows} rows");
    rows
}

#[test]
fn a_check_that_is_required_stops_a_function_as_its_own_error_would() {
    here();
    assert_eq!([own_error(901).is_ok(), any_error(901).is_ok(), io_error(901).is_ok()], [false, true, true]);
    assert_eq!((text_error(901), panics(901), block_on(awaits(901))), (Ok(901), 901, Ok(901)));
    let stopped = "the check `enough` did not pass: 12 rows";
    assert!(matches!(own_error(12), Err(Own::Check(failed)) if failed.name() == "rows > 900"));
    assert_eq!(any_error(12).unwrap_err().to_string(), "the check `rows > 900` did not pass");
    assert_eq!(io_error(12).unwrap_err().to_string(), stopped);
    assert_eq!(text_error(12).unwrap_err(), "the check `rows > 900` did not pass: 12 rows");
    assert_eq!(block_on(awaits(12)).unwrap_err(), stopped);
    assert_eq!(by_question_mark(12).unwrap_err().to_string(), "the check `enough` did not pass");
    let panic = std::panic::catch_unwind(|| panics(12)).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), stopped);
    for (component, check) in [
        ("own_error", "rows > 900"),
        ("any_error", "rows > 900"),
        ("io_error", "enough"),
        ("text_error", "rows > 900"),
        ("awaits", "enough"),
        ("by_question_mark", "enough"),
        ("panics", "enough"),
    ] {
        let run = run_of(component);
        assert_eq!((run.status.as_str(), checks(&run)), ("failed", vec![(check, "failed")]), "{component}");
        assert!(run.error.unwrap().contains("did not pass"), "{component}");
    }
}

#[mltrace::register]
fn of_several(rows: u32) -> (u32, HashMap<String, u32>) {
    require!(name = "enough", rows > 900);
    (rows, HashMap::new())
}

#[mltrace::register]
fn of_text(rows: u32) -> &'static str {
    require!(name = "enough", rows > 900);
    "enough"
}

#[test]
fn a_function_of_what_programs_return_is_stopped_by_a_panic() {
    here();
    assert_eq!((of_several(901).0, of_text(901)), (901, "enough"));
    for panics in [|| drop(of_several(12)), || assert!(of_text(12).is_empty())] {
        let panic = std::panic::catch_unwind(panics).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "the check `enough` did not pass");
    }
}

#[test]
fn what_is_required_holds_where_nothing_is_recorded_too() {
    here();
    assert!(deeper(12).is_err() && deeper(901).is_ok());
}
