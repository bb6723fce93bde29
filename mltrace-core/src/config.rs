//! The one place that reads the environment and the settings files: where the store lies, what the project is called.
//!
//! Precedence: flag, environment, project file (`mltrace.toml` at the root), user file
//! (`$XDG_CONFIG_HOME/mltrace/config.toml`), default. Every value knows where it came from.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use self::root::{ProjectRoot, is_by_who_may_trust, is_ours, is_own_link};
use crate::folder::{self, FOLDER, Folder, Taken, Whose};
use crate::redact;

mod identity;

mod place;

mod profile;

mod root;

mod setting;

mod shared;

mod text;

mod prometheus;

use profile::ProfileFile;
use prometheus::PrometheusFile;
use text::text_of;

pub use identity::{copied_from, place_of};
pub use place::{Place, Url};
pub use profile::ProfileSettings;
pub use prometheus::PrometheusSettings;
pub use setting::{Durability, Origin, Setting};

/// Where everything of a project lies, and the project's settings.
#[derive(Clone, Debug)]
pub struct Home {
    /// The folder that names are relative to.
    pub root: PathBuf,
    /// The folder that holds the journal, the store and the locks.
    pub folder: PathBuf,
    /// Where the store is.
    pub store: Place,
    /// The project's name.
    pub project: String,
    /// What distinguishes the project from others of a store that several roots may share; `None` where the store is its own.
    pub identity: Option<String>,
    /// How sure a record is when the call returns.
    pub durability: Durability,
    /// Files larger than this many bytes are recognised by their stat triple instead of their content.
    pub hash_limit: u64,
    /// The folders in which an absolute path is the same file on every host.
    pub shared: Vec<String>,
    /// Which tables have profiles, and how far they are read.
    pub profile: ProfileSettings,
    /// What a monitoring system receives besides.
    pub prometheus: PrometheusSettings,
    /// Whether anything is recorded.
    pub is_enabled: bool,
    /// Whether a settings file is there that could not be read just now: nothing is recorded, for it may say where to,
    /// and it is worth asking again.
    pub is_unsettled: bool,
    /// Each setting with its value in words and its origin, for `mltrace config`.
    pub settings: Vec<Setting>,
    /// Why there is no store: the project's settings lead out of the project, and the user's do not allow that.
    pub refused: Option<String>,
    /// Settings that were not understood.
    pub warnings: Vec<String>,
}

/// What the environment says, read once.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `MLTRACE_DB`.
    pub db: Option<PathBuf>,
    /// `MLTRACE_DISABLED`, when set to anything but `0` and the empty text.
    pub is_disabled: bool,
    /// `MLTRACE_PARENT_RUN`: the run inside which this process was started.
    pub parent_run: Option<String>,
    /// The user's settings folder: `XDG_CONFIG_HOME`, else `HOME/.config`.
    pub config_folder: Option<PathBuf>,
    /// `HOME`.
    pub home_folder: Option<PathBuf>,
    /// `PWD`: where a shell started this process.
    pub started_in: Option<PathBuf>,
    /// `USER` or `LOGNAME`.
    pub user: Option<String>,
    /// `OPENLINEAGE_URL`: where the clients of OpenLineage send events.
    pub openlineage_url: Option<String>,
    /// `OPENLINEAGE_API_KEY`: what they show there.
    pub openlineage_api_key: Option<ApiKey>,
    /// `MLFLOW_TRACKING_URI`: where MLflow keeps its runs.
    pub mlflow_uri: Option<String>,
    /// `MLFLOW_TRACKING_TOKEN`: what its clients show there.
    pub mlflow_token: Option<ApiKey>,
}

/// A key that nobody is shown.
#[derive(Clone)]
pub struct ApiKey(pub String);

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

impl Environment {
    /// Returns what this process' environment says.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            db: path("MLTRACE_DB"),
            is_disabled: text("MLTRACE_DISABLED").is_some_and(|value| value != "0"),
            parent_run: text("MLTRACE_PARENT_RUN"),
            config_folder: path("XDG_CONFIG_HOME")
                .filter(|folder| folder.is_absolute())
                .or_else(|| path("HOME").map(|home| home.join(".config"))),
            home_folder: path("HOME").filter(|folder| folder.is_absolute()),
            started_in: path("PWD").filter(|folder| folder.is_absolute()),
            user: text("USER").or_else(|| text("LOGNAME")),
            openlineage_url: text("OPENLINEAGE_URL"),
            openlineage_api_key: text("OPENLINEAGE_API_KEY").map(ApiKey),
            mlflow_uri: text("MLFLOW_TRACKING_URI"),
            mlflow_token: text("MLFLOW_TRACKING_TOKEN").map(ApiKey),
        }
    }
}

