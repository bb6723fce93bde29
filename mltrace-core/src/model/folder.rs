//! Folders and what lies in them, by their names: paths and URIs at each `/`.

/// What the project's root is called.
const ROOT: &str = ".";

/// Returns the names of the folders around `name`, nearest first.
///
/// ```
/// use mltrace_core::model::folders_around;
///
/// assert_eq!(folders_around("out/day/part.parquet"), ["out/day", "out", "."]);
/// assert_eq!(folders_around("s3://lake/raw/part.parquet"), ["s3://lake/raw", "s3://lake"]);
/// assert!(folders_around("prediction-7").is_empty());
/// ```
#[must_use]
pub fn folders_around(name: &str) -> Vec<&str> {
    let from = authority(name);
    let inner = name.trim_end_matches('/');
    let cuts = inner.rmatch_indices('/').map(|(place, _)| place).take_while(|place| *place > from);
    let mut folders: Vec<&str> =
        cuts.filter_map(|place| inner.get(..place)).filter(|folder| !folder.ends_with([':', '/'])).collect();
    folders.extend(is_in_root(name).then_some(ROOT));
    folders
}

/// Returns where `name` lies in `folder`; `None` when it does not.
///
/// ```
/// use mltrace_core::model::path_inside;
///
/// assert_eq!(path_inside("out", "out/day/part.parquet"), Some("day/part.parquet"));
/// assert_eq!(path_inside("out", "output.csv"), None);
/// ```
#[must_use]
pub fn path_inside<'n>(folder: &str, name: &'n str) -> Option<&'n str> {
    if folder == ROOT {
        return is_in_root(name).then_some(name);
    }
    if folder.ends_with([':', '/']) {
        return None;
    }
    name.strip_prefix(folder)?.strip_prefix('/').filter(|path| !path.is_empty())
}

/// Returns the first name that may lie in `folder` and the first after all of those, as bytes sort; `None`: what lies in
/// the project's root is scattered among other names.
#[must_use]
pub fn range_inside(folder: &str) -> Option<(String, String)> {
    // In what no folder can be called, nothing lies.
    if folder.ends_with([':', '/']) {
        return Some((folder.to_owned(), folder.to_owned()));
    }
    // `0` follows `/`.
    (folder != ROOT).then(|| (format!("{folder}/"), format!("{folder}0")))
}

/// Returns where the part of a URI ends that no folder is named without, or the first slash of an absolute path.
fn authority(name: &str) -> usize {
    let Some(scheme) = name.find(":/") else { return 0 };
    let after = scheme.saturating_add(1);
    let slashes = name.get(after..).map_or(0, |rest| rest.len().saturating_sub(rest.trim_start_matches('/').len()));
    after.saturating_add(slashes).saturating_sub(1)
}

/// Returns whether a name is that of a path under the project's root: an identifier has neither separator nor extension.
fn is_in_root(name: &str) -> bool {
    !name.starts_with('/') && !name.contains(":/") && name != ROOT && name.contains(['/', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_uri_end_at_its_authority() {
        let check = |name: &str, folders: &[&str]| assert_eq!(folders_around(name), folders, "{name}");
        check("s3://lake", &[]);
        check("s3://lake/", &[]);
        check("s3://lake/a/b", &["s3://lake/a", "s3://lake"]);
        check("s3://lake/a/b/", &["s3://lake/a", "s3://lake"]);
        check("dbfs:/mnt/x", &["dbfs:/mnt"]);
        check("jdbc:postgresql://host/db/table", &["jdbc:postgresql://host/db", "jdbc:postgresql://host"]);
    }

    #[test]
    fn folders_of_an_absolute_path_end_below_the_root_of_the_disk() {
        assert_eq!(folders_around("/data/raw/x.csv"), ["/data/raw", "/data"]);
        assert!(folders_around("/data").is_empty());
    }

    #[test]
    fn two_slashes_are_another_name_than_one() {
        assert_eq!(folders_around("s3://b//k"), ["s3://b"]);
        assert_eq!(path_inside("s3://b", "s3://b//k"), Some("/k"));
    }

    #[test]
    fn the_projects_root_holds_its_paths_and_nothing_else() {
        assert_eq!(folders_around("rows.csv"), ["."]);
        for elsewhere in ["/data/x.csv", "s3://lake/x", "prediction-7", "."] {
            assert_eq!(path_inside(".", elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn every_folder_around_a_name_holds_it() {
        for name in ["a/b/c.csv", "rows.csv", "s3://lake/a/b", "/data/raw/x.csv", "dbfs:/mnt/x/y", "a//b"] {
            for folder in folders_around(name) {
                assert!(path_inside(folder, name).is_some(), "{folder} {name}");
                let range = range_inside(folder);
                assert!(range.is_none_or(|(first, after)| *first <= *name && *name < *after), "{folder} {name}");
            }
        }
    }
}
