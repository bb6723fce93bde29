//! Journals of versions that are yet to come: what this one does not understand waits whole for one that does.

use mltrace_core::ingest::{self, FoldReport};
use mltrace_core::journal;
use mltrace_core::model::{Header, ProcessId, Record, Status};
use mltrace_core::store::{self, Mode};
use mltrace_core::upkeep;
use serde_json::Value;

use crate::Project;
use crate::golden::{answers, header, records};

/// Stands in a journal for words that only the next version knows.
const NEXT: &str = "@next";

/// Returns the frame of a record whose text is this.
fn frame(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&length);
    checksum.update(text.as_bytes());
    [&[0xF5, 0xFF], &length[..], &checksum.finalize().to_le_bytes(), text.as_bytes()].concat()
}

/// Leaves the journal of a process that is gone and wrote `records`, of which the next version knows some words only.
fn leave(project: &Project, records: &[Record], mangle: impl Fn(usize, String) -> String) -> FoldReport {
    let process = ProcessId(uuid::Uuid::from_u128(5));
    let header = Header { format: journal::FORMAT, minor: journal::MINOR + 1, ..header(process) };
    let mut bytes = Vec::new();
    journal::encode(&Record::Process(header), &mut bytes);
    for (number, record) in records.iter().enumerate() {
        bytes.extend(frame(&mangle(number, serde_json::to_string(record).unwrap())));
    }
    std::fs::write(project.home.journal().join(format!("{process}.log")), bytes).unwrap();
    fold(project)
}

fn fold(project: &Project) -> FoldReport {
    let mut store = store::open(&project.home, Mode::Write).unwrap();
    ingest::fold(&project.home, store.as_mut()).unwrap()
}

/// Makes the words known, as they are to the next version, and says that an earlier one kept them.
fn upgrade(project: &Project) {
    let connection = project.raw();
    connection
        .execute("UPDATE unread SET record = CAST(replace(CAST(record AS TEXT), $1, '') AS BLOB), kept_by = 0", [NEXT])
        .unwrap();
}

fn unread(project: &Project) -> usize {
    let count = project.raw().query_row("SELECT count(*) FROM unread", [], |row| row.get::<_, i64>(0));
    usize::try_from(count.unwrap()).unwrap()
}

fn statuses(project: &Project) -> Vec<String> {
    let connection = project.raw();
    let mut runs = connection.prepare("SELECT status FROM runs WHERE component = 'inference' AND id > '0'").unwrap();
    runs.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Returns what a version answers that understands all of it at once.
fn expected() -> Value {
    let project = Project::taxi();
    assert_eq!(leave(&project, &records(), |_, text| text).unread, 0);
    answers(&project)
}

/// Folds with some words unknown, checks that nothing is lost or wrong, and then with all of them known.
fn check(what: &str, mangle: impl Fn(usize, String) -> String) {
    let project = Project::taxi();
    let report = leave(&project, &records(), mangle);
    assert_eq!((report.damaged, report.left.len()), (0, 0), "{what}");
    assert!(report.unread > 0, "{what}");
    assert!(!project.home.folder.join("damaged").exists(), "{what}");
    assert_eq!(
        std::fs::read_dir(project.home.journal()).unwrap().count(),
        2,
        "{what}: the reserve and a count are left"
    );
    let doctor = upkeep::doctor(&project.home, true).wrong;
    let waits = format!("{} records wait for the newer version of mltrace that wrote them", report.unread);
    assert!(doctor.contains(&waits), "{what}: {doctor:?}");
    assert_eq!(fold(&project).unread, 0, "{what}: it waits");
    assert_eq!(unread(&project), usize::try_from(report.unread).unwrap(), "{what}");
    upgrade(&project);
    fold(&project);
    assert_eq!(unread(&project), 0, "{what}");
    assert_eq!(answers(&project), expected(), "{what}");
    upgrade(&project);
    fold(&project);
    assert_eq!(answers(&project), expected(), "{what}, again");
}

#[test]
fn a_kind_that_is_not_known_waits_and_is_folded_later() {
    for (number, record) in records().iter().enumerate() {
        let text = serde_json::to_string(record).unwrap();
        let kind = text.split('"').nth(1).unwrap().to_owned();
        check(&format!("{number}: {kind}"), |at, text| {
            if at == number { text.replacen(&kind, &format!("{kind}{NEXT}"), 1) } else { text }
        });
    }
}

#[test]
fn values_and_fields_that_are_not_known_wait_while_the_rest_is_folded() {
    for word in ["completed", "flagged", "parent", "declared", "code", "git", "data"] {
        let known = format!("\"{word}\"");
        if records().iter().all(|record| !serde_json::to_string(record).unwrap().contains(&known)) {
            assert_eq!(word, "data", "this word stands in a record");
            continue;
        }
        check(word, |_, text| {
            let is_kind = text.starts_with(&format!("{{{known}"));
            if is_kind { text } else { text.replace(&known, &format!("\"{word}{NEXT}\"")) }
        });
    }
}

#[test]
fn an_end_that_nobody_measured_counts_once_it_is_understood() {
    let unmeasured = |text: String| text.replace("\"duration_us\":5000000,", "");
    let now = Project::taxi();
    leave(&now, &records(), |_, text| unmeasured(text));
    let later = Project::taxi();
    leave(&later, &records(), |_, text| unmeasured(text).replacen("{\"end\"", "{\"end@next\"", 1));
    assert!(statuses(&later).contains(&"unknown".to_owned()), "{:?}", statuses(&later));
    upgrade(&later);
    fold(&later);
    assert_eq!(answers(&later), answers(&now));
}

#[test]
fn another_record_at_the_same_place_of_a_file_of_the_same_name_is_kept_too() {
    let project = Project::taxi();
    let unknown = |kind: &str| {
        let kind = format!("{{\"{kind}{NEXT}");
        let report = leave(&project, &records(), |_, text| text.replacen("{\"", &kind, 1));
        assert_eq!(report.unread, records().len() as u64);
    };
    unknown("one");
    unknown("two");
    assert_eq!(unread(&project), 2 * records().len());
}

#[test]
fn more_records_than_are_looked_at_at_once_are_all_folded() {
    let project = Project::taxi();
    let many: Vec<Record> = records().into_iter().cycle().take(1_000).collect();
    leave(&project, &many, |_, text| text.replacen("{\"", &format!("{{\"{NEXT}"), 1));
    assert_eq!(unread(&project), 1_000);
    upgrade(&project);
    fold(&project);
    assert_eq!(unread(&project), 0);
}

#[test]
fn a_journal_of_which_nothing_is_known_waits_whole() {
    check("all", |_, text| text.replacen("{\"", &format!("{{\"{NEXT}"), 1));
}

#[test]
fn an_end_that_is_not_understood_is_neither_a_death_nor_another_end() {
    for word in ["\"completed\"", "\"end\""] {
        let project = Project::taxi();
        let mangled = word.replace('"', "") + NEXT;
        leave(&project, &records(), |_, text| text.replace(word, &format!("\"{mangled}\"")));
        let found = statuses(&project);
        assert!(found.iter().any(|status| status == "unknown"), "{word}: {found:?}");
        let is_known = |status: &String| ["unknown", "running", "completed"].contains(&status.as_str());
        assert!(word != "\"end\"" || found.iter().all(is_known), "{word}: {found:?}");
    }
    assert!(Status::ALL.iter().all(|status| status.as_str() != "died@next"));
}
