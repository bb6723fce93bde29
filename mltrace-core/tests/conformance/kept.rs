//! What is written is found again, once, by its last word; what is undone never was.

use mltrace_core::model::{
    ArtifactKind, ArtifactName, Bound, Due, Header, LabelFact, Mark, NoteFact, ProcessId, Profile, ProfileFact, RunId,
    Status, TableFormat, Timestamp, Verdict, VersionId,
};
use mltrace_core::store::{
    Among, ArtifactKey, Asked, ComponentField, ComponentKey, Edges, Extent, Look, Name, Of, ProcessKey, ReadRow,
    Removed, RowsOf, RunKey, RunRow, Said, Store, StoreError, Told, UnreadRow, VersionAsked, When, WriteRow,
};
use uuid::Uuid;

use super::Make;
use super::drawing::{self, PROJECT, content, id, row};

pub(crate) fn try_all(make: Make<'_>) {
    names_are_entered_once(make().store.as_mut());
    versions_are_entered_once_and_learn_their_size(make().store.as_mut());
    runs_are_found_as_they_were_put(make().store.as_mut());
    edges_are_found_as_they_were_put(make().store.as_mut());
    the_last_word_counts(make().store.as_mut());
    what_fails_is_undone(make().store.as_mut());
    journals_and_counts_are_kept(make().store.as_mut());
    a_run_that_is_removed_is_gone(make().store.as_mut());
    runs_inside_others_are_found(make().store.as_mut());
    a_table_belongs_to_who_wrote_it(make().store.as_mut());
}

fn a_table_belongs_to_who_wrote_it(store: &mut dyn Store) {
    let keys = drawing::store(store, "a prep 1-2 here : raw=x@1 -> made=y@2\n b prep 3-4 here : made=y@3<a -> out=z@4");
    let (a, b) = (keys.runs[&'a'], keys.runs[&'b']);
    assert!(store.look().tables(&[a, b]).unwrap().is_empty());
    let of = |text: &str, rows: u64, is_whole| ProfileFact {
        version: content(text),
        profile: Profile {
            format: TableFormat::Csv,
            rows,
            is_whole,
            uneven_rows: 0,
            first_uneven: None,
            columns_left_out: 0,
            columns: vec![],
        },
    };
    // Of two of one content the whole one counts, in whatever order they come.
    let told = [of("x", 2, true), of("y", 7, true), of("y", 9, false)];
    let said: Vec<Said<'_>> = told.iter().map(Said::Profile).collect();
    store.write(&mut |writer| writer.say(&said)).unwrap();
    let tables = store.look().tables(&[a, b]).unwrap();
    let mut of_a: Vec<_> =
        tables[&a].iter().map(|table| (table.name.as_str(), table.figures["rows"].clone())).collect();
    of_a.sort_by_key(|(name, _)| *name);
    assert_eq!(of_a, [("made", 7.into()), ("raw", 2.into())]);
    assert!(!tables.contains_key(&b), "what another run wrote is its");
}

fn names_are_entered_once(store: &mut dyn Store) {
    let (name, uri) = (ArtifactName("out/model".to_owned()), ArtifactName("s3://b/model".to_owned()));
    store
        .write(&mut |writer| {
            let (one, other) = (writer.project("one", None)?, writer.project("other", None)?);
            assert_ne!(one, other);
            assert_eq!(writer.project("one", None)?, one);
            let kind = Some(ArtifactKind::Model);
            let names = [
                Name::Component(one, "train"),
                Name::Component(other, "train"),
                Name::Artifact(one, &name, None),
                Name::Artifact(one, &name, kind),
                Name::Artifact(other, &name, None),
                Name::Code("k"),
                Name::Code("k"),
                Name::Artifact(one, &uri, None),
                Name::Artifact(other, &uri, None),
            ];
            let keys = writer.enter(&names)?;
            assert_eq!(keys, writer.enter(&names)?, "a name that is known keeps its key");
            assert!(keys[0] != keys[1] && keys[2] == keys[3] && keys[2] != keys[4] && keys[5] == keys[6], "{keys:?}");
            assert_eq!(keys[7], keys[8], "a URI is one thing for all projects");
            Ok(())
        })
        .unwrap();
    // Of another transaction, too.
    let before = store.look().project("one", None).unwrap().unwrap();
    store.write(&mut |writer| writer.project("one", None).map(|now| assert_eq!(now, before))).unwrap();
    assert_eq!(store.look().projects().unwrap().len(), 2);
}

