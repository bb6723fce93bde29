//! The edges of the formats of other tools that have a right answer, and which test holds each of them.

use std::path::Path;

/// The number of an edge, what it is about, and the tests that hold it: file and name.
type Edge = (u32, &'static str, &'static [(&'static str, &'static str)]);

const CASES: &str = "mltrace-core/tests/openlineage/cases.rs";
const SERVER: &str = "mltrace-server/tests/server/events.rs";
const COMMAND: &str = "mltrace-cli/tests/cli/events.rs";
const MLFLOW: &str = "mltrace-core/tests/mlflow.rs";
const DVC: &str = "mltrace-core/tests/dvc.rs";
const PROMETHEUS: &str = "mltrace-cli/tests/cli/prometheus.rs";

const EDGES: &[Edge] = &[
    (1, "one event, and the same again", &[(SERVER, "an_event_is_created_without_a_body_as_often_as_it_is_sent")]),
    (2, "a packed body", &[(SERVER, "a_packed_event_is_unpacked_within_a_limit")]),
    (
        3,
        "what can never be read",
        &[
            (SERVER, "an_event_that_can_never_be_understood_is_refused_by_its_field"),
            (CASES, "what_is_not_known_is_taken_and_kept"),
        ],
    ),
    (4, "too busy, or nothing can be written", &[(SERVER, "what_cannot_be_kept_is_to_be_sent_again")]),
    (5, "a slash at the end, and a batch", &[(SERVER, "a_batch_keeps_what_can_be_understood")]),
    (6, "an end before its start", &[(CASES, "a_run_is_one_whatever_comes_first")]),
    (7, "a cancelled run", &[(CASES, "what_a_cancelled_run_named_is_no_version")]),
    (8, "a stream without an end", &[(CASES, "a_stream_reads_and_writes_as_it_goes_and_never_dies")]),
    (9, "a failure", &[(CASES, "what_is_said_of_a_run_is_found_with_it"), (CASES, "no_secret_reaches_the_store")]),
    (10, "a declared version", &[(CASES, "a_declared_version_is_the_one_that_is_read")]),
    (
        11,
        "namespaces of addresses",
        &[("mltrace-core/src/naming/dataset.rs", "a_dataset_has_the_name_that_a_rust_step_gives_it")],
    ),
    (12, "a file that is not here", &[(CASES, "a_file_that_is_not_here_is_known_by_its_name")]),
    (13, "a table of two names", &[(CASES, "a_table_of_two_names_is_one_trace")]),
    (14, "a table that was renamed", &[(CASES, "a_table_that_has_another_name_now_comes_from_the_old_one")]),
    (15, "a part of a dataset", &[(CASES, "a_part_of_a_dataset_is_said_beside_the_read")]),
    (
        16,
        "a parent that sends nothing",
        &[
            (CASES, "a_parent_that_sends_nothing_is_not_made_up"),
            (COMMAND, "a_parent_of_which_nothing_was_sent_is_said_to_be_not_recorded"),
        ],
    ),
    (17, "times and their zones", &[(CASES, "times_are_read_with_their_zones")]),
    (18, "odd names of jobs", &[(CASES, "a_job_is_called_as_it_is")]),
    (19, "secrets", &[(CASES, "no_secret_reaches_the_store")]),
    (20, "an event that tells all", &[(CASES, "an_event_that_tells_all_takes_the_place_of_those_before")]),
    (
        21,
        "a job that was never run",
        &[
            (CASES, "jobs_and_datasets_alone_are_known_without_a_run"),
            (COMMAND, "what_a_job_alone_declares_was_never_run"),
        ],
    ),
    (22, "a dataset alone", &[(CASES, "jobs_and_datasets_alone_are_known_without_a_run")]),
    (
        23,
        "a clock that is ahead",
        &[
            (CASES, "a_clock_that_is_ahead_binds_no_read_to_a_later_write"),
            (CASES, "events_of_a_clock_that_is_ahead_are_reported"),
        ],
    ),
    (24, "a server with a token", &[(SERVER, "who_may_not_record_stores_nothing")]),
    (
        25,
        "labels of Prometheus",
        &[
            (PROMETHEUS, "what_is_told_has_base_units_and_no_label_that_grows"),
            (PROMETHEUS, "promtool_finds_nothing_wrong_with_what_is_told"),
        ],
    ),
    (26, "a component that only failed", &[(PROMETHEUS, "a_component_that_only_failed_has_no_last_success")]),
    (
        27,
        "runs of MLflow",
        &[
            (MLFLOW, "a_run_says_what_mlflow_says"),
            (MLFLOW, "a_second_import_adds_only_what_is_new"),
            (MLFLOW, "deleted_runs_are_taken_where_they_are_asked_for"),
        ],
    ),
    (
        28,
        "old contents of DVC",
        &[
            (DVC, "an_imported_version_joins_a_run_that_was_recorded_before_and_one_that_comes_later"),
            (DVC, "a_folder_has_the_content_that_a_step_that_reads_it_finds"),
        ],
    ),
];

#[test]
fn each_edge_is_held_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let gone = |(file, test): &&(&str, &str)| {
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
        !text.contains(&format!("fn {test}()"))
    };
    for (number, what, tests) in EDGES {
        let gone: Vec<_> = tests.iter().filter(gone).collect();
        assert_eq!((gone, tests.is_empty()), (Vec::new(), false), "edge {number}: {what}");
    }
    // Spans and Python are not events: their tests stand with them.
    assert!(EDGES.iter().map(|(number, ..)| *number).eq(1..=28));
}
