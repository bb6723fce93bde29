//! Whose data runs took in is found by run and by subject, and the first retraction counts.

use mltrace_core::model::{DataSubject, RetractFact, RunSubject, Timestamp};
use mltrace_core::store::{Extent, Removed, Said, Store};

use super::Make;
use super::drawing::{self, PROJECT, id};

const DRAWN: &str = "
    a prep 10-20 here : raw=x@10 -> clean=y@20
    b fit 30-40 here : clean=y@30 -> model=z@40
";

pub(crate) fn try_all(make: Make<'_>) {
    runs_are_found_by_their_subjects(make().store.as_mut());
    the_first_retraction_counts(make().store.as_mut());
    retractions_of_projects_that_are_one_are_one(make().store.as_mut());
}

fn subject(name: &str) -> DataSubject {
    DataSubject::of(name).unwrap()
}

fn retracted(name: &str, by: &str, at: i64) -> RetractFact {
    RetractFact { subject: subject(name), by: Some(by.to_owned()), at: Timestamp(at) }
}

fn retract(store: &mut dyn Store, project: &str, facts: &[RetractFact]) {
    let mut retract = |writer: &mut dyn mltrace_core::store::Writer| {
        let project = writer.project(project, None)?;
        facts.iter().try_for_each(|fact| writer.keep(Said::Retracted(project, fact)))
    };
    store.write(&mut retract).unwrap();
}

fn all(store: &mut dyn Store) -> Vec<(DataSubject, Option<String>, i64)> {
    let project = store.look().project(PROJECT, None).unwrap().unwrap();
    let mut found: Vec<_> =
        store.look().retracted(project).unwrap().into_iter().map(|fact| (fact.subject, fact.by, fact.at.0)).collect();
    found.sort();
    found
}

fn runs_are_found_by_their_subjects(store: &mut dyn Store) {
    let keys = drawing::store(store, DRAWN);
    let (ada, bob) = (subject("ada"), subject("bob"));
    let said = [
        Said::Subject(keys.runs[&'a'], &ada),
        Said::Subject(keys.runs[&'b'], &bob),
        Said::Subject(keys.runs[&'a'], &ada),
    ];
    store.write(&mut |writer| writer.say(&said)).unwrap();
    retract(store, PROJECT, &[retracted("ada", "eve", 7)]);
    let project = store.look().project(PROJECT, None).unwrap().unwrap();
    assert_eq!(store.look().runs_of_subject(project, &ada).unwrap(), [keys.runs[&'a']]);
    assert!(store.look().runs_of_subject(project, &subject("eve")).unwrap().is_empty());
    let details = store.look().details(&[keys.runs[&'b'], keys.runs[&'a']], Extent::Whole).unwrap();
    let of = |detail: &mltrace_core::store::RunDetail| (detail.row.id, detail.subjects.clone());
    assert_eq!(
        details.iter().map(of).collect::<Vec<_>>(),
        [
            (id('b'), vec![RunSubject { subject: bob.clone(), retracted_at: None }]),
            (id('a'), vec![RunSubject { subject: ada.clone(), retracted_at: Some(Timestamp(7)) }]),
        ]
    );
    store.write(&mut |writer| writer.remove(Removed::Run(keys.runs[&'a'])).map(drop)).unwrap();
    assert!(store.look().runs_of_subject(project, &ada).unwrap().is_empty(), "they go with the run");
    assert_eq!(all(store).len(), 1, "and the retraction stays");
}

fn the_first_retraction_counts(store: &mut dyn Store) {
    let facts =
        [retracted("ada", "eve", 5), retracted("ada", "bob", 3), retracted("ada", "abe", 3), retracted("bob", "x", 9)];
    let wanted = || {
        let mut wanted = vec![(subject("ada"), Some("abe".to_owned()), 3), (subject("bob"), Some("x".to_owned()), 9)];
        wanted.sort();
        wanted
    };
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]] {
        retract(store, PROJECT, &order.map(|at: usize| facts[at].clone()));
        assert_eq!(all(store), wanted());
    }
}

fn retractions_of_projects_that_are_one_are_one(store: &mut dyn Store) {
    retract(store, "old", &[retracted("ada", "x", 1), retracted("bob", "x", 9)]);
    retract(store, PROJECT, &[retracted("ada", "y", 2), retracted("bob", "y", 8)]);
    store
        .write(&mut |writer| {
            let (old, new) = (writer.project("old", None)?, writer.project(PROJECT, None)?);
            writer.keep(Said::Joined(old, new))
        })
        .unwrap();
    let moments: Vec<i64> = {
        let found = all(store);
        [subject("ada"), subject("bob")]
            .iter()
            .filter_map(|of| Some(found.iter().find(|fact| fact.0 == *of)?.2))
            .collect()
    };
    assert_eq!(moments, [1, 8]);
}