fn versions_are_entered_once_and_learn_their_size(store: &mut dyn Store) {
    let (x, name) = (content("x"), ArtifactName("a".to_owned()));
    let long = "v".repeat(3_000);
    let ids = [x.clone(), VersionId::Declared(long), VersionId::Stat("s".to_owned()), VersionId::Write(id('a'))];
    store
        .write(&mut |writer| {
            let project = writer.project(PROJECT, None)?;
            let artifact = ArtifactKey(writer.key(Name::Artifact(project, &name, None))?);
            let asked = |id, size| VersionAsked { artifact, id, size, asks_size: true };
            let made = writer.enter_versions(&[asked(&x, None)], 2)?[0];
            assert!(made.is_first_size && !made.is_common_now);
            assert_eq!(writer.version_rows(&[made.key])?[0].size, None);
            let sized = writer.enter_versions(&[asked(&x, Some(9))], 2)?[0];
            assert!(sized.key == made.key && sized.is_first_size, "{sized:?}");
            assert!(!writer.enter_versions(&[asked(&x, Some(9))], 2)?[0].is_first_size);
            let row = writer.version_rows(&[made.key])?.remove(0);
            assert_eq!((row.key, row.artifact, &row.id, row.size), (made.key, artifact, &x, Some(9)));
            // The second name makes this content common, and no later one does.
            for (other, is_now) in [("b", true), ("c", false)] {
                let name = ArtifactName(other.to_owned());
                let artifact = ArtifactKey(writer.key(Name::Artifact(project, &name, None))?);
                let other = VersionAsked { artifact, id: &x, size: None, asks_size: false };
                let other = writer.enter_versions(&[other], 2)?[0];
                assert_eq!(other.is_common_now, is_now);
                assert_eq!(writer.version_rows(&[other.key])?[0].size, Some(9), "the size is that of the content");
            }
            assert!(writer.alike(&[made.key])?[0].others.is_empty(), "what is common is not looked for");
            let all: Vec<_> = ids.iter().map(|id| VersionAsked { asks_size: false, ..asked(id, None) }).collect();
            let all: Vec<_> = writer.enter_versions(&all, 9)?.into_iter().map(|version| version.key).collect();
            let told: Vec<VersionId> = writer.version_rows(&all)?.into_iter().map(|row| row.id).collect();
            assert_eq!(told, ids);
            Ok(())
        })
        .unwrap();
}

fn runs_are_found_as_they_were_put(store: &mut dyn Store) {
    store
        .write(&mut |writer| {
            let project = writer.project(PROJECT, None)?;
            let component = ComponentKey(writer.key(Name::Component(project, "train"))?);
            let first = writer.new_runs(2)?;
            let second = RunKey(first.0 + 1);
            let third = writer.new_runs(1)?;
            assert!(third != first && third != second, "a key is given once");
            let span = (Timestamp(-5), Timestamp(7));
            let one = RunRow { error: Some("no disk".to_owned()), ..row(id('a'), project, component, span) };
            let other = RunRow { parent: Some(id('a')), ..row(id('b'), project, component, span) };
            writer.put_runs(&[(first, &one), (second, &other)])?;
            let found = writer.run_rows(RowsOf::Ids(&[id('b'), id('z'), id('a')]))?;
            let found: std::collections::BTreeMap<_, _> = found.into_iter().collect();
            assert_eq!(found, [(first, one.clone()), (second, other)].into_iter().collect());
            let now = RunRow { status: Status::Failed, signature: Some(-3), ..one };
            writer.put_runs(&[(first, &now)])?;
            assert_eq!(writer.run_rows(RowsOf::Keys(&[first]))?, [(first, now.clone())]);
            assert_eq!(writer.run_rows(RowsOf::Parents)?, [(first, now)]);
            assert_eq!(writer.among(&[id('a'), id('b')], Among::Parents)?, [id('a')]);
            Ok(())
        })
        .unwrap();
}

