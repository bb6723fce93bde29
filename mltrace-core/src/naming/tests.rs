//! What names become.

use std::ffi::{OsStr, OsString};
use std::fs;

use proptest::prelude::*;
use tempfile::tempdir;

use super::*;

fn root_at(path: &str) -> Root {
    Root { given: PathBuf::from(path), canonical: None, identity: None, met: Met::default() }
}

fn text(text: &str) -> Named {
    Named::Text(text.to_owned())
}

/// The name that `given` has as text, seen from `/project/sub` with the root `/project`.
fn named(given: &str) -> String {
    name_from(&text(given), &root_at("/project"), Path::new("/project/sub")).unwrap().name.0
}

#[cfg(unix)]
#[test]
fn one_artifact_has_one_name_however_it_is_written() {
    for (given, expected) in [
        ("./a.csv", "sub/a.csv"),
        ("x/../a.csv", "sub/a.csv"),
        (".//a.csv", "sub/a.csv"),
        ("../a.csv", "a.csv"),
        ("../sub/a.csv", "sub/a.csv"),
        ("data/", "sub/data"),
        ("data//b/", "sub/data/b"),
        ("../", "."),
        ("/project", "."),
        ("/project/a", "a"),
        ("/projects/a", "/projects/a"),
        ("../../other/a", "/other/a"),
        ("/", "/"),
        ("/../a", "/a"),
        ("file:///project/a", "a"),
        ("file:/project/a%20b", "a b"),
        ("FILE://localhost/project/a", "a"),
        ("/project/with\nline", "with\nline"),
        ("/project/nul\0x", "nul\0x"),
        ("c:/windows", "sub/c:/windows"),
        ("a\\b/c", "sub/a\\b/c"),
        ("./~/a", "sub/~/a"),
    ] {
        assert_eq!(named(given), expected, "{given}");
    }
}

#[test]
fn uris_and_identifiers_stay_as_given() {
    for given in [
        "s3://bucket/a//b/../c",
        "https://h/a?x=1",
        "gs://b",
        "postgres://h/db",
        "jdbc:postgresql://h/db",
        "models:/m/1",
        "runs:/17/model",
        "dbfs:/mnt/x",
        "file://server/share/a",
        "prediction-17",
        "sample:17",
        "urn:isbn:1",
        "a b",
        "ü",
        "nul\0x",
        "line\nbreak",
        "data:text",
        ":",
        "::",
        "x y:z",
    ] {
        let naming = name_from(&text(given), &root_at("/project"), Path::new("/nowhere")).unwrap();
        assert_eq!((naming.name.as_str(), naming.path), (given, None));
    }
}

#[test]
fn a_slash_at_the_end_makes_no_other_uri() {
    for (given, expected) in [
        ("s3://b/t/", "s3://b/t"),
        ("s3://b/", "s3://b"),
        ("s3://b//k", "s3://b//k"),
        ("s3://b/k//", "s3://b/k//"),
        ("https://h/a/?x=1/", "https://h/a/?x=1/"),
        ("https://h/a/#top/", "https://h/a/#top/"),
        ("models:/m/1/", "models:/m/1"),
        ("file:///", "/"),
        ("file://server/share/", "file://server/share"),
        ("s3://", "s3://"),
        ("x:/", "sub/x:"),
        ("dbfs:/", "dbfs:/"),
    ] {
        assert_eq!(named(given), expected, "{given}");
    }
}

#[test]
fn a_uri_of_this_host_is_a_path_and_one_of_another_host_is_none() {
    let here = host::name().unwrap();
    assert_eq!(named(&format!("file://{here}/project/a")), "a");
    assert_eq!(named(&format!("file://{here}x/project/a")), format!("file://{here}x/project/a"));
    assert_eq!(named("file://"), "file://");
}

#[cfg(unix)]
#[test]
fn a_line_names_paths_from_the_root() {
    let root = root_at("/project");
    for (given, expected) in [
        ("a.csv", "a.csv"),
        ("./a.csv", "a.csv"),
        ("x/../a.csv", "a.csv"),
        ("data//b/", "data/b"),
        ("/project/a", "a"),
        ("../a", "/a"),
        ("file:/other/a", "/other/a"),
        ("caf\u{FFFD}e9/x", "caf\u{FFFD}e9/x"),
        ("prediction-17", "prediction-17"),
        ("s3://b/t/", "s3://b/t"),
        (".", "."),
    ] {
        let name = in_line(given, &root).unwrap().0;
        assert_eq!(name, expected, "{given}");
        assert_eq!(in_line(&name, &root).unwrap().0, name, "{given} twice");
    }
    for (given, expected) in [("./a", "a"), ("/project/a/", "/project/a"), ("../a", "../a"), ("x/../../a", "../a")] {
        assert_eq!(in_line(given, &Root::unknown()).unwrap().0, expected, "{given}");
    }
    assert_eq!(in_line("", &root), None);
}

#[test]
fn a_uri_loses_its_secrets() {
    assert_eq!(named("postgres://ada:pw@h/db"), "postgres://h/db");
    assert_eq!(named("https://h/a?X-Amz-Signature=1"), "https://h/a");
    assert_eq!(named("Server=h;Password=pw"), "Server=h;Password=[redacted]");
}

