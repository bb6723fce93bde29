//! Subjects: whose data a function takes in, from the attribute, from inside and from a run without the attribute.

use std::fmt;

use mltrace::answer::HoldState;

use crate::{block_on, here, run_of};

/// A name whose `Display` panics.
struct Unshown;

impl fmt::Display for Unshown {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("no name")
    }
}

/// Returns how many subjects a run has, and its remarks.
fn of(component: &str) -> (usize, Vec<String>) {
    let run = run_of(component);
    (run.subjects.len(), run.notes.into_iter().map(|note| note.text).collect())
}

#[mltrace::register(outputs = [made], subject = [customer, number + 1])]
fn takes_in<D: fmt::Display>(customer: D, number: u32, made: &str) -> u32 {
    mltrace::subject!("from inside");
    mltrace::current().subject("by hand");
    number
}

#[test]
fn subjects_are_taken_from_the_attribute_and_from_inside() {
    here();
    assert_eq!(takes_in("subjects:ada", 7, "made-of-subjects"), 7);
    assert_eq!(of("takes_in"), (4, Vec::new()));
    for name in ["subjects:ada", "8", "from inside", "by hand"] {
        let held = mltrace::subject(name).expect("a run took them in");
        assert_eq!(held.versions[0].artifact.name.as_str(), "made-of-subjects", "{name}");
        assert_eq!((held.is_left, held.versions[0].state), (true, HoldState::Unknown));
    }
    assert!(mltrace::subject("nobody").is_err() && mltrace::subject("").is_err());
}

#[mltrace::register(subject = [customer])]
async fn waits(customer: &str) -> Result<(), std::io::Error> {
    Err(std::io::Error::other(customer.to_owned()))
}

#[test]
fn a_function_that_fails_has_its_subjects() {
    here();
    assert!(block_on(waits("subjects:bob")).is_err());
    assert_eq!(of("waits").0, 1);
}

#[mltrace::register(subject = [customer, ""])]
fn cannot_say(customer: Unshown) -> bool {
    mltrace::subject!(customer);
    let _ = customer;
    true
}

#[test]
fn what_cannot_be_shown_is_said_and_changes_nothing() {
    here();
    assert!(cannot_say(Unshown));
    let (subjects, notes) = of("cannot_say");
    assert_eq!(subjects, 0);
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes.iter().any(|note| note == "a subject of the run is not recorded: a subject has a name"), "{notes:?}");
}

#[test]
fn a_run_without_the_attribute_has_subjects() {
    here();
    mltrace::start("subjects by hand").subject("subjects:eve").subject(17).finish();
    assert_eq!(of("subjects by hand"), (2, Vec::new()));
}

#[test]
fn a_subject_is_retracted_and_what_nobody_can_look_for_is_said_to_be_removed() {
    here();
    mltrace::start("made of subjects").subject("subjects:mia").output("s3://subjects/model").finish();
    assert_eq!(mltrace::subject("subjects:mia").unwrap().versions[0].state, HoldState::Unknown);
    assert!(mltrace::removed("subjects:mia", &["s3://subjects/other"]).is_err());
    let held = mltrace::removed("subjects:mia", &["s3://subjects/model"]).unwrap();
    assert_eq!((held.is_left, held.versions[0].state, held.retracted_at), (false, HoldState::Gone, None));
    let retracted = mltrace::retract("subjects:mia").unwrap().retracted_at;
    assert!(retracted.is_some() && mltrace::retract("subjects:mia").unwrap().retracted_at == retracted);
    assert!(mltrace::retract("subjects:nobody").is_err());
}