fn edges_are_found_as_they_were_put(store: &mut dyn Store) {
    let keys = drawing::store(store, "a prep 1-2 here : raw=x@1 -> made=y@2\n b prep 3-4 here : raw=x@3 made=y@3<a ->");
    let (a, b) = (keys.runs[&'a'], keys.runs[&'b']);
    store
        .write(&mut |writer| {
            let (mut reads, mut writes) = writer.edges(Edges::Of(&[a, b]))?;
            assert_eq!(reads.iter().map(|read| (read.run, read.n)).collect::<Vec<_>>(), [(a, 0), (b, 0), (b, 1)]);
            assert_eq!(reads[2].write, Some(writes[0].key));
            assert_eq!(reads[0].argument.as_deref(), Some("input"));
            let write = writes.remove(0);
            let changed = ReadRow {
                seen: None,
                bound: Bound::Inside,
                write: None,
                like: Some(write.key),
                parts: vec![write.key],
                ..reads.remove(1)
            };
            writer.put_reads(std::slice::from_ref(&changed))?;
            let (found, none) = writer.edges(Edges::Reads(&[(b, 0), (b, 9)]))?;
            assert_eq!((found, none.len()), (vec![changed], 0));
            let marked =
                WriteRow { version: None, at: None, mark: Some(Mark::Missing), said_at: Some(Timestamp(2)), ..write };
            writer.put_writes(std::slice::from_ref(&marked))?;
            assert_eq!(writer.edges(Edges::Of(&[a]))?.1, [marked]);
            let work = writer.stored_works(&[b, a])?;
            let names = |place: usize| work[place].inputs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
            assert_eq!((names(0), names(1)), (vec!["made", "raw"], vec!["raw"]));
            Ok(())
        })
        .unwrap();
}

