//! Observations: counted from everywhere in a run, and written with its end.

use mltrace::answer::{Observation, Run};
use mltrace::observe;

use crate::{block_on, here, run_of};

fn of<'r>(run: &'r Run, name: &str) -> &'r Observation {
    run.observations.iter().find(|of| of.name == name).unwrap_or_else(|| panic!("{name} in {:?}", run.observations))
}

#[mltrace::register]
fn serves(rides: u32) -> u32 {
    for ride in 0..rides {
        observe!("fare", 2.5 + f64::from(ride % 40));
        observe!("zone", if ride % 3 == 0 { "JFK" } else { "EWR" });
        observe!("tip", (ride % 2 == 0).then_some(ride));
        observe!(ride % 2 == 0);
        observe!("odd", [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0][ride as usize % 4]);
    }
    rides
}

#[test]
fn how_values_spread_is_recorded_with_the_end_of_the_run() {
    here();
    assert_eq!(serves(4_000), 4_000);
    let run = run_of("serves");
    assert_eq!(run.observations.len(), 5);
    assert!(run.observations.iter().all(|of| of.is_whole && of.count == 4_000));
    let spread = of(&run, "fare").spread.as_ref().unwrap();
    assert_eq!((spread.min, spread.max, spread.mean(), spread.count()), (2.5, 41.5, 22.0, 4_000));
    let median = spread.quantiles().into_iter().find(|(share, _)| (*share - 0.5).abs() < 1e-9).unwrap().1;
    assert!((median - 21.5).abs() <= 21.5 * spread.error() + 1.0, "{median}");
    let zone = of(&run, "zone");
    let top: Vec<_> = zone.top.iter().map(|top| (&*top.value, top.count)).collect();
    assert_eq!(top, [("EWR", 2_666), ("JFK", 1_334)]);
    assert_eq!(of(&run, "tip").missing, 2_000);
    let odd = of(&run, "odd");
    assert_eq!((odd.nans, odd.infinite, odd.spread.as_ref().unwrap().count()), (1_000, 2_000, 1_000));
    assert_eq!(of(&run, "ride % 2 == 0").top[0].count, 2_000);
}

#[mltrace::register]
fn serves_on_threads() {
    let run = mltrace::current();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|ride| run.observe("ride", &ride)));
        }
    });
}

#[mltrace::register]
async fn serves_awaiting() {
    for ride in 0..10 {
        observe!(ride);
        std::future::ready(()).await;
    }
}

#[mltrace::register]
fn observes_too_much() {
    for name in 0..20 {
        observe!(format!("name {name}"), 1);
    }
    for text in 0..100 {
        observe!("name 0", format!("text {text}"));
    }
    observe!("name 1", "x".repeat(100));
}

#[test]
fn nothing_is_lost_on_threads_and_in_tasks_and_what_does_not_fit_is_counted() {
    here();
    serves_on_threads();
    assert_eq!(of(&run_of("serves_on_threads"), "ride").count, 40_000);
    block_on(serves_awaiting());
    assert_eq!(of(&run_of("serves_awaiting"), "ride").count, 10);
    observes_too_much();
    let run = run_of("observes_too_much");
    assert_eq!(run.observations.len(), 6);
    assert_eq!(run.notes[0].text, "14 observations are not kept: there are too many names, or too long ones");
    let first = of(&run, "name 0");
    assert_eq!((first.count, first.top.len(), first.others), (101, 12, 88));
    assert_eq!(of(&run, "name 1").others, 1);
    observe!("outside", 1);
}
