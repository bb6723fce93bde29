//! What tasks put out and what became of it is found by its last word, in the order that is asked for.

use mltrace_core::model::{Forget, RunId, TaskFact, TaskSide, TaskValue, Timestamp};
use mltrace_core::store::{CaseRow, Cases, PairOrder, PairsAsked, Removed, Said, Store};

use super::Make;
use super::drawing::{PROJECT, id};

pub(crate) fn try_all(make: Make<'_>) {
    the_last_word_on_an_output_counts(make().store.as_mut());
    outputs_are_told_in_order(make().store.as_mut());
    what_a_run_put_out_that_is_taken_back_is_gone(make().store.as_mut());
    tasks_of_projects_that_are_one_are_one(make().store.as_mut());
}

fn said(side: TaskSide, id: &str, value: &str, at: i64) -> TaskFact {
    let value = TaskValue::parse(value).unwrap();
    TaskFact { task: "fare".to_owned(), id: id.to_owned(), side, value, at: Timestamp(at), run: None }
}

fn output(id: &str, value: &str, at: i64) -> TaskFact {
    said(TaskSide::Output, id, value, at)
}

fn feedback(id: &str, value: &str, at: i64) -> TaskFact {
    said(TaskSide::Feedback, id, value, at)
}

fn keep(store: &mut dyn Store, project: &str, facts: &[TaskFact]) {
    store
        .write(&mut |writer| {
            let project = writer.project(project, None)?;
            facts.iter().try_for_each(|fact| writer.keep(Said::Task(project, fact)))
        })
        .unwrap();
}

fn case(store: &mut dyn Store, id: &str) -> Option<CaseRow> {
    let project = store.look().project(PROJECT, None).unwrap().unwrap();
    store.look().task_case(project, "fare", id).unwrap()
}

fn the_last_word_on_an_output_counts(store: &mut dyn Store) {
    let facts = [
        feedback("a", "7", 3),
        output("a", "0.70", 5),
        output("a", "9", 4),
        feedback("a", "8", 9),
        output("a", "0.7", 5),
        feedback("a", "NaN", 9),
        feedback("a", "9", 8),
    ];
    for order in [[0, 1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1, 0], [3, 5, 1, 0, 6, 2, 4]] {
        let facts: Vec<TaskFact> = order.iter().map(|at| facts[*at].clone()).collect();
        keep(store, PROJECT, &facts);
        let found = case(store, "a").unwrap();
        let of = |said: Option<(TaskValue, Timestamp)>| said.map(|(value, at)| (value.as_str().to_owned(), at.0));
        assert_eq!(of(found.output), Some(("0.70".to_owned(), 5)), "of one moment the greater text");
        assert_eq!(of(found.feedback), Some(("NaN".to_owned(), 9)));
        assert!(case(store, "b").is_none());
        store
            .write(&mut |writer| {
                writer.project(PROJECT, None).and_then(|of| writer.remove(Removed::Project(of))).map(drop)
            })
            .unwrap();
        assert!(store.look().projects().unwrap().is_empty(), "nothing refers to it any more");
        keep(store, PROJECT, &[]);
    }
}

