//! Outputs of tasks and feedback, said from code: nothing in the function changes, and what makes no sense is counted.

use std::fmt;

use mltrace::answer::TaskKind;
use mltrace::{TaskOptions, Verdict};

use crate::{here, run_of};

struct Panics;

impl fmt::Display for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("while shown")
    }
}

#[mltrace::register]
fn predicts(rides: u32) -> u32 {
    let fare = mltrace::task("fare");
    for ride in 0..rides {
        fare.output(ride, f64::from(ride) + 0.5);
    }
    rides
}

#[test]
fn outputs_belong_to_the_run_that_makes_them_and_feedback_to_none() {
    here();
    assert_eq!(predicts(4), 4);
    let fare = mltrace::task("fare");
    for ride in 0..3_u8 {
        fare.feedback(ride, ride);
    }
    fare.feedback("never", 7);
    let fit = fare.fit(&TaskOptions::default()).unwrap();
    let window = &fit.windows[0];
    assert_eq!((fit.kind, window.outputs, window.with_feedback), (Some(TaskKind::Numbers), 4, 3));
    assert_eq!(fit.without_output, 1);
    assert_eq!(window.metrics.values().next().copied().flatten(), Some(0.5));
    let trace = mltrace::trace("fare:2").unwrap();
    assert_eq!(trace.runs[0].run.id, run_of("predicts").id);
    let review = mltrace::judge(&one("fare:2"), Verdict::Flagged, Some("too much")).unwrap();
    assert!(review.flagged.iter().any(|flagged| flagged.name.as_str() == "fare:2"));
    assert_eq!(run_of("predicts").outputs[0].name.as_str(), "fare:2");
    assert!(mltrace::tasks().unwrap().tasks.iter().any(|task| task.task == "fare"));
}

fn one(name: &str) -> mltrace::answer::Many {
    mltrace::answer::Many { artifacts: vec![name.to_owned()], ..mltrace::answer::Many::default() }
}

#[test]
fn what_makes_no_sense_is_left_out_and_disturbs_nothing() {
    here();
    let odd = mltrace::task("odd");
    odd.output("1", "");
    odd.output("a/b", 1);
    odd.output(Panics, 1);
    odd.output("2", Panics);
    mltrace::task("a:b").output(1, 1);
    odd.output("3", "fine");
    let fit = odd.fit(&TaskOptions::default()).unwrap();
    assert_eq!(fit.windows[0].outputs, 1);
    assert!(mltrace::task("a:b").fit(&TaskOptions::default()).is_err());
}
