//! What distinguishes a project from others in a store that several roots share, whatever their folders are called.

use std::io::Read as _;
use std::path::Path;

use crate::folder;
use crate::host;
use crate::tracked;

/// Settings of git are shorter than this.
const LONGEST: u64 = 1 << 20;

/// Returns the identity of the project whose root `root` is: the name that its settings give, else its repository with
/// where it lies in there, else its host with where it lies on that.
pub(super) fn identity(root: &Path, named: Option<&str>) -> String {
    named.map_or_else(|| of_repository(root).unwrap_or_else(|| of_place(root)), str::to_owned)
}

/// Returns where the folder of a store is: host, number on its file system, and path, a line each.
#[must_use]
pub fn place_of(folder: &Path) -> String {
    let path = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    #[cfg(unix)]
    let number = path.symlink_metadata().map_or(0, |found| std::os::unix::fs::MetadataExt::ino(&found));
    #[cfg(not(unix))]
    let number = 0;
    format!("{}\n{number}\n{}", host::name().unwrap_or_default(), path.display())
}

/// Returns from where the store in a folder was copied, if it is kept that it was elsewhere.
#[must_use]
pub fn copied_from(kept: &str, folder: &Path) -> Option<String> {
    other_place(kept, &place_of(folder))
}

/// Returns the path of a place that is not the one of `here`. A folder that was moved keeps its number, and a copy has another.
fn other_place(place: &str, here: &str) -> Option<String> {
    let parts = |place: &str| {
        let mut lines = place.splitn(3, '\n').map(str::to_owned);
        [lines.next(), lines.next(), lines.next()].map(Option::unwrap_or_default)
    };
    let ([host, number, path], [here, number_here, path_here]) = (parts(place), parts(here));
    let is_here = host == here && (path == path_here || (number != "0" && number == number_here));
    (!is_here).then_some(path)
}

fn of_place(root: &Path) -> String {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    format!("{}:{}", host::name().unwrap_or_default(), root.display())
}

/// Returns the address of a repository and the path in it, `host/group/name` or `host/group/name//path`.
fn of_repository(root: &Path) -> Option<String> {
    let (top, git) = root.ancestors().find_map(|top| Some((top, tracked::git_folder(top)?)))?;
    // A further work tree shares the settings of the first one.
    let common = text_of(&git.join("commondir")).map(|path| git.join(path.trim()));
    let inside = root.strip_prefix(top).ok()?;
    let settings = text_of(&common.as_ref().unwrap_or(&git).join("config"));
    let Some(url) = settings.and_then(|settings| origin(&settings)) else {
        // Without a remote a further work tree is what lies where the first one does.
        let common = common?.canonicalize().ok()?;
        let first = if common.ends_with(".git") { common.parent()? } else { &common };
        return Some(of_place(&first.join(inside)));
    };
    let mut identity = address(&url, top)?;
    if inside.components().next().is_some() {
        identity.push_str("//");
        identity.push_str(&inside.to_string_lossy());
    }
    Some(identity)
}

fn text_of(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    folder::open_to_read(path).ok()?.take(LONGEST).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the address of the remote `origin` in git's settings; of several, the first, which git fetches from.
fn origin(settings: &str) -> Option<String> {
    let mut is_there = false;
    for line in settings.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let (name, rest) = section.split_once(' ').unwrap_or((section, ""));
            is_there = name.eq_ignore_ascii_case("remote") && rest.trim().starts_with("\"origin\"]");
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| is_there) else { continue };
        let value = value.split([';', '#']).next().unwrap_or_default().trim().trim_matches('"');
        if key.trim().eq_ignore_ascii_case("url") && !value.is_empty() {
            return Some(value.to_owned());
        }
    }
    None
}

