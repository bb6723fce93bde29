//! Candidates and reads that may be bound otherwise: too many may be handed over, never too few.

use std::collections::BTreeSet;

use mltrace_core::model::Timestamp;
use mltrace_core::store::{Asked, Candidate, Change, Of, Store, When};

use super::Make;
use super::drawing::{self, DrawnRun, Keys, id};

/// Writes of the same names and contents at the same and at other moments, on two hosts, some by runs that had read them.
const DRAWING: &str = "
    a prep 10-20 here : -> raw=x@20 copy=x@20
    b prep 12-25 there : raw=x@14 -> raw=x@25 raw2=y@25
    c prep 5-20 here : -> raw=y@20!15
    d train 30-40 here : raw=x@30<a -> model=m@40
    e train 30-45 there : raw@32 raw=y@33<c -> model=m@45
    f copy 50-60 here : copy=x@50 -> raw=x@60 model=n@60
";

pub(crate) fn try_all(make: Make<'_>) {
    let mut made = make();
    let runs = drawing::runs(DRAWING);
    let keys = drawing::store(made.store.as_mut(), DRAWING);
    for at in (0..=65).map(Timestamp) {
        writes_of_versions(made.store.as_mut(), &runs, &keys, at);
        writes_of_artifacts(made.store.as_mut(), &runs, &keys, at);
    }
    stops_when_it_is_enough(made.store.as_mut(), &keys);
    other_names(made.store.as_mut(), &runs, &keys);
    reads_that_may_change(made.store.as_mut(), &keys);
}

/// What must be known of a write: its run and moments, and when that run first read what is asked for.
type Known = (char, Timestamp, Option<Timestamp>, Option<Timestamp>);

