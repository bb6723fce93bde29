//! What can be asked: each question of a small drawing, with its answer.

use mltrace_core::model::{Timestamp, VersionId};
use mltrace_core::store::{Direction, Extent, Far, Look, RunKey, RunSelection, VersionAt};

use super::Make;
use super::drawing::{self, Keys, content, id};

const DRAWING: &str = "
    a prep 10-20 here : -> raw_1=x@20
    b prep 12-20 here : -> raw_1=y@20 raw%2=z@20
    c train 30-40 there : raw_1=y@30<b -> Model=m@40
    d train 50-60 there : raw_1=y@50<b raw%2=z@50<b -> Model=n@60
    e serve 70-80 here : Model=n@70<d lost=q@70 -> Model=m@80
";

pub(crate) fn try_all(make: Make<'_>) {
    let mut made = make();
    let keys = drawing::store(made.store.as_mut(), DRAWING);
    let look = made.store.look();
    artifacts_are_found_by_what_they_are_called(look, &keys);
    versions_are_told_newest_first_from_wherever_one_goes_on(look, &keys);
    runs_are_found(look, &keys);
    runs_are_followed(look, &keys);
    writes_and_what_is_current(look, &keys);
    of_one_moment_the_greater_run_counts_and_of_a_run_its_last_write(make);
}

fn of_one_moment_the_greater_run_counts_and_of_a_run_its_last_write(make: Make<'_>) {
    let drawings = [
        ("b prep 1-2 here : -> f=x@2\n a prep 1-2 here : -> f=y@2", "x"),
        ("a prep 1-2 here : -> f=y@2\n b prep 1-2 here : -> f=x@2", "x"),
        ("a prep 1-2 here : -> f=x@2 f=y@2", "y"),
        ("a prep 1-9 here : -> f=x@2 f=y@1", "x"),
    ];
    for (drawing, expected) in drawings {
        let mut made = make();
        let keys = drawing::store(made.store.as_mut(), drawing);
        let look = made.store.look();
        let at =
            |look: &mut dyn Look, at| look.latest(keys.artifacts["f"], Timestamp(at)).unwrap().map(|found| found.id);
        assert_eq!(at(look, 9), Some(content(expected)), "{drawing}");
        let current = look.find_current(keys.project.unwrap(), Timestamp(9)).unwrap();
        assert_eq!(current[0].latest.as_ref().map(|latest| latest.id.clone()), Some(content(expected)), "{drawing}");
    }
}

fn names(keys: &Keys, runs: &[RunKey]) -> String {
    let name = |run: &RunKey| keys.runs.iter().find(|(_, key)| *key == run).map_or('?', |(name, _)| *name);
    runs.iter().map(name).collect()
}

fn artifacts_are_found_by_what_they_are_called(look: &mut dyn Look, keys: &Keys) {
    let project = keys.project.unwrap();
    assert_eq!(look.artifact(project, "Model").unwrap(), Some(keys.artifacts["Model"]));
    assert_eq!(look.artifact(project, "model").unwrap(), None, "names have cases");
    assert_eq!(look.artifact_names(project, "raw", 9).unwrap(), ["raw%2", "raw_1"]);
    assert_eq!(look.artifact_names(project, "raw", 1).unwrap(), ["raw%2"]);
    assert_eq!(look.artifact_names(project, "raw%", 9).unwrap(), ["raw%2"], "no letter stands for others");
    assert_eq!(look.artifact_names(project, "r_w", 9).unwrap(), Vec::<String>::new());
    assert_eq!(look.short_artifacts(project, 4, 9).unwrap(), ["lost"]);
    assert_eq!(look.short_artifacts(project, 5, 2).unwrap(), ["Model", "lost"]);
    assert_eq!(look.short_components(project, 4, 9).unwrap(), ["prep"]);
    assert_eq!(look.short_components(project, 5, 2).unwrap(), ["prep", "serve"]);
    assert_eq!(look.artifact_names_holding(project, "MOD", 9).unwrap(), ["Model"]);
    assert_eq!(look.artifact_names_holding(project, "w%", 9).unwrap(), ["raw%2"]);
    let with: Vec<String> = look.names_of(project, &content("y")).unwrap().into_iter().map(|name| name.0).collect();
    assert_eq!(with, ["raw_1"]);
}

fn versions(look: &mut dyn Look, keys: &Keys, at: i64, from: (Option<&VersionAt>, usize)) -> Vec<VersionAt> {
    let mut found = Vec::new();
    let mut tell = |version| {
        found.push(version);
        true
    };
    look.versions(keys.artifacts["Model"], Timestamp(at), from, &mut tell).unwrap();
    found
}

fn versions_are_told_newest_first_from_wherever_one_goes_on(look: &mut dyn Look, keys: &Keys) {
    let all = versions(look, keys, 99, (None, 9));
    let told: Vec<_> = all.iter().map(|version| (version.id.clone(), version.written)).collect();
    let (d, e) = (keys.runs[&'d'], keys.runs[&'e']);
    assert_eq!(told, [(content("m"), Some((e, Timestamp(80)))), (content("n"), Some((d, Timestamp(60))))]);
    assert_eq!(versions(look, keys, 99, (Some(&all[0]), 9)), all[1..]);
    assert_eq!(versions(look, keys, 99, (None, 1)), all[..1]);
    // At 45 one of them was written, by another run.
    let then = versions(look, keys, 45, (None, 9));
    assert_eq!(
        then.iter().map(|version| version.written).collect::<Vec<_>>(),
        [Some((keys.runs[&'c'], Timestamp(40)))]
    );
    let latest = |look: &mut dyn Look, name: &str, at| look.latest(keys.artifacts[name], Timestamp(at)).unwrap();
    assert_eq!(latest(look, "Model", 99).as_ref(), Some(&all[0]));
    assert_eq!(latest(look, "raw_1", 20).unwrap().id, content("y"), "of one moment the greater run wrote last");
    assert_eq!(latest(look, "raw_1", 19), None);
    let read = latest(look, "lost", 99).unwrap();
    assert_eq!((read.id, read.written), (content("q"), None), "what nobody wrote was read");
    let at = look.version_at(keys.artifacts["Model"], &content("n"), Timestamp(59)).unwrap();
    assert_eq!(at, None, "nobody had seen it by then");
    let none = look.version_at(keys.artifacts["Model"], &VersionId::None, Timestamp(99)).unwrap();
    assert_eq!(none, None, "each read of it saw something");
}

