//! The name of a dataset as other tools give it: a namespace and a name in it.

use std::borrow::Cow;

use super::{Root, finish, in_line, is_file_name, is_here, is_uri};
use crate::model::ArtifactName;
use crate::redact;

/// Returns the canonical name of a dataset: that of a file of this host where it is one, so that anyone who reads the file
/// under its path is joined. Returns `None` for an empty name.
#[must_use]
pub fn dataset(namespace: &str, name: &str, root: &Root) -> Option<ArtifactName> {
    if name.is_empty() {
        return None;
    }
    if let Some(folder) = local_folder(namespace) {
        return in_line(&below(folder, name), root);
    }
    let namespace = namespace.trim();
    if namespace.is_empty() {
        return in_line(name, root);
    }
    // `s3://bucket` is an address as `s3://bucket/` is one.
    if namespace.contains("://") && is_uri(&format!("{namespace}/")) {
        return in_line(&below(namespace, name), root);
    }
    Some(finish(redact::text(&format!("{namespace}:{name}"))))
}

/// Returns the namespace and the name by which other tools know an artifact: what [`dataset`] makes a name of. A relative name
/// is that of a file where it is written like one, or `is_file` says so, and lies under the root; all other names that no
/// namespace shows in stand in `project`.
#[must_use]
pub fn pair(name: &ArtifactName, is_file: bool, root: &Root, project: &str) -> (String, String) {
    let text = name.as_str();
    if text.starts_with('/') {
        return (FILE.to_owned(), text.to_owned());
    }
    if is_uri(text) || text.contains(':') {
        return split(text).unwrap_or_else(|| (project.to_owned(), text.to_owned()));
    }
    let is_file = is_file || text.contains('/') || is_file_name(text);
    let folder = root.given().to_str().filter(|folder| is_file && folder.starts_with('/'));
    match folder.map(|folder| folder.trim_end_matches('/')) {
        // The root itself is called so.
        Some(folder) if text == "." => (FILE.to_owned(), folder.to_owned()),
        Some(folder) => (FILE.to_owned(), format!("{folder}/{text}")),
        None => (project.to_owned(), text.to_owned()),
    }
}

/// The namespace of the files of a host.
const FILE: &str = "file";

/// Returns the two parts of an address, or of a name behind a word and a colon, that [`dataset`] puts together to the same.
fn split(text: &str) -> Option<(String, String)> {
    let unknown = Root::unknown();
    let is_same = |(namespace, name): &(&str, &str)| dataset(namespace, name, &unknown).is_some_and(|it| it.0 == text);
    let own = |(namespace, name): (&str, &str)| (namespace.to_owned(), name.to_owned());
    let Some(start) = text.find("://").map(|colon| colon.saturating_add(3)) else {
        return text.split_once(':').filter(is_same).map(own);
    };
    let authority = text.get(start..)?;
    let end = authority.find('/').map_or(text.len(), |slash| slash.saturating_add(start));
    let (namespace, path) = text.split_at_checked(end)?;
    // An object store distinguishes `s3://b//k` from `s3://b/k`, and an address without a path has a name, too.
    let names = [path.strip_prefix('/').unwrap_or(path), path, "/"];
    names.into_iter().map(|name| (namespace, name)).find(is_same).map(own)
}

/// Returns the file that a table of a database in one file lies in: of `duckdb:///data/shop.duckdb` it is `/data/shop.duckdb`.
#[must_use]
pub fn database_file(namespace: &str, root: &Root) -> Option<ArtifactName> {
    let path = ["duckdb://", "sqlite://"].iter().find_map(|scheme| namespace.strip_prefix(scheme))?;
    let path = path.split(['?', '#']).next().filter(|path| path.len() > 1 && path.starts_with('/'))?;
    in_line(path, root)
}

/// Returns the folder on this host that a namespace means: none (`file`, `file://HOST`), or one (`file:///data`).
fn local_folder(namespace: &str) -> Option<&str> {
    let scheme = namespace.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("file"))?;
    let rest = namespace.get(scheme.len()..)?;
    let Some(rest) = rest.strip_prefix(':') else { return rest.is_empty().then_some("") };
    let Some(rest) = rest.strip_prefix("//") else { return Some(rest) };
    let (host, folder) = rest.find('/').map_or((rest, ""), |end| rest.split_at(end));
    (host.is_empty() || is_here(host)).then_some(folder)
}

