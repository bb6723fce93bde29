//! The short form of every promise, and the sabotages that are seen in no time.

#![allow(clippy::print_stdout, reason = "what could not be tried here is part of the answer")]

use std::process::Command;

fn check(arguments: &[&str]) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_mltrace-reliability")).arg("--short").args(arguments).output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{told}");
    assert!(output.status.success(), "{told}");
}

#[test]
fn a_registered_function_behaves_as_its_plain_twin_whatever_the_store_does() {
    check(&["unnoticed"]);
}

#[test]
fn recording_never_blocks() {
    check(&["never-blocks"]);
}

#[test]
fn nothing_is_dropped_silently() {
    check(&["accounted"]);
}

#[test]
fn an_acknowledged_run_survives_kill_9() {
    check(&["acknowledged"]);
}

#[test]
fn folding_is_idempotent_order_free_and_resumable() {
    check(&["idempotent"]);
}

#[test]
fn many_writers_share_one_store() {
    check(&["many-writers"]);
}

#[test]
fn status_is_exact() {
    check(&["status"]);
}

#[test]
fn a_full_disk_keeps_the_ends() {
    check(&["full-disk"]);
}

#[test]
fn a_disk_that_stays_full_loses_nothing_uncounted() {
    check(&["full-until-exit"]);
}

#[test]
fn a_journal_that_is_cut_costs_only_what_was_cut() {
    check(&["truncated-journal"]);
}

#[test]
fn a_store_can_be_opened_or_is_explained() {
    check(&["opening"]);
}

#[test]
fn a_daemon_records_where_it_was_started() {
    check(&["daemon"]);
}

#[test]
fn a_handler_that_records_holds_nobody() {
    check(&["signal"]);
}

#[test]
fn no_clock_ends_a_pipeline() {
    check(&["clock"]);
}

#[test]
fn secrets_are_not_recorded() {
    check(&["secrets"]);
}

#[test]
fn what_is_broken_on_purpose_is_seen() {
    check(&[
        "--sabotage",
        "many-writers",
        "full-disk",
        "full-until-exit",
        "truncated-journal",
        "opening",
        "daemon",
        "signal",
        "clock",
        "secrets",
    ]);
}