fn runs_are_found(look: &mut dyn Look, keys: &Keys) {
    let project = keys.project.unwrap();
    let all = RunSelection::default();
    let mut select = |selection: RunSelection| names(keys, &look.select(project, &selection).unwrap());
    assert_eq!(select(all.clone()), "edcba");
    assert_eq!(select(RunSelection { limit: Some(2), ..all.clone() }), "ed");
    assert_eq!(select(RunSelection { since: Some(Timestamp(30)), until: Some(Timestamp(50)), ..all.clone() }), "dc");
    assert_eq!(select(RunSelection { before: Some((Timestamp(30), id('c'))), ..all.clone() }), "ba");
    let train = keys.components["train"];
    assert_eq!(select(RunSelection { component: Some(train), ..all }), "dc");
    assert_eq!(names(keys, &look.since(train, Timestamp(31)).unwrap()), "d");
    assert_eq!(names(keys, &look.next(train, Timestamp(29), 1).unwrap()), "c");
    assert_eq!(look.run(id('c')).unwrap(), Some(keys.runs[&'c']));
    assert_eq!(look.run(id('z')).unwrap(), None);
    let mut read_by = look.read_by(keys.artifacts["raw_1"], &content("y")).unwrap();
    read_by.sort_unstable();
    assert_eq!(names(keys, &read_by), "cd");
    assert_eq!(look.readers(keys.artifacts["raw_1"], &content("y"), 1).unwrap(), [id('c')]);
    let ids = look.run_ids(&[keys.runs[&'e'], keys.runs[&'a']]).unwrap();
    assert_eq!(ids[&keys.runs[&'e']], id('e'));
    let details = look.details(&[keys.runs[&'d'], keys.runs[&'c']], Extent::Whole).unwrap();
    assert_eq!(
        details.iter().map(|detail| detail.row.id).collect::<Vec<_>>(),
        [id('d'), id('c')],
        "in the order asked for"
    );
    assert_eq!(details[0].host.as_deref(), Some("there"));
}

fn runs_are_followed(look: &mut dyn Look, keys: &Keys) {
    let reached = |look: &mut dyn Look, direction, from: char, far| {
        let found = look.walk(direction, &[keys.runs[&from]], far, None).unwrap();
        let mut runs: Vec<(u32, String)> =
            found.runs.iter().map(|(run, distance)| (*distance, names(keys, &[*run]))).collect();
        runs.sort_unstable();
        (runs.iter().map(|(distance, run)| format!("{run}{distance}")).collect::<Vec<_>>().join(" "), found.is_cut)
    };
    let up = Direction::Upstream;
    assert_eq!(reached(look, up, 'e', Far::default()), ("e0 d1 b2".to_owned(), false));
    assert_eq!(reached(look, up, 'e', Far { depth: Some(1), most: None }), ("e0 d1".to_owned(), true));
    assert_eq!(reached(look, up, 'e', Far { depth: None, most: Some(2) }), ("e0 d1".to_owned(), true));
    assert_eq!(reached(look, Direction::Downstream, 'b', Far::default()), ("b0 c1 d1 e2".to_owned(), false));
    let pairs = look.pairs_upstream(&[keys.runs[&'e']]).unwrap();
    let pairs: Vec<String> = pairs.into_iter().map(|(run, writer)| names(keys, &[run, writer])).collect();
    assert_eq!(pairs, ["ed", "db"]);
}

fn writes_and_what_is_current(look: &mut dyn Look, keys: &Keys) {
    let project = keys.project.unwrap();
    let version = |name: &str, content: &str| keys.versions[&(name.to_owned(), content.to_owned())];
    let (c, d, e) = (keys.runs[&'c'], keys.runs[&'d'], keys.runs[&'e']);
    assert_eq!(look.written(&[d, c]).unwrap(), [(c, version("Model", "m")), (d, version("Model", "n"))]);
    let outputs = look.outputs(&[c, d]).unwrap();
    let last: Vec<_> = outputs.into_iter().map(|row| (row.run, row.last)).collect();
    assert_eq!(last, [(c, Some((e, true))), (d, Some((e, false)))]);
    assert_eq!(look.first_writers(&[version("Model", "m")]).unwrap(), [(version("Model", "m"), c)]);
    let current = look.find_current(project, Timestamp(75)).unwrap();
    let told: Vec<_> = current
        .into_iter()
        .map(|row| (row.name.0, row.latest.map(|latest| latest.id), row.made_by.map(|run| names(keys, &[run]))))
        .collect();
    let row = |name: &str, of: &str, by: Option<&str>| (name.to_owned(), Some(content(of)), by.map(str::to_owned));
    // The last write of the model lies in the future: by then another run had made that version.
    assert_eq!(
        told,
        [
            row("Model", "m", Some("c")),
            row("lost", "q", None),
            row("raw%2", "z", Some("b")),
            row("raw_1", "y", Some("b"))
        ]
    );
}