#[test]
fn empty_names_are_none() {
    let root = root_at("/project");
    assert_eq!(name(&text(""), &root), None);
    assert_eq!(name(&Named::Path(PathBuf::new()), &root), None);
    assert_eq!(on_command_line("", &root, Path::new("/project")), []);
}

#[test]
fn text_is_a_path_once_something_exists_there() {
    let folder = tempdir().unwrap();
    let root = Root::new(folder.path());
    let seen = || name_from(&text("train"), &root, folder.path()).unwrap();
    assert_eq!(seen().path, None);
    fs::write(folder.path().join("train"), "1").unwrap();
    assert_eq!(seen(), Naming { name: "train".into(), path: Some(folder.path().join("train")) });
    let typed = Named::Path("other".into());
    assert_eq!(name_from(&typed, &root, folder.path()).unwrap().path, Some(folder.path().join("other")));
}

#[cfg(unix)]
#[test]
fn links_keep_the_name_that_the_caller_used() {
    use std::os::unix::fs::symlink;
    let folder = tempdir().unwrap();
    let real = folder.path().join("real");
    fs::create_dir_all(real.join("data")).unwrap();
    let link = folder.path().join("link");
    symlink(&real, &link).unwrap();
    symlink("data", real.join("latest")).unwrap();

    let by_link = Root::new(&link);
    for (given, expected) in [
        (real.join("data"), "data"),
        (link.join("data"), "data"),
        (link.join("latest"), "latest"),
        (real.join("latest/x"), "latest/x"),
    ] {
        let named = Named::Path(given.clone());
        assert_eq!(name(&named, &by_link).unwrap().name.as_str(), expected, "{}", given.display());
    }
    // The other way round: the process is in the folder, and its root is where that lies.
    let by_place = Root::new(&real);
    for (given, expected) in [(link.join("data/x"), "data/x"), (link.clone(), "."), (link.join("latest/x"), "latest/x")]
    {
        let naming = name(&Named::Path(given.clone()), &by_place).unwrap();
        assert_eq!(naming.name.as_str(), expected, "{}", given.display());
    }
    let climbing = name_from(&Named::Path("latest/../a".into()), &by_link, &link).unwrap();
    assert_eq!(climbing.name.as_str(), "a");
    assert_eq!(climbing.path, Some(link.join("latest/../a")), "what is hashed is what the caller opens");
}

