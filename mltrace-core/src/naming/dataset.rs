//! The name of a dataset as other tools give it: a namespace and a name in it.

use std::borrow::Cow;

use super::{Root, finish, in_line, is_here, is_uri};
use crate::model::ArtifactName;
use crate::redact;

/// Returns the canonical name of a dataset: that of a file of this host where it is one, so that whoever reads the file
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