/// Opens a file that somebody names, to record what stands in it, wherever its links lead. In somebody else's folder the
/// superuser opens it with that person's rights: a link there leads to nothing that this person may not read.
///
/// # Errors
/// When it cannot be opened so.
pub fn open_named(path: &Path) -> io::Result<std::fs::File> {
    folder::open_named(path)
}

impl Home {
    /// Takes, if the superuser works in somebody else's project, that person's rights for what is read for the record: what
    /// only the superuser may read is not to be reported there.
    pub(crate) fn rights(&self) -> io::Result<Taken> {
        self.whose()?.take()
    }

    /// Returns whose these are.
    pub(crate) fn whose(&self) -> io::Result<Whose> {
        Whose::of_project(&self.folder, &self.root)
    }

    /// Returns whether the store lies in the project's root, so that it is this project's whatever the root is called; one
    /// that a setting names may be shared.
    #[must_use]
    pub fn has_own_store(&self) -> bool {
        self.folder == self.root.join(FOLDER) && self.store.file().is_some_and(|file| file.starts_with(&self.folder))
    }
}

impl Environment {
    /// Returns the folder that the runs of this process belong to: the working directory.
    ///
    /// A daemon that went to `/` before it recorded anything, or whose folder was deleted, belongs to the project that it
    /// was started in, if that is one.
    #[must_use]
    pub fn start_folder(&self) -> PathBuf {
        let here = std::env::current_dir().unwrap_or_default();
        if here.parent().is_some() {
            return here;
        }
        let started =
            self.started_in.clone().filter(|started| root::find(started, self.home_folder.as_deref()).is_marked);
        started.unwrap_or(here)
    }
}

/// What a settings file may say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    project: Option<String>,
    db: Option<PathBuf>,
    durability: Option<Durability>,
    hash_limit: Option<u64>,
    enabled: Option<bool>,
    trusted_projects: Option<Vec<PathBuf>>,
    shared: Option<Vec<String>>,
    profile: Option<ProfileFile>,
    prometheus: Option<PrometheusFile>,
    /// It is there, but nobody knows what it says.
    #[serde(skip)]
    is_unreadable: bool,
}

/// The default limit for hashing: 4 GiB.
const HASH_LIMIT: u64 = 4 << 30;