#[test]
fn without_a_working_directory_a_relative_name_stays_relative() {
    let root = root_at("/project");
    let naming = name_with(&text("./x/../a/"), &root, Path::new(""), || None).unwrap();
    assert_eq!(naming.name.as_str(), "a");
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_are_escaped_and_come_back() {
    use std::os::unix::ffi::OsStrExt;
    let given = OsStr::from_bytes(b"/project/caf\xe9/\xf0\x9f/ok");
    let naming = name(&Named::Path(given.into()), &root_at("/project")).unwrap();
    assert_eq!(naming.name.as_str(), "caf\u{FFFD}e9/\u{FFFD}f0\u{FFFD}9f/ok");
    assert_eq!(decode(naming.name.as_str()).as_os_str().as_bytes(), b"caf\xe9/\xf0\x9f/ok");
    assert_eq!(encode(OsStr::new("\u{FFFD}e9")), "\u{FFFD}ef\u{FFFD}bf\u{FFFD}bde9");
    assert_eq!(decode("a\u{FFFD}zz\u{FFFD}"), Path::new("a\u{FFFD}zz\u{FFFD}"));
}

#[test]
fn long_names_are_cut_and_stay_different() {
    let long = |last: &str| format!("s3://b/{}{last}", "ü".repeat(10_000));
    let (one, other) = (named(&long("1")), named(&long("2")));
    assert!(one.len() <= LIMIT_NAME && one.len() > LIMIT_NAME - 8);
    assert_ne!(one, other);
    assert!(one.contains("… [cut "));
    assert_eq!(one, named(&long("1")));
    let limit = format!("s3://b/{}", "x".repeat(LIMIT_NAME - 7));
    assert_eq!(named(&limit), limit);
}

#[cfg(unix)]
#[test]
fn a_name_on_the_command_line_is_tried_as_given_then_as_a_path() {
    let root = root_at("/project");
    let of = |text: &str| -> Vec<String> {
        on_command_line(text, &root, Path::new("/project/sub")).into_iter().map(|name| name.0).collect()
    };
    assert_eq!(of("a.csv"), ["a.csv", "sub/a.csv"]);
    assert_eq!(of("./a.csv"), ["./a.csv", "sub/a.csv"]);
    assert_eq!(of("/project/a"), ["/project/a", "a"]);
    assert_eq!(of("s3://b/a"), ["s3://b/a"]);
    assert_eq!(of("https://u:p@h/a?sig=1"), ["https://u:p@h/a?sig=1", "https://h/a"]);
    assert_eq!(of("file:///project/a"), ["file:///project/a", "a"]);
    assert_eq!(of("prediction-17"), ["prediction-17", "sub/prediction-17"]);
}

#[cfg(unix)]
fn any_path() -> impl Strategy<Value = OsString> {
    use std::os::unix::ffi::OsStringExt;
    let part = prop_oneof![
        Just(b"\xEF\xBF\xBD".to_vec()),
        Just(b"/".to_vec()),
        Just(b"..".to_vec()),
        prop::collection::vec(any::<u8>(), 1..4),
        prop::collection::vec(b'a'..b'd', 1..3),
    ];
    prop::collection::vec(part, 1..8).prop_map(|parts| OsString::from_vec(parts.concat()))
}

/// A path under the root, and ways to write it.
#[cfg(unix)]
fn any_spelling() -> impl Strategy<Value = (String, String)> {
    let part = "[a-d \u{e9}]{0,3}[a-d]";
    (prop::collection::vec(part, 2..4), 0..10_usize, 0..3_usize).prop_map(|(parts, way, place)| {
        let path = parts.join("/");
        let mut detour = parts.clone();
        detour.insert(place.min(parts.len() - 1), "x/..".to_owned());
        let percent = |path: &str| path.replace(' ', "%20");
        let here = host::name().unwrap();
        let spelt = match way {
            0 => path.clone(),
            1 => format!("./{path}"),
            2 => format!("/project/{path}"),
            3 => detour.join("/"),
            4 => parts.join("//"),
            5 => format!("{path}/"),
            6 => format!("file:///project/{}", percent(&path)),
            7 => format!("file:/project/{}/", percent(&path)),
            8 => format!("file://localhost/project/{}", percent(&path)),
            _ => format!("FILE://{here}/project/{}", percent(&detour.join("/"))),
        };
        (path, spelt)
    })
}

#[cfg(unix)]
proptest! {
    #[test]
    fn every_door_gives_a_path_the_same_name((path, spelt) in any_spelling()) {
        let (root, folder) = (root_at("/project"), Path::new("/project"));
        // The attribute, `log` and `run`.
        let recorded = name_from(&text(&spelt), &root, folder).unwrap().name.0;
        prop_assert_eq!(&recorded, &path);
        // A line of an import, a request.
        prop_assert_eq!(&in_line(&spelt, &root).unwrap().0, &path);
        // What is asked for.
        let asked = on_command_line(&spelt, &root, folder);
        prop_assert!(asked.iter().any(|name| name.0 == path), "{asked:?}");
        if local_path(&spelt).is_none() {
            let typed = name_from(&Named::Path(spelt.into()), &root, folder).unwrap().name.0;
            prop_assert_eq!(typed, path);
        }
    }

    #[test]
    fn any_path_comes_back_from_its_name(path in any_path()) {
        prop_assert_eq!(decode(&encode(&path)), Path::new(&path));
    }

    #[test]
    fn two_paths_share_a_name_only_if_they_are_one(one in any_path(), other in any_path()) {
        prop_assert_eq!(encode(&one) == encode(&other), one == other);
    }

    #[test]
    fn naming_a_name_again_changes_nothing(path in any_path()) {
        let root = root_at("/project");
        let first = name_from(&Named::Path(path.into()), &root, Path::new("/project")).unwrap();
        let again = name_from(&Named::Path(decode(first.name.as_str())), &root, Path::new("/project")).unwrap();
        prop_assert_eq!(&first.name, &again.name);
    }

    #[test]
    fn any_text_has_a_name_within_the_limit(given in "\\PC{1,40}", times in 1_usize..400) {
        let given = given.repeat(times);
        let naming = name_from(&Named::Text(given), &root_at("/project"), Path::new("/nowhere")).unwrap();
        prop_assert!(!naming.name.as_str().is_empty() && naming.name.as_str().len() <= LIMIT_NAME);
    }
}

#[cfg(unix)]
#[test]
fn the_folders_around_a_name_are_looked_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (project, link) = (folder.path().join("project"), folder.path().join("link"));
    std::fs::create_dir_all(project.join("data")).unwrap();
    std::os::unix::fs::symlink(&project, &link).unwrap();
    let root = Root::new(&project);
    let named = |path: &Path| name(&Named::Path(path.to_owned()), &root).unwrap().name.to_string();
    for _ in 0..2 {
        assert_eq!(named(&link.join("data/x.csv")), "data/x.csv");
        assert_eq!(named(&link.join("data/y.csv")), "data/y.csv");
        assert_eq!(named(&link), ".");
        assert_eq!(named(Path::new("/no/such/x.csv")), "/no/such/x.csv");
    }
    let met = root.met.0.lock().unwrap();
    assert_eq!(met.len(), 3, "one for each folder: {met:?}");
    assert_eq!(met.get(Path::new("/no/such")).map(|(found, _)| found), Some(&None));
    drop(met);
    // A link that is turned leads elsewhere at once.
    let other = folder.path().join("other");
    std::fs::create_dir_all(other.join("data")).unwrap();
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&other, &link).unwrap();
    assert_eq!(named(&link.join("data/x.csv")), link.join("data/x.csv").display().to_string());
}
