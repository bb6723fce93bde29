//! What lies in folders: what is handed over of it, and what contents tell of it.

use std::collections::BTreeMap;

use mltrace_core::model::{FolderFact, Timestamp};
use mltrace_core::store::{
    HeldRows, MemberRow, NearAsked, NearOf, NearRow, NearRows, RunKey, Store, WithAsked, WriteKey,
};

use super::Make;
use super::drawing::{self, Keys, content};

/// A folder is written as a whole, and things in it, one of them twice; others read the folder, and something in it.
const DRAWING: &str = "
    a make 10-20 here : -> d=D@20
    b part 12-30 here : -> d/1=x@30
    c part 12-40 here : -> d/1=y@40 d/2=z@40 d2=z@40
    e use 50-60 here : d=E@50 -> out=o@60
    f use 50-60 here : d/1=x@50 -> out2=o@60
";

pub(crate) fn try_all(make: Make<'_>) {
    let mut made = make();
    let store = made.store.as_mut();
    let keys = drawing::store(store, DRAWING);
    by_time(store, &keys);
    by_contents(store, &keys);
}

fn entries(entries: &[(&str, &str)]) -> BTreeMap<String, mltrace_core::model::VersionId> {
    entries.iter().map(|(path, of)| ((*path).to_owned(), content(of))).collect()
}

fn asks(keys: &Keys, run: char, (name, of): (&str, &str), at: i64) -> NearAsked {
    let seen = keys.versions[&(name.to_owned(), of.to_owned())];
    NearAsked {
        artifact: keys.artifacts[name],
        at: Timestamp(at),
        run: keys.runs[&run],
        n: 0,
        seen: Some(seen),
        is_open: false,
    }
}

fn near(store: &mut dyn Store, asked: &[NearAsked]) -> Vec<NearRows> {
    let mut found = Vec::new();
    store
        .write(&mut |writer| {
            found = writer.near(asked)?;
            Ok(())
        })
        .unwrap();
    found
}

fn sorted(rows: &[NearRow]) -> Vec<WriteKey> {
    let mut writes: Vec<WriteKey> = rows.iter().map(|row| row.write).collect();
    writes.sort_unstable();
    writes
}

fn written(keys: &Keys, writes: &[(char, &str)]) -> Vec<WriteKey> {
    let mut found: Vec<WriteKey> = writes.iter().map(|(run, name)| keys.writes[&(*run, (*name).to_owned())]).collect();
    found.sort_unstable();
    found
}

fn by_time(store: &mut dyn Store, keys: &Keys) {
    let asked = [
        asks(keys, 'e', ("d", "E"), 50),
        asks(keys, 'e', ("d", "E"), 35),
        asks(keys, 'f', ("d/1", "x"), 50),
        asks(keys, 'f', ("d/1", "x"), 15),
    ];
    let found = near(store, &asked);
    let members: Vec<Vec<WriteKey>> = found.iter().map(|rows| sorted(&rows.members)).collect();
    let last = written(keys, &[('c', "d/1"), ('c', "d/2")]);
    assert_eq!(members, [last, written(keys, &[('b', "d/1")]), Vec::new(), Vec::new()], "`d2` lies in no `d`");
    let folders: Vec<Vec<WriteKey>> = found.iter().map(|rows| sorted(&rows.folders)).collect();
    assert_eq!(folders[2..], [written(keys, &[('a', "d")]), Vec::new()]);
    assert!(found.iter().all(|rows| rows.held.is_none()), "nobody told what lies in folders");
    assert_eq!(near(store, &asked[..1])[0], found[0], "one by one as all at once");
    let open: Vec<NearAsked> = asked.iter().map(|asked| NearAsked { is_open: true, ..*asked }).collect();
    assert_eq!(near(store, &open), found, "nobody told what lies in folders");
    let look = store.look().near(NearOf::Artifact(keys.artifacts["d"]), Timestamp(50)).unwrap();
    assert_eq!(sorted(&look.members), sorted(&found[0].members), "both doors hand over the same");
}