/// Returns what the transaction's side hands over for each question, and sees that the other side hands over the same.
pub(crate) fn offered(store: &mut dyn Store, asked: &[Asked<'_>]) -> Vec<Vec<Candidate>> {
    let mut written = vec![Vec::new(); asked.len()];
    store
        .write(&mut |writer| {
            written.iter_mut().for_each(Vec::clear);
            writer.candidates(asked, &mut |place, candidate| {
                written[place].push(candidate);
                true
            })
        })
        .unwrap();
    let mut looked = vec![Vec::new(); asked.len()];
    store
        .look()
        .candidates(asked, &mut |place, candidate| {
            looked[place].push(candidate);
            true
        })
        .unwrap();
    let as_set = |all: &[Vec<Candidate>]| {
        all.iter().map(|some| some.iter().map(|one| one.write).collect::<BTreeSet<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(as_set(&written), as_set(&looked), "both doors hand over the same");
    written
}

/// Sees that all of `expected` are among what is handed over, with what is known of them, and in the order of time.
fn check(what: &str, handed: &[Candidate], when: When, keys: &Keys, expected: &[Known]) {
    let run = |candidate: &Candidate| {
        keys.runs.iter().find(|(_, key)| **key == candidate.run).map(|(name, _)| *name).unwrap()
    };
    let known: Vec<Known> = handed
        .iter()
        .map(|one| {
            assert_eq!(one.run_id, id(run(one)), "{what}");
            (run(one), one.at, one.said_at, one.read_at)
        })
        .collect();
    for one in expected {
        assert!(known.contains(one), "{what}: {one:?} is missing among {known:?}");
    }
    let is_in_order = |pair: &[Candidate]| match when {
        When::By(_) => pair[0].at >= pair[1].at,
        When::After { .. } => pair[0].at <= pair[1].at,
    };
    assert!(handed.windows(2).all(is_in_order), "{what}: {known:?}");
}

fn writes_of_versions(store: &mut dyn Store, runs: &[DrawnRun], keys: &Keys, at: Timestamp) {
    for ((name, content), version) in &keys.versions {
        let by = Timestamp(at.0 + 10);
        let of = Of::Version(*version);
        let reader = Some(keys.runs[&'d']);
        for when in [When::By(at), When::After { at, by }] {
            let asked = Asked { of, when, reader, like: Some(*version) };
            let mut expected = Vec::new();
            for run in runs {
                let is_meant = |write: &&drawing::Drawn| write.name == *name && write.content.as_ref() == Some(content);
                let reads =
                    run.reads.iter().filter(|read| read.name == *name && read.content.as_ref() == Some(content));
                let read_at = reads.map(|read| read.at).min();
                for write in run.writes.iter().filter(is_meant) {
                    let is_then = match when {
                        When::By(_) => write.at <= at,
                        When::After { .. } => write.at > at && run.began <= by,
                    };
                    expected.extend(is_then.then_some((run.name, write.at, write.said_at, read_at)));
                }
            }
            let what = format!("{name}={content} {when:?}");
            let handed = offered(store, &[asked]).remove(0);
            check(&what, &handed, when, keys, &expected);
            assert!(handed.iter().all(|one| one.version == *version), "{what}");
            let id = drawing::content(content);
            let mut by_content =
                offered(store, &[Asked { of: Of::Content(keys.artifacts[name], &id), ..asked }]).remove(0);
            check(&what, &by_content, when, keys, &expected);
            let mut by_version = handed.clone();
            by_content.sort_by_key(|one| one.write);
            by_version.sort_by_key(|one| one.write);
            assert_eq!(by_content, by_version, "{what}");
            if let When::After { .. } = when {
                for one in &handed {
                    let run = runs.iter().find(|run| keys.runs[&run.name] == one.run).unwrap();
                    assert_eq!((one.began, one.is_elsewhere), (Some(run.began), run.host != "here"), "{what}");
                }
            }
        }
    }
}

fn writes_of_artifacts(store: &mut dyn Store, runs: &[DrawnRun], keys: &Keys, at: Timestamp) {
    // All at once: each answer belongs to its question.
    let when = When::By(at);
    let asked: Vec<Asked<'_>> = keys
        .artifacts
        .values()
        .map(|artifact| Asked { of: Of::Artifact(*artifact), when, reader: None, like: None })
        .collect();
    for (name, handed) in keys.artifacts.keys().zip(offered(store, &asked)) {
        let mut expected = Vec::new();
        for run in runs {
            let writes = run.writes.iter().filter(|write| write.name == *name && write.at <= at);
            expected.extend(writes.map(|write| (run.name, write.at, write.said_at, None)));
        }
        check(&format!("{name} {at:?}"), &handed, when, keys, &expected);
    }
}

fn stops_when_it_is_enough(store: &mut dyn Store, keys: &Keys) {
    let all =
        Asked { of: Of::Artifact(keys.artifacts["raw"]), when: When::By(Timestamp(99)), reader: None, like: None };
    let mut handed = [0, 0];
    store
        .look()
        .candidates(&[all, all], &mut |place, _| {
            handed[place] += 1;
            place == 1
        })
        .unwrap();
    assert_eq!(handed[0], 1, "the first question had enough");
    assert!(handed[1] >= 4, "the second had not: {}", handed[1]);
}

fn other_names(store: &mut dyn Store, runs: &[DrawnRun], keys: &Keys) {
    let mut found = Vec::new();
    let versions: Vec<_> = keys.versions.iter().collect();
    store
        .write(&mut |writer| {
            found = writer.alike(&versions.iter().map(|(_, key)| **key).collect::<Vec<_>>())?;
            Ok(())
        })
        .unwrap();
    for (((name, content), _), alike) in versions.into_iter().zip(found) {
        let edges = |of: fn(&DrawnRun) -> &Vec<drawing::Drawn>, is_named: &dyn Fn(&str) -> bool| {
            let all =
                runs.iter().flat_map(of).filter(|edge| edge.content.as_ref() == Some(content) && is_named(&edge.name));
            all.map(|edge| (edge.name.clone(), edge.at)).collect::<Vec<_>>()
        };
        let others = edges(|run| &run.writes, &|other| other != name);
        let names: BTreeSet<_> = others.iter().map(|(name, _)| name.clone()).collect();
        for other in &names {
            let first = others.iter().filter(|(name, _)| name == other).map(|(_, at)| *at).min().unwrap();
            let key = keys.versions[&(other.clone(), content.clone())];
            assert!(alike.others.contains(&(key, first, other.clone())), "{name}={content}: {other} in {alike:?}");
        }
        if !names.is_empty() {
            let first_seen = edges(|run| &run.reads, &|other| other == name).into_iter().map(|(_, at)| at).min();
            assert_eq!(alike.first_seen, first_seen, "{name}={content}");
        }
    }
}

fn reads_that_may_change(store: &mut dyn Store, keys: &Keys) {
    let version = |name: &str, content: &str| keys.versions[&(name.to_owned(), content.to_owned())];
    let counts = |name: &str, content: &str, at: i64, by_name| Change::Counts {
        artifact: keys.artifacts[name],
        version: version(name, content),
        at: Timestamp(at),
        from: Timestamp(at),
        early: Timestamp(at - 5),
        by_name,
    };
    // What changes, and the reads that must be among those that are reported: run and number.
    let expected: [(Change, &[(char, u32)]); 6] = [
        (counts("raw", "x", 13, false), &[('b', 0)]),
        (counts("raw", "x", 18, false), &[('b', 0)]),
        (counts("raw", "y", 30, true), &[('e', 0), ('e', 1)]),
        (Change::Wrote(keys.writes[&('a', "raw".to_owned())]), &[('d', 0)]),
        (Change::Sighted(version("raw", "x"), Timestamp(14)), &[('b', 0)]),
        (Change::Weaker(version("copy", "x")), &[('b', 0), ('d', 0), ('f', 0)]),
    ];
    for (change, expected) in expected {
        let mut found = Vec::new();
        store
            .write(&mut |writer| {
                found = writer.touched_by(&[change])?;
                Ok(())
            })
            .unwrap();
        for (run, n) in expected {
            assert!(found.contains(&(keys.runs[run], *n)), "{change:?}: {run} {n} among {found:?}");
        }
    }
}