fn the_last_word_counts(store: &mut dyn Store) {
    let keys = drawing::store(store, "a train 1-2 here : raw=x@1 -> made=y@2");
    let (run, component) = (keys.runs[&'a'], keys.components["train"]);
    let version = keys.versions[&("made".to_owned(), "y".to_owned())];
    let owner = |who: &str, at| Said::Field(component, ComponentField::Owner(who.to_owned()), Timestamp(at));
    let tag = |is_present, at| {
        Said::Field(component, ComponentField::Tag { tag: "gpu".to_owned(), is_present }, Timestamp(at))
    };
    let note = NoteFact { id: Uuid::from_u128(1), run: id('a'), text: "odd".to_owned(), at: Timestamp(3), by: None };
    let label = |number, verdict, at| LabelFact {
        id: Uuid::from_u128(number),
        name: ArtifactName("made".to_owned()),
        version: content("y"),
        verdict,
        reason: None,
        by: None,
        at: Timestamp(at),
    };
    let (bad, good) = (label(5, Verdict::Flagged, 7), label(6, Verdict::Ok, 7));
    let param = |value: &str, at| Said::Param(run, "rate", value.to_owned(), Timestamp(at));
    let said = [
        owner("ada", 5),
        owner("bob", 4),
        owner("zoe", 5),
        owner("amy", 5),
        tag(true, 5),
        tag(false, 6),
        tag(true, 4),
        param("1", 5),
        param("2", 4),
        param("3", 5),
        Said::Note(run, &note),
        Said::Note(run, &note),
        Said::Label(version, &good),
        Said::Label(version, &bad),
        Said::Label(version, &bad),
    ];
    store.write(&mut |writer| writer.say(&said)).unwrap();
    let look = store.look();
    let project = keys.project.unwrap();
    let found = look.component(project, "train").unwrap().unwrap();
    assert_eq!(found.owner.as_deref(), Some("zoe"), "of two words at one time the larger counts");
    assert_eq!((found.tags, found.said_at), (Vec::new(), Some(Timestamp(6))));
    let counted = look.components(project).unwrap();
    assert_eq!(counted.iter().map(|row| (row.name.as_str(), row.runs)).collect::<Vec<_>>(), [("train", 1)]);
    let detail = look.details(&[run], Extent::Whole).unwrap().remove(0);
    assert_eq!(detail.params["rate"], 3, "of two at one time the one that is said later counts");
    assert_eq!(detail.notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["odd"]);
    let loaded = |look: &mut dyn Look, extent| {
        let detail = look.details(&[run], extent).unwrap().remove(0);
        (detail.params.len(), detail.notes.len(), detail.left_out)
    };
    assert_eq!(loaded(look, Extent::Listed), (1, 1, None));
    assert_eq!(loaded(look, Extent::Compared(1000)), (1, 0, None));
    assert_eq!(loaded(look, Extent::Edges), (0, 0, None), "nothing of it is loaded that is not asked for");
    for (told, count) in [(Told::All, 1), (Told::Named(&["rate", "rate", "no"]), 1), (Told::NONE, 0)] {
        assert_eq!(look.facts(&[run], told).unwrap().remove(0).params.len(), count, "{told:?}");
    }
    for (most, count, first) in [(1000, 1, None), (10, 0, Some("rate".to_owned()))] {
        let facts = look.facts(&[run], Told::First(most)).unwrap().remove(0);
        assert_eq!((facts.params.len(), facts.cut.params), (count, first), "{most}");
        let detail = look.details(&[run], Extent::Compared(most)).unwrap().remove(0);
        let cut = detail.cut.unwrap_or_default();
        assert_eq!((detail.params, cut.params.is_some()), (facts.params, count == 0), "{most}");
    }
    assert_eq!(look.labels(project, false).unwrap().len(), 2);
    let last = look.labels(project, true).unwrap().into_iter().map(|label| label.verdict).collect::<Vec<_>>();
    assert_eq!(last, [Verdict::Ok], "of two at one time the larger id counts");
}

fn what_fails_is_undone(store: &mut dyn Store) {
    let failed = store.write(&mut |writer| {
        writer.project("gone", None)?;
        Err(StoreError::Corrupt("on purpose".to_owned()))
    });
    assert!(failed.is_err());
    assert_eq!(store.look().project("gone", None).unwrap(), None);
}

fn journals_and_counts_are_kept(store: &mut dyn Store) {
    let row = UnreadRow {
        journal: "j".to_owned(),
        place: 3,
        header: Header::default(),
        record: b"{}".to_vec(),
        is_applied: false,
        is_over: true,
    };
    store
        .write(&mut |writer| {
            writer.say(&[Said::Offset("j", Some(7)), Said::Offset("j", Some(9)), Said::Offset("k", Some(1))])?;
            writer.say(&[Said::Offset("k", None), Said::Tally("lost", 2), Said::Tally("lost", u64::MAX)])?;
            assert_eq!((writer.offset("j")?, writer.offset("k")?), (9, 0));
            writer.say(&[Said::Unread(&row, 4), Said::Unread(&row, 4)])
        })
        .unwrap();
    let upkeep = store.upkeep();
    assert_eq!([4, 5].map(|minor| upkeep.has_unread(minor).unwrap()), [false, true]);
    assert_eq!(upkeep.offset("j").unwrap(), 9);
    assert_eq!(upkeep.tally("lost").unwrap(), i64::MAX.unsigned_abs(), "it stays at the end");
    assert_eq!((upkeep.unread(4).unwrap(), upkeep.unread(5).unwrap()), (Vec::new(), vec![row.clone()]));
    store.write(&mut |writer| writer.keep(Said::Read(&row))).unwrap();
    assert_eq!((store.upkeep().unread(5).unwrap(), store.upkeep().has_unread(5).unwrap()), (Vec::new(), false));
}