fn outputs_are_told_in_order(store: &mut dyn Store) {
    keep(
        store,
        PROJECT,
        &[
            output("a", "3", 10),
            output("b", "0.50", 30),
            output("c", "-1", 20),
            output("d", "true", 40),
            feedback("a", "3", 90),
            feedback("b", "5", 35),
            feedback("c", "-4", 15),
            feedback("e", "1", 15),
        ],
    );
    let project = store.look().project(PROJECT, None).unwrap().unwrap();
    let task = store.look().tasks(project).unwrap().remove(0);
    assert_eq!((task.name.as_str(), task.outputs, task.with_feedback, task.without_output), ("fare", 4, 3, 1));
    assert_eq!(store.look().find_task(project, "fare").unwrap(), Some((task.key, 1)));
    assert_eq!(store.look().find_task(project, "tip").unwrap(), None);
    assert_eq!(store.look().task_names(project).unwrap(), ["fare"]);
    assert_eq!((task.first, task.last), (Some(Timestamp(10)), Some(Timestamp(40))));
    let mut told = |since: i64, until: Option<i64>, order| {
        let mut told = Vec::new();
        let asked = PairsAsked { task: task.key, since: Timestamp(since), until: until.map(Timestamp), order };
        let mut tell = |pair: mltrace_core::store::Pair<'_>| {
            told.push(pair.output.text().into_owned());
            true
        };
        store.look().task_pairs(asked, &mut tell).unwrap();
        told
    };
    assert_eq!(told(i64::MIN, None, PairOrder::Time), ["3", "-1", "0.50", "true"]);
    assert_eq!(told(20, Some(40), PairOrder::Time), ["-1", "0.50"], "from then on, and before");
    assert_eq!(told(0, None, PairOrder::Output), ["-1", "0.50", "3"], "those with feedback");
    assert_eq!(told(0, None, PairOrder::Error), ["3", "-1", "0.50"]);
    assert_eq!(told(0, None, PairOrder::Lag), ["-1", "0.50", "3"]);
    let mut count = 0;
    let mut first = |_: CaseRow| {
        count += 1;
        count < 2
    };
    store.look().find_cases(Cases::Of(task.key), &mut first).unwrap();
    assert_eq!(count, 2, "no more than is wanted");
}

fn what_a_run_put_out_that_is_taken_back_is_gone(store: &mut dyn Store) {
    let by = |id: &str, run: RunId| TaskFact { run: Some(run), ..output(id, "1", 1) };
    let (gone, here) = (id('a'), id('b'));
    keep(store, PROJECT, &[by("a", gone), by("b", gone), by("c", here), feedback("b", "2", 5)]);
    let made = |store: &mut dyn Store| store.look().outputs_of_tasks(&[here, gone]).unwrap();
    let of = |run: RunId, count: u64| (run, "fare".to_owned(), count);
    assert_eq!(made(store), [of(here, 1), of(gone, 2)]);
    let forget = Forget { run: gone, at: Timestamp(9) };
    store.write(&mut |writer| writer.keep(Said::Forgotten(forget.run, forget.at))).unwrap();
    keep(store, PROJECT, &[by("d", gone)]);
    assert_eq!(case(store, "a"), None);
    assert_eq!(made(store), [of(here, 1)]);
    let kept = case(store, "b").unwrap();
    assert!(kept.output.is_none() && kept.run.is_none() && kept.feedback.is_some(), "{kept:?}");
    assert_eq!(case(store, "c").unwrap().run, Some(here));
    assert_eq!(case(store, "d"), None, "what is told later does not bring it back");
}

fn tasks_of_projects_that_are_one_are_one(store: &mut dyn Store) {
    let tip = TaskFact { task: "tip".to_owned(), ..output("a", "2", 1) };
    keep(store, "old", &[output("a", "1", 1), feedback("a", "3", 9), output("b", "5", 5), tip]);
    keep(store, PROJECT, &[output("a", "4", 3), feedback("a", "2", 4), output("c", "6", 6)]);
    store
        .write(&mut |writer| {
            let (old, new) = (writer.project("old", None)?, writer.project(PROJECT, None)?);
            writer.keep(Said::Joined(old, new))
        })
        .unwrap();
    let project = store.look().project(PROJECT, None).unwrap().unwrap();
    let names: Vec<String> = store.look().tasks(project).unwrap().into_iter().map(|task| task.name).collect();
    assert_eq!(names, ["fare", "tip"]);
    let values =
        |case: CaseRow| [case.output, case.feedback].map(|said| said.map(|(value, _)| value.as_str().to_owned()));
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(values(case(store, "a").unwrap()), [text("4"), text("3")], "the last word of either");
    assert_eq!(values(case(store, "b").unwrap()), [text("5"), None]);
    assert_eq!(values(case(store, "c").unwrap()), [text("6"), None]);
}