fn by_contents(store: &mut dyn Store, keys: &Keys) {
    let seen = FolderFact { version: content("E"), entries: entries(&[("1", "x"), ("2", "z")]), is_whole: true };
    let made = FolderFact { version: content("D"), entries: entries(&[("1", "x"), ("9", "q")]), is_whole: false };
    let mut again = Vec::new();
    store
        .write(&mut |writer| {
            again = writer.keep_folders(&[&seen, &made])?;
            assert_eq!(writer.keep_folders(&[&seen])?, [], "told twice, it is no news");
            Ok(())
        })
        .unwrap();
    let may_change = |run: char| again.contains(&(keys.runs[&run], 0));
    assert!(may_change('e') && may_change('f'), "{again:?}");
    let found = near(store, &[asks(keys, 'e', ("d", "E"), 50), asks(keys, 'f', ("d/1", "x"), 50)]);
    let HeldRows { content: of, entries, members, .. } = found[0].held.clone().unwrap();
    assert_eq!((of, entries), (Some(content("E")), Some(seen)));
    let of = |write: WriteKey| {
        let place = found[0].members.iter().position(|row| row.write == write).unwrap();
        members[place].clone()
    };
    let member = |name: &str, path: &str, text: &str| MemberRow {
        artifact: keys.artifacts[name],
        path: path.to_owned(),
        written: Some(content(text)),
    };
    assert_eq!(of(keys.writes[&('c', "d/1".to_owned())]), member("d/1", "1", "y"));
    assert_eq!(of(keys.writes[&('c', "d/2".to_owned())]), member("d/2", "2", "z"));
    // Of a folder around what was read: what lay at its path, and the write that is told to have held it.
    let around = &found[1].held.clone().unwrap().folders[0];
    let last = around.last.clone().unwrap();
    assert_eq!((around.path.as_str(), last.entries, last.is_whole), ("1", self::entries(&[("1", "x")]), false));
    assert_eq!(around.holding.map(|row| row.write), Some(keys.writes[&('a', "d".to_owned())]));
    assert_eq!(around.there, Some(content("x")));
    let project = store.look().projects().unwrap()[0].0;
    let mut named = |name: &str, of: Option<&str>| {
        let of = of.map(content);
        let near = store.look().near(NearOf::Named(project, name, of.as_ref()), Timestamp(50)).unwrap();
        let held = near.held.unwrap().folders;
        (near.members.len(), held.into_iter().map(|held| held.there).collect::<Vec<_>>())
    };
    assert_eq!(named("d/9", None), (0, vec![Some(content("q"))]), "nobody named it");
    assert_eq!(named("d/9", Some("x")), (0, vec![None]));
    assert_eq!(named("d", None), (2, Vec::new()));
    earlier_writes(store, keys);
}

fn earlier_writes(store: &mut dyn Store, keys: &Keys) {
    let asked = |of: &str, at: i64, run: RunKey| WithAsked {
        artifact: keys.artifacts["d/1"],
        content: content(of),
        path: None,
        at: Timestamp(at),
        run,
        n: 0,
    };
    let reader = keys.runs[&'e'];
    let inside = |path: &str, of: &str, at: i64| WithAsked {
        artifact: keys.artifacts["d"],
        path: Some(path.to_owned()),
        ..asked(of, at, reader)
    };
    let all = [asked("x", 50, reader), asked("x", 25, reader), asked("q", 50, reader), asked("y", 50, keys.runs[&'c'])];
    store
        .write(&mut |writer| {
            let found = writer.last_with(&all)?.into_iter().map(|row| row.map(|row| row.write)).collect::<Vec<_>>();
            let first = keys.writes[&('b', "d/1".to_owned())];
            assert_eq!(found, [Some(first), None, None, None], "what a run makes known at its end it has not seen");
            let held = [inside("1", "x", 50), inside("1", "x", 15), inside("1", "y", 50), inside("2", "x", 50)];
            let found = writer.last_with(&held)?.into_iter().map(|row| row.map(|row| row.write)).collect::<Vec<_>>();
            let whole = keys.writes[&('a', "d".to_owned())];
            assert_eq!(found, [Some(whole), None, None, None], "the folder that held this content there by then");
            Ok(())
        })
        .unwrap();
}