fn a_run_that_is_removed_is_gone(store: &mut dyn Store) {
    let keys =
        drawing::store(store, "a prep 1-2 here : only=o@1 -> raw=x@2\n b train 3-4 here : raw=x@3<a shared@3 -> m=z@4");
    let (a, b) = (keys.runs[&'a'], keys.runs[&'b']);
    let due = Due { run: id('a'), n: 0, path: "/f".to_owned(), state: "s".to_owned() };
    store
        .write(&mut |writer| {
            writer.say(&[Said::Forgotten(id('a'), Timestamp(9)), Said::Due(a, &due)])?;
            writer.remove(Removed::Run(a))?;
            writer.remove(Removed::Unnamed(&[
                keys.artifacts["only"],
                keys.artifacts["raw"],
                keys.artifacts["shared"],
            ]))?;
            assert_eq!(writer.among(&[id('b'), id('a')], Among::Forgotten)?, [id('a')]);
            assert_eq!(writer.run_rows(RowsOf::Ids(&[id('a')]))?, []);
            let (reads, _) = writer.edges(Edges::Of(&[b]))?;
            assert_eq!((reads[0].write, reads[0].bound), (None, Bound::UnknownWriter), "{:?}", reads[0]);
            Ok(())
        })
        .unwrap();
    assert!(store.upkeep().is_forgotten(id('a')).unwrap() && !store.upkeep().is_forgotten(id('b')).unwrap());
    let names = store.look().artifact_names(keys.project.unwrap(), "", 9).unwrap();
    assert_eq!(names, ["m", "raw", "shared"], "what somebody still names stays");
}

fn runs_inside_others_are_found(store: &mut dyn Store) {
    let keys =
        drawing::store(store, "a all 1-9 here : ->\n b step 2-3 here : -> raw=x@3\n c step 4-5 here : -> raw=y@5");
    let process: ProcessId = ProcessId::new();
    store
        .write(&mut |writer| {
            let rows = writer.run_rows(RowsOf::Keys(&[keys.runs[&'b'], keys.runs[&'c']]))?;
            let inside = |row: &RunRow, parent| RunRow { parent: Some(parent), ..row.clone() };
            let (b, c) = (inside(&rows[0].1, id('a')), inside(&rows[1].1, id('b')));
            writer.put_runs(&[(rows[0].0, &b), (rows[1].0, &c)])?;
            let asked = |run: RunId, at, version| Asked {
                of: Of::Inside(run, keys.artifacts["raw"], version),
                when: When::By(at),
                reader: None,
                like: None,
            };
            let x = Some(keys.versions[&("raw".to_owned(), "x".to_owned())]);
            let asked = [
                asked(id('a'), Timestamp(9), None),
                asked(id('a'), Timestamp(9), x),
                asked(id('a'), Timestamp(4), None),
                asked(id('c'), Timestamp(9), None),
            ];
            let mut offered = vec![Vec::new(); asked.len()];
            writer.candidates(&asked, &mut |place, candidate| {
                offered[place].push(candidate.write);
                true
            })?;
            let by = |run: char| keys.writes[&(run, "raw".to_owned())];
            assert_eq!(offered, [vec![by('c'), by('b')], vec![by('b')], vec![by('b')], Vec::new()]);
            // Those of a process that is gone which nobody ended.
            let header = Header::default();
            let name = process.to_string();
            let own = ProcessKey(writer.key(Name::Process(&name, &header))?);
            let open = RunRow { process: Some(own), status: Status::Running, ended_at: None, ..c };
            let over = RunRow { process: Some(own), ..b };
            writer.put_runs(&[(rows[0].0, &over), (rows[1].0, &open)])?;
            writer.keep(Said::Gone(process))?;
            assert_eq!(writer.run_rows(RowsOf::Unended(process))?, [(rows[1].0, open)]);
            Ok(())
        })
        .unwrap();
}
