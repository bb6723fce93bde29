//! What lies in folders: what is handed over of it, and what contents say of it.

use std::collections::BTreeMap;

use mltrace_core::model::{FolderFact, Timestamp};
use mltrace_core::store::{Asked, Folders, HeldAsked, HeldRows, NearName, NearOf, Of, Store, VersionKey, When};

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
    by_name(store, &keys);
    by_contents(store, &keys);
}

fn entries(entries: &[(&str, &str)]) -> BTreeMap<String, mltrace_core::model::VersionId> {
    entries.iter().map(|(path, of)| ((*path).to_owned(), content(of))).collect()
}

/// Returns the artifacts near one, those in it and those around it, each with the path.
fn near(store: &mut dyn Store, keys: &Keys, name: &str) -> [Vec<(String, String)>; 2] {
    let mut found = Vec::new();
    store
        .write(&mut |writer| {
            found = writer.near(&[keys.artifacts[name]])?;
            Ok(())
        })
        .unwrap();
    let near = found.remove(0);
    let look = store.look().near(NearOf::Artifact(keys.artifacts[name])).unwrap();
    assert_eq!(look, near, "both doors hand over the same");
    [near.members, near.folders].map(|names| names.iter().map(|near| named(keys, near)).collect())
}

fn named(keys: &Keys, NearName { artifact, path }: &NearName) -> (String, String) {
    let name = keys.artifacts.iter().find(|(_, key)| *key == artifact).map(|(name, _)| name.clone());
    (name.unwrap(), path.clone())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect()
}

fn by_name(store: &mut dyn Store, keys: &Keys) {
    let [mut members, folders] = near(store, keys, "d");
    members.sort_unstable();
    assert_eq!((members, folders), (pairs(&[("d/1", "1"), ("d/2", "2")]), Vec::new()), "`d2` lies in no `d`");
    assert_eq!(near(store, keys, "d/1"), [Vec::new(), pairs(&[("d", "1")])]);
    assert_eq!(near(store, keys, "d2"), [Vec::new(), Vec::new()]);
    let project = store.look().projects().unwrap()[0].0;
    let mut of = |name: &str| {
        let near = store.look().near(NearOf::Named(project, name)).unwrap();
        (near.members.len(), near.folders.iter().map(|near| named(keys, near)).collect::<Vec<_>>())
    };
    assert_eq!(of("d/9"), (0, pairs(&[("d", "9")])), "nobody named it");
    assert_eq!(of("d"), (2, Vec::new()));
    let asked =
        HeldAsked { seen: version(keys, "d", "E"), with_entries: true, members: Vec::new(), folders: Vec::new() };
    store
        .write(&mut |writer| {
            assert_eq!(writer.held(std::slice::from_ref(&asked))?, [None], "nobody knows what lies in folders");
            Ok(())
        })
        .unwrap();
}

fn version(keys: &Keys, name: &str, of: &str) -> VersionKey {
    keys.versions[&(name.to_owned(), of.to_owned())]
}

fn by_contents(store: &mut dyn Store, keys: &Keys) {
    let seen = FolderFact { version: content("E"), entries: entries(&[("1", "x"), ("2", "z")]), is_whole: true };
    let made = entries(&[("1", "x"), ("9", "q"), ("n/1", "x"), ("n/2", "q")]);
    let made = FolderFact { version: content("D"), entries: made, is_whole: false };
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
    let members = vec![version(keys, "d/2", "z"), version(keys, "d/1", "y")];
    let of_folder = HeldAsked { seen: version(keys, "d", "E"), with_entries: true, members, folders: Vec::new() };
    let around = vec![(version(keys, "d", "D"), "1"), (version(keys, "d", "D"), "8")];
    let of_member =
        HeldAsked { seen: version(keys, "d/1", "x"), with_entries: false, members: Vec::new(), folders: around };
    // A folder that may lie in one around it: at `n` two things did.
    let around = vec![(version(keys, "d", "D"), "n"), (version(keys, "d", "D"), "9")];
    let of_inner = HeldAsked { folders: around.clone(), members: Vec::new(), ..of_folder.clone() };
    let of_unknown = HeldAsked { folders: around, ..of_member.clone() };
    let mut held = Vec::new();
    store
        .write(&mut |writer| {
            held = writer.held(&[of_folder.clone(), of_member.clone(), of_inner.clone(), of_unknown.clone()])?;
            Ok(())
        })
        .unwrap();
    let folder = |found: &[(&str, &str)]| Some(FolderFact { entries: entries(found), ..made.clone() });
    let of_folder = HeldRows {
        content: content("E"),
        entries: Some(seen),
        members: vec![Some(content("z")), Some(content("y"))],
        folders: Vec::new(),
    };
    let of_member = HeldRows {
        content: content("x"),
        entries: None,
        members: Vec::new(),
        folders: vec![folder(&[("1", "x")]), folder(&[])],
    };
    let inner = held.split_off(2).into_iter().map(|held| held.unwrap().folders).collect::<Vec<_>>();
    let below = [folder(&[("n/1", "x"), ("n/2", "q")]), folder(&[("9", "q")])];
    assert_eq!(inner[0], below, "all that lay in a folder in it");
    assert_eq!(inner[1], [folder(&[("n/1", "x")]), below[1].clone()], "one thing, where it is not compared");
    assert_eq!(held, [Some(of_folder), Some(of_member)], "of a folder around it, what lay at its path");
    let mut at = |path: &str| store.look().folders(Folders::At(&content("D"), path)).unwrap().pop().unwrap().entries;
    assert_eq!(at("9"), entries(&[("9", "q")]));
    assert_eq!(at("8"), entries(&[]));
    earlier_writes(store, keys);
}

fn earlier_writes(store: &mut dyn Store, keys: &Keys) {
    let (d, member) = (keys.artifacts["d"], keys.artifacts["d/1"]);
    let [x, y, q] = ["x", "y", "q"].map(content);
    let asked = |of, at| Asked { of, when: When::By(Timestamp(at)), reader: None, like: None };
    let all = [
        asked(Of::Content(member, &x), 50),
        asked(Of::Content(member, &x), 25),
        asked(Of::Content(member, &q), 50),
        asked(Of::Folder(d, "1", Some(&x)), 50),
        asked(Of::Folder(d, "1", Some(&x)), 15),
        asked(Of::Folder(d, "1", Some(&y)), 50),
        asked(Of::Folder(d, "2", Some(&x)), 50),
        asked(Of::Folder(d, "9", None), 50),
    ];
    let part = vec![keys.writes[&('b', "d/1".to_owned())]];
    let whole = vec![keys.writes[&('a', "d".to_owned())]];
    let expected = [part, Vec::new(), Vec::new(), whole.clone(), Vec::new(), Vec::new(), Vec::new(), whole.clone()];
    let handed = super::offered::offered(store, &all);
    let handed: Vec<Vec<_>> = handed.iter().map(|some| some.iter().map(|one| one.write).collect()).collect();
    assert_eq!(handed, expected);
}
