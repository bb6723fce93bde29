//! Holds the documents to what the code does: the SQL views and tables, and the promised JSON.

use std::collections::BTreeSet;

use mltrace_core::store::sqlite::Schema;
use rusqlite::Connection;

const SQL: &str = include_str!("../docs/sql.md");
const JSON: &str = include_str!("../docs/json.md");
const ARCHITECTURE: &str = include_str!("../ARCHITECTURE.md");

#[test]
fn the_views_have_the_columns_that_are_promised() {
    let store = Connection::open_in_memory().expect("memory");
    Schema::CURRENT.make(&store).expect("the schema is SQL");
    for view in [
        "runs",
        "versions",
        "edges",
        "labels",
        "metrics",
        "observations",
        "checks",
        "aliases",
        "task_outputs",
        "subjects",
    ] {
        let statement = store.prepare(&format!("SELECT * FROM {view}")).expect("the view is there");
        let columns: BTreeSet<_> = statement.column_names().collect();
        let section = SQL.split("\n## ").find_map(|section| section.strip_prefix(view)).expect("a section");
        assert_eq!(columns, first_words(section), "of the view `{view}`");
    }
}

#[test]
fn the_picture_of_the_tables_shows_each_of_them() {
    let store = Connection::open_in_memory().expect("memory");
    Schema::CURRENT.make(&store).expect("the schema is SQL");
    let picture = ARCHITECTURE.split("\n## The tables\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let picture = picture.and_then(|section| section.split("```").nth(1)).expect("a picture");
    let shown: BTreeSet<&str> = picture.split(|letter: char| !letter.is_ascii_lowercase() && letter != '_').collect();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    let mut statement = store.prepare(names).expect("SQL");
    let tables = statement.query_map([], |row| row.get(0)).expect("tables");
    let tables: Vec<String> = tables.collect::<Result<_, _>>().expect("names");
    let missing: Vec<&String> = tables.iter().filter(|table| !shown.contains(table.as_str())).collect();
    assert!(tables.len() > 30 && missing.is_empty(), "{missing:?}");
}

#[test]
fn the_queries_of_the_documents_run() {
    let store = Connection::open_in_memory().expect("memory");
    Schema::CURRENT.make(&store).expect("the schema is SQL");
    let queries = fenced(SQL, "sql");
    assert!(queries.len() >= 5);
    for query in queries {
        store.execute_batch(query).unwrap_or_else(|error| panic!("{error}\n{query}"));
    }
}

#[test]
fn the_json_of_the_documents_is_that_of_an_answer() {
    let examples = fenced(JSON, "json");
    let trace: mltrace::answer::Trace = serde_json::from_str(examples[0]).expect("the example is an answer of `trace`");
    let told: serde_json::Value = serde_json::from_str(examples[0]).expect("the example is JSON");
    assert_eq!(
        serde_json::to_value(&trace).expect("an answer is JSON"),
        told,
        "nothing is missing and nothing is more"
    );

    let section = JSON.split("\n## ").find_map(|section| section.strip_prefix("A run\n")).expect("a section");
    let run = told["runs"][0].as_object().expect("a run").keys();
    let fields: BTreeSet<_> = run.map(String::as_str).filter(|field| *field != "depth").collect();
    // Nothing was measured, checked or observed of that one, and nothing of it is left out.
    let all: BTreeSet<_> =
        fields.into_iter().chain(["metrics", "checks", "observations", "subjects", "left_out"]).collect();
    assert_eq!(all, first_words(section), "of a run");
}

#[test]
fn the_fields_of_the_answers_are_those_of_the_documents() {
    use mltrace::answer::{Difference, DiskState, ImpactState, Impacted, LevelChange, StaleRun, Tell, Verified};

    let run = mltrace_core::model::RunId::new();
    let name = mltrace_core::model::ArtifactName::from("a");
    let version = mltrace_core::model::VersionId::None;
    let (a, b, runs, source_diff) = (None, None, [None, None], None);
    let difference = Difference { component: None, field: "code".to_owned(), a, b, runs, source_diff };
    check_fields("A difference", serde_json::to_value(&difference));
    let change = LevelChange {
        component: "c".to_owned(),
        is_creeping: false,
        run,
        at: mltrace_core::model::Timestamp::MIN,
        before: 1.0,
        after: 2.0,
        runs: 3,
        until: None,
        until_at: None,
        chance: 0.001,
        since_previous: None,
        since_ok: None,
    };
    check_fields("A change of level", serde_json::to_value(&change));
    let started_at = mltrace_core::model::Timestamp::MIN;
    let stale = StaleRun { id: run, component: "c".to_owned(), started_at, stale: Vec::new(), stale_now: Vec::new() };
    check_fields("A stale run", serde_json::to_value(&stale));
    let tell = Tell { owner: "ada".to_owned(), current: 0, concerned: Vec::new(), is_writer: false };
    check_fields("Somebody to notify", serde_json::to_value(&tell));
    let verified = Verified {
        name: name.clone(),
        version: version.clone(),
        state: DiskState::Missing,
        found: None,
        written_by: None,
        problem: None,
    };
    check_fields("An artifact on disk", serde_json::to_value(&verified));
    let impacted = Impacted { name, version, written_by: run, state: ImpactState::Current, owner: None };
    check_fields("A version downstream", serde_json::to_value(&impacted));
}

/// Holds the table under a heading to the fields of the value.
fn check_fields(heading: &str, told: serde_json::Result<serde_json::Value>) {
    let told = told.expect("an answer is JSON");
    let fields: BTreeSet<_> = told.as_object().expect("an object").keys().map(String::as_str).collect();
    let section = JSON.split("\n## ").find_map(|section| section.strip_prefix(heading)).expect("a section");
    assert_eq!(fields, first_words(section), "of `{heading}`");
}

/// Returns the words in the first column of a table.
fn first_words(section: &str) -> BTreeSet<&str> {
    let cells = section.lines().filter_map(|line| Some(line.strip_prefix("| ")?.split(" |").next()?.split('`')));
    cells.flat_map(|words| words.skip(1).step_by(2)).collect()
}

/// Returns the insides of the fenced blocks of a language.
fn fenced<'d>(document: &'d str, language: &str) -> Vec<&'d str> {
    let open = format!("```{language}\n");
    document.split(&open).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}