impl Home {
    /// Returns the home of the project that `folder` belongs to.
    ///
    /// The root is the folder that holds the nearest `.mltrace/` upward within the git work tree, or outside of one within
    /// the user's home, else the git work tree's root, else `folder`.
    /// The store is `.mltrace/mltrace.db` under the root, or what `db`, `MLTRACE_DB` or a settings file names: a store
    /// file or a folder; the journal lies beside it. In `/` there is none unless it is named. Nothing is created.
    #[must_use]
    pub fn find(folder: &Path, db: Option<&Path>, environment: &Environment) -> Self {
        let mut warnings = Vec::new();
        // A relative folder means another one as soon as the process goes elsewhere.
        let folder = std::path::absolute(folder).unwrap_or_default();
        let found = root::find(&folder, environment.home_folder.as_deref());
        let above = found.say_above();
        let ProjectRoot { root, ignored, .. } = found;
        let project_path = root.join("mltrace.toml");
        let project_file = read_file(&project_path, false, &mut warnings);
        let user_path = environment.config_folder.as_ref().map(|folder| folder.join("mltrace").join("config.toml"));
        // What this user may not read are somebody else's settings, as in a process that has shed its rights.
        let user_file = user_path.as_deref().map(|path| read_file(path, true, &mut warnings)).unwrap_or_default();
        let user_path = user_path.unwrap_or_default();
        let from_files = |project: bool, user: bool| match (project, user) {
            (true, _) => Origin::File(project_path.clone()),
            (_, true) => Origin::File(user_path.clone()),
            _ => Origin::Default,
        };
        let in_files = || project_file.db.as_ref().or(user_file.db.as_ref()).map(|db| Place::parse(db, &root));
        let (db, db_origin) = match (db, &environment.db) {
            (Some(db), _) => (Some(Place::parse(db, &folder)), Origin::Flag),
            (None, Some(db)) => (Some(Place::parse(db, &folder)), Origin::Environment("MLTRACE_DB")),
            (None, None) => (in_files(), from_files(project_file.db.is_some(), user_file.db.is_some())),
        };
        let no_place = no_place(&root, db.as_ref());
        if !environment.is_disabled {
            warnings.extend(above.filter(|_| db.is_none()).into_iter().chain(no_place.map(str::to_owned)));
        }
        let is_projects = db_origin == Origin::File(project_path.clone());
        let is_trusted = is_below_one(&root, user_file.trusted_projects.as_deref().unwrap_or_default());
        let refused = refusal(&root, db.as_ref(), is_projects, is_trusted);
        let db_origin = if refused.is_some() { Origin::Default } else { db_origin };
        let (folder, store) = place(&root, db.filter(|_| refused.is_none()), is_projects, is_trusted);
        warnings.extend(refused.iter().map(|why| format!("{why}: nothing is recorded")));
        let is_ours = warn_of_owners(&folder, &ignored, &mut warnings);

        let (durability, durability_origin) = chosen(project_file.durability, user_file.durability, from_files);
        let (hash_limit, hash_origin) = chosen(project_file.hash_limit, user_file.hash_limit, from_files);
        let profiled = chosen(project_file.profile, user_file.profile, from_files);
        let monitored = chosen(project_file.prometheus, user_file.prometheus, from_files);
        let project_origin = from_files(project_file.project.is_some(), false);
        let named = project_file.project.filter(|name| !name.is_empty());
        // By this name what is recorded is found again, so it is one name here and there.
        let project = redact::project(&named.clone().unwrap_or_else(|| name_of(&root))).into_owned();
        let is_unsettled = project_file.is_unreadable || user_file.is_unreadable;
        let switch_origin = from_files(project_file.enabled.is_some(), user_file.enabled.is_some());
        let unread_origin = from_files(project_file.is_unreadable, user_file.is_unreadable);
        let (is_enabled, enabled_origin) = match project_file.enabled.or(user_file.enabled) {
            _ if !is_ours || refused.is_some() || no_place.is_some() => (false, Origin::Default),
            _ if is_unsettled => (false, unread_origin),
            _ if environment.is_disabled => (false, Origin::Environment("MLTRACE_DISABLED")),
            switch => (switch.unwrap_or(true), switch_origin),
        };
        let origins = [db_origin, project_origin, enabled_origin, durability_origin, hash_origin];
        let home = Self {
            root,
            folder,
            store,
            project,
            identity: None,
            durability: durability.unwrap_or_default(),
            hash_limit: hash_limit.unwrap_or(HASH_LIMIT),
            shared: Vec::new(),
            profile: ProfileSettings::default(),
            prometheus: PrometheusSettings::default(),
            is_enabled,
            is_unsettled,
            settings: Vec::new(),
            refused,
            warnings,
        };
        let shared = chosen(project_file.shared, user_file.shared, from_files);
        home.sharing(shared).settled(origins, named.as_deref(), profiled, monitored)
    }

    /// Returns it with its identity, and with all settings in words.
    fn settled(
        self,
        origins: [Origin; 5],
        named: Option<&str>,
        (profiled, origin): (Option<ProfileFile>, Origin),
        (monitored, by): (Option<PrometheusFile>, Origin),
    ) -> Self {
        let identity =
            (!self.has_own_store()).then(|| redact::project(&identity::identity(&self.root, named)).into_owned());
        let profiled = profiled.unwrap_or_default();
        let mut settings = self.settings_in_words(origins);
        settings.extend(self.settings);
        settings.extend(profiled.in_words().map(|value| Setting { name: "profile", value, origin }));
        let (prometheus, too_many) = monitored.unwrap_or_default().settings();
        settings.extend(prometheus.in_words().map(|value| Setting { name: "prometheus", value, origin: by }));
        let warnings = self.warnings.into_iter().chain(too_many).chain(profiled.faults()).collect();
        Self { settings, identity, profile: profiled.settings(), prometheus, warnings, ..self }
    }