/// Returns a name below a folder or an address, with one slash between them.
fn below<'n>(folder: &str, name: &'n str) -> Cow<'n, str> {
    let is_whole = folder.is_empty() || (is_uri(name) && name.starts_with(folder));
    if is_whole {
        return Cow::Borrowed(name);
    }
    if folder.ends_with("://") {
        return Cow::Owned(format!("{folder}{name}"));
    }
    let folder = folder.strip_suffix('/').filter(|short| !short.ends_with('/')).unwrap_or(folder);
    let name = name.strip_prefix('/').unwrap_or(name);
    let slash = if folder.ends_with('/') { "" } else { "/" };
    Cow::Owned(format!("{folder}{slash}{name}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_dataset_has_the_name_that_a_rust_step_gives_it() {
        let root = Root::new(Path::new("/project"));
        let host = crate::host::name().unwrap_or_else(|| "localhost".to_owned());
        let here = format!("file://{host}");
        for (namespace, name, expected) in [
            ("file", "/data/x.csv", "/data/x.csv"),
            ("file", "/project/data/x y%20.csv", "data/x y%20.csv"),
            (&here, "/project/x.csv", "x.csv"),
            ("file://localhost", "/project/./x.csv", "x.csv"),
            ("file:///project/data", "x.csv", "data/x.csv"),
            ("file:/project", "/x.csv", "x.csv"),
            ("file://elsewhere", "/data/x.csv", "file://elsewhere/data/x.csv"),
            ("s3://bucket", "a/b.csv", "s3://bucket/a/b.csv"),
            ("s3://bucket", "/a/b.csv", "s3://bucket/a/b.csv"),
            ("s3://bucket/a", "b.csv", "s3://bucket/a/b.csv"),
            ("s3://bucket/a/", "b.csv", "s3://bucket/a/b.csv"),
            ("s3://bucket", "s3://bucket/a", "s3://bucket/a"),
            ("s3://bucket", "a//b", "s3://bucket/a//b"),
            ("hdfs://", "/a", "hdfs:///a"),
            ("postgres://db:5432", "shop.public.rides", "postgres://db:5432/shop.public.rides"),
            ("postgres://ada:pw@db:5432", "shop.public.rides", "postgres://db:5432/shop.public.rides"),
            ("duckdb:///data/shop.duckdb", "main.rides", "duckdb:///data/shop.duckdb/main.rides"),
            ("bigquery", "shop.rides", "bigquery:shop.rides"),
            ("", "rides", "rides"),
        ] {
            assert_eq!(dataset(namespace, name, &root).unwrap().0, expected, "{namespace} + {name}");
        }
        assert_eq!(dataset("s3://bucket", "", &root), None);
        let file = |namespace| database_file(namespace, &root).map(|name| name.0);
        assert_eq!(file("duckdb:///project/shop.duckdb").as_deref(), Some("shop.duckdb"));
        assert_eq!(file("sqlite:///data/a.db?mode=ro").as_deref(), Some("/data/a.db"));
        assert!(file("postgres://db").is_none() && file("duckdb://").is_none() && file("duckdb:///").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_name_is_told_as_the_pair_that_it_is_read_from() {
        let root = Root::new(Path::new("/project"));
        for (name, namespace, rest) in [
            ("/data/x.csv", "file", "/data/x.csv"),
            ("data/x y%20.csv", "file", "/project/data/x y%20.csv"),
            ("x.csv", "file", "/project/x.csv"),
            ("file://elsewhere/data/x.csv", "file://elsewhere", "data/x.csv"),
            ("s3://bucket/a/b.csv", "s3://bucket", "a/b.csv"),
            ("s3://bucket//a", "s3://bucket", "//a"),
            ("s3://bucket", "s3://bucket", "/"),
            ("hdfs:///a", "hdfs://", "/a"),
            ("postgres://db:5432/shop.public.rides", "postgres://db:5432", "shop.public.rides"),
            ("jdbc:postgresql://db/shop.rides", "jdbc:postgresql://db", "shop.rides"),
            ("dbfs:/mnt/x", "dbfs", "/mnt/x"),
            ("bigquery:shop.rides", "bigquery", "shop.rides"),
            ("a:b:c", "a", "b:c"),
        ] {
            let told = pair(&ArtifactName::from(name), false, &root, "taxi");
            assert_eq!((told.0.as_str(), told.1.as_str()), (namespace, rest), "{name}");
            assert_eq!(dataset(namespace, rest, &root).unwrap().0, name);
        }
        // Anyone who reads these back looks at what the facet of the edge says.
        for (name, is_file, namespace, rest) in [
            ("rides", false, "taxi", "rides"),
            ("Makefile", true, "file", "/project/Makefile"),
            (":x", false, "taxi", ":x"),
        ] {
            let told = pair(&ArtifactName::from(name), is_file, &root, "taxi");
            assert_eq!((told.0.as_str(), told.1.as_str()), (namespace, rest), "{name}");
        }
        let elsewhere = pair(&ArtifactName::from("data/x.csv"), true, &Root::unknown(), "taxi");
        assert_eq!(elsewhere, ("taxi".to_owned(), "data/x.csv".to_owned()));
    }

    #[test]
    fn an_event_that_is_stored_names_a_dataset_as_its_row_does() {
        use crate::model::{EventFact, Record};

        let root = Root::new(Path::new("/project"));
        for (namespace, name) in [
            ("x", "a password=hunter2"),
            ("x", "q?access_token=hunter2"),
            ("s3://b", "token=hunter2/x"),
            ("s3://b/", "/q?access_token=hunter2"),
            ("https://b.s3.amazonaws.com", "k?X-Amz-Signature=hunter2&v=1"),
            ("postgres://ada:hunter2", "x@db/t"),
            ("postgres://ada:hunter2@db", "t"),
            ("file", "password=hunter2"),
            ("file:///project", "a/token=hunter2/x.csv"),
            ("", "https://ada:hunter2@h/t"),
            ("hive", "db.rides"),
        ] {
            let body = serde_json::json!({"namespace": namespace, "name": name}).to_string();
            let mut sent =
                Record::Event(EventFact { project: "p".into(), identity: None, root: "/project".into(), body });
            redact::record(&mut sent);
            let Record::Event(EventFact { body, .. }) = sent else { panic!("{sent:?}") };
            let stored: serde_json::Value = serde_json::from_str(&body).unwrap();
            let half = |field: &str| stored[field].as_str().unwrap();
            let row = dataset(namespace, name, &root).unwrap().0;
            assert_eq!(dataset(half("namespace"), half("name"), &root).unwrap().0, row, "{namespace} + {name}");
            assert_eq!(body.contains("hunter2"), row.contains("hunter2"), "{body}");
        }
    }
}