/// Returns an address without who logs in there, by what scheme, and what says that it is git's: `git@h:a/b.git`,
/// `https://user:token@h/a/b` and `ssh://git@h/a/b/` are `h/a/b`.
fn address(url: &str, top: &Path) -> Option<String> {
    let plain = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let plain = plain.strip_suffix(".git").unwrap_or(plain).trim_end_matches('/');
    let local = |path: &str| {
        let path = top.join(path);
        let path = path.canonicalize().unwrap_or_else(|_| path_clean::clean(path));
        of_place_of(&path)
    };
    let Some((scheme, rest)) = plain.split_once("://") else {
        // `host:path` unless a slash stands before the colon; one letter is a drive.
        return match plain.split_once(':').filter(|(host, _)| !host.contains('/') && host.len() > 1) {
            Some((host, path)) => Some(joined(host, path)),
            None => Some(local(plain)).filter(|_| !plain.is_empty()),
        };
    };
    if scheme.eq_ignore_ascii_case("file") {
        return Some(local(rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest)));
    }
    let (host, path) = rest.split_once('/')?;
    Some(joined(host, path))
}

fn of_place_of(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = path.strip_suffix(".git").unwrap_or(&path).trim_end_matches('/');
    format!("{}:{path}", host::name().unwrap_or_default())
}

fn joined(host: &str, path: &str) -> String {
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    // A port that the scheme means anyway is no part of the address.
    let host = [":22", ":80", ":443"].iter().find_map(|port| host.strip_suffix(port)).unwrap_or(&host);
    format!("{host}/{}", path.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_where_it_was_unless_it_was_copied() {
        let other = |place: &str| other_place(place, "tower\n7\n/srv/a/.mltrace");
        assert_eq!(other("tower\n7\n/srv/a/.mltrace"), None);
        assert_eq!(other("tower\n7\n/opt/a/.mltrace"), None, "it was moved");
        assert_eq!(other("tower\n8\n/srv/a/.mltrace"), None, "it was put back");
        assert_eq!(other("tower\n8\n/srv/b/.mltrace").as_deref(), Some("/srv/b/.mltrace"));
        assert_eq!(other("node\n7\n/srv/a/.mltrace").as_deref(), Some("/srv/a/.mltrace"));
        assert_eq!(
            other_place("tower\n0\n/x", "tower\n0\n/y").as_deref(),
            Some("/x"),
            "without numbers the path counts"
        );
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(copied_from(&place_of(folder.path()), folder.path()), None);
    }

    #[test]
    fn every_way_to_write_an_address_is_one() {
        for url in [
            "git@github.com:ada/taxi.git",
            "github.com:ada/taxi",
            "https://github.com/ada/taxi.git/",
            "https://ada:hunter2@GitHub.com/ada/taxi",
            "https://ghp_0123456789@github.com:443/ada/taxi.git",
            "ssh://git@github.com:22/ada/taxi.git",
            "git+ssh://git@github.com/ada/taxi?token=1",
        ] {
            assert_eq!(address(url, Path::new("/home")).as_deref(), Some("github.com/ada/taxi"), "{url}");
        }
        assert_eq!(address("ssh://git@h:2222/a/b.git", Path::new("/")).as_deref(), Some("h:2222/a/b"));
    }

    #[test]
    fn a_path_is_one_of_this_host() {
        let host = host::name().unwrap_or_default();
        for url in ["/no/such/taxi.git", "file:///no/such/taxi", "../such/taxi.git", "/no/such/taxi/"] {
            assert_eq!(address(url, Path::new("/no/here")), Some(format!("{host}:/no/such/taxi")), "{url}");
        }
    }

    #[test]
    fn only_the_remote_called_origin_counts() {
        let settings =
            "[core]\n\turl = a\n[remote \"fork\"]\n\turl = b\n[Remote \"origin\"]\n\tfetch = x\n\turl = \"c\" ; d\n";
        assert_eq!(origin(settings).as_deref(), Some("c"));
        assert_eq!(origin("[remote \"fork\"]\nurl = b\n"), None);
        assert_eq!(origin(""), None);
    }
}