    fn settings_in_words(&self, [db, project, enabled, durability, hash_limit]: [Origin; 5]) -> Vec<Setting> {
        let setting = |name, value: String, origin| Setting { name, value, origin };
        vec![
            setting("root", self.root.display().to_string(), Origin::Default),
            setting("db", self.store.to_string(), db),
            setting("project", self.project.clone(), project),
            setting("enabled", self.is_enabled.to_string(), enabled),
            setting("durability", format!("{:?}", self.durability).to_lowercase(), durability),
            setting("hash-limit", self.hash_limit.to_string(), hash_limit),
        ]
    }

    /// Returns the folder of the journals.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal")
    }
}

/// Returns what the project's settings say, else the user's, and which of them said it.
fn chosen<T>(project: Option<T>, user: Option<T>, from_files: impl Fn(bool, bool) -> Origin) -> (Option<T>, Origin) {
    let origin = from_files(project.is_some(), user.is_some());
    (project.or(user), origin)
}

/// `is_users`: a file that this user has no right to read says nothing, and only the user's may give trust.
fn read_file(path: &Path, is_users: bool, warnings: &mut Vec<String>) -> File {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    let text = match text_of(path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return File::default(),
        Err(error) if error.kind() == PermissionDenied && is_users => {
            warnings.push(format!("`{}` could not be read: {error}", path.display()));
            return File::default();
        }
        Err(error) => {
            let path = path.display();
            warnings.push(format!("`{path}` could not be read: {error}: nothing is recorded until it can"));
            return File { is_unreadable: true, ..File::default() };
        }
    };
    if is_users && !is_by_who_may_trust(path) {
        warnings.push(format!("`{}` belongs to another user and is ignored", path.display()));
        return File::default();
    }
    let file: File = toml::from_str(&text).unwrap_or_else(|error| {
        warnings.push(format!("`{}` was not understood: {}", path.display(), error.message()));
        File::default()
    });
    if !is_users && file.trusted_projects.is_some() {
        warnings.push(format!("`trusted-projects` in `{}` counts for nothing", path.display()));
    }
    file
}

/// Returns why nothing can be recorded for want of a place.
fn no_place(root: &Path, db: Option<&Place>) -> Option<&'static str> {
    // Beside an address the journals lie where they do without one.
    let db = db.and_then(Place::file);
    if db.unwrap_or(root).is_relative() {
        return Some("the working directory is gone: nothing is recorded");
    }
    (db.is_none() && root.parent().is_none()).then_some(
        "nothing is recorded in `/`, whose store would take everybody's runs: start in a project's folder, or name a store \
         with `MLTRACE_DB`",
    )
}

fn place_store(root: &Path, db: Option<PathBuf>) -> (PathBuf, PathBuf) {
    match db {
        None => (root.join(FOLDER), root.join(FOLDER).join("mltrace.db")),
        Some(db) if db.is_dir() || ends_with_separator(&db) => (db.clone(), db.join("mltrace.db")),
        // Two stores in one folder must not share a journal.
        Some(db) if db.file_name().is_some_and(|name| name != "mltrace.db") => {
            let mut folder = db.clone().into_os_string();
            folder.push(".d");
            (folder.into(), db)
        }
        Some(db) => (db.parent().unwrap_or(root).to_owned(), db),
    }
}

/// Returns the folder and the place of a store that the project's settings name, or the user, or nobody.
fn place(root: &Path, db: Option<Place>, is_projects: bool, is_trusted: bool) -> (PathBuf, Place) {
    let own = || follow_link(place_store(root, None), is_trusted);
    let (folder, file) = match db {
        None => own(),
        Some(Place::Url(url)) => return (own().0, Place::Url(url)),
        Some(Place::File(db)) if is_projects => place_store(root, Some(db)),
        Some(Place::File(db)) => follow(place_store(root, Some(db))),
    };
    (folder, Place::File(file))
}

/// Reports folders of other users, those that were passed by and the one that is used; returns whether that one is ours.
fn warn_of_owners(folder: &Path, ignored: &[PathBuf], warnings: &mut Vec<String>) -> bool {
    let is_ours = is_ours(folder);
    let passed_by = ignored.iter().filter(|other| *other != folder);
    warnings.extend(passed_by.map(|other| format!("`{}` belongs to another user and is ignored", other.display())));
    if !is_ours {
        warnings.push(format!("`{}` belongs to another user: nothing is recorded there", folder.display()));
    }
    is_ours
}

/// Follows the links that a user has set as the place of a store.
fn follow((folder, store): (PathBuf, PathBuf)) -> (PathBuf, PathBuf) {
    let target = |path: PathBuf| if path.is_symlink() { path.canonicalize().unwrap_or(path) } else { path };
    let name = store.strip_prefix(&folder).ok().map(Path::to_owned);
    let folder = target(folder);
    let store = name.map_or(store, |name| folder.join(name));
    (folder, target(store))
}

/// Follows `.mltrace` where it is a link of a project that the user trusts, or one that the user laid, to a folder of the
/// user's that holds a store, or nothing yet.
fn follow_link((folder, store): (PathBuf, PathBuf), is_trusted: bool) -> (PathBuf, PathBuf) {
    if !folder.is_symlink() || !(is_trusted || is_own_link(&folder)) {
        return (folder, store);
    }
    let is_free = |names: &[std::ffi::OsString]| {
        names.is_empty() || names.iter().any(|name| name == "journal" || name == "mltrace.db")
    };
    let names = Folder::of_user(&folder).and_then(|folder| folder.names());
    if is_ours(&folder) && names.is_ok_and(|names| is_free(&names)) { follow((folder, store)) } else { (folder, store) }
}

/// Returns why the store is not where the project says, by its settings or by a link: that leads out of a project that is
/// not trusted. An archive brings both along, and nothing shows who made them.
fn refusal(root: &Path, db: Option<&Place>, is_projects: bool, is_trusted: bool) -> Option<String> {
    if db.and_then(Place::file).is_some_and(|file| file.as_os_str().is_empty()) {
        return Some("the store is named by nothing: `--db`, or `db` in the settings, is empty".to_owned());
    }
    let own = root.join(".mltrace");
    if db.is_none_or(|db| db.file().is_none()) && own.is_symlink() && !is_trusted && !is_own_link(&own) {
        return Some(format!("`{}` leads out of the project: it is a link, and not one that you laid", own.display()));
    }
    let db = db.filter(|_| is_projects)?;
    let settings = root.join("mltrace.toml");
    if db.file().is_some_and(|file| is_in_git(root, file)) {
        return Some(format!("`{}` leads into git's own folder, to `{db}`", settings.display()));
    }
    let leads_out = db.file().is_none_or(|file| is_outside(root, file)) && !is_trusted;
    leads_out.then(|| format!("`{}` leads out of the project, to `{db}`", settings.display()))
}

/// Returns whether a path leads into a folder of git's, where files mean something, by its own words or by links.
fn is_in_git(root: &Path, path: &Path) -> bool {
    let names_git = |path: &Path| {
        let below = path.strip_prefix(root).unwrap_or(path);
        below.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git"))
    };
    let there = path.ancestors().find_map(|path| path.canonicalize().ok());
    let root = root.canonicalize().ok();
    let leads_there = there.zip(root).is_some_and(|(there, root)| {
        there
            .strip_prefix(root)
            .is_ok_and(|below| below.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git")))
    });
    names_git(path) || leads_there
}

/// Returns whether a path leads out of a folder, by its own words or by links.
fn is_outside(root: &Path, path: &Path) -> bool {
    let Some(there) = path.ancestors().find(|path| path.symlink_metadata().is_ok()) else { return true };
    let goes_up = path.strip_prefix(there).is_ok_and(|rest| rest.components().any(|part| part == Component::ParentDir));
    let is_inside = || Some(there.canonicalize().ok()?.starts_with(root.canonicalize().ok()?));
    goes_up || is_inside() != Some(true)
}

/// Returns whether a folder is one of these or lies in one.
fn is_below_one(folder: &Path, folders: &[PathBuf]) -> bool {
    let is_below = |other: &PathBuf| Some(folder.canonicalize().ok()?.starts_with(other.canonicalize().ok()?));
    folders.iter().any(|other| other.is_absolute() && is_below(other) == Some(true))
}

fn ends_with_separator(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

fn name_of(root: &Path) -> String {
    root.file_name().map_or_else(|| "root".to_owned(), |name| name.to_string_lossy().into_owned())
}
