//! Every call to the system that opens, makes or removes something under `.mltrace`, as the kernel saw it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::outside::{COMMANDS, NAMES, PROCESS, Place, serve};

/// The calls that are looked at: all that go by a name, and change something or open it.
const CALLS: &str = "trace=open,openat,openat2,creat,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,link,\
    linkat,symlink,symlinkat,mknod,mknodat,truncate,chmod,fchmodat,chown,lchown,fchownat,utimensat,setxattr";

/// A call with a name under `.mltrace`.
struct Call {
    /// The name below `.mltrace`, with `{process}` for the ids of processes.
    name: String,
    /// What `strace` wrote of it.
    line: String,
}

/// Returns the calls of a command, and of whatever it starts; `None` without `strace`.
fn trace(place: &Place, arguments: &[&str]) -> Option<Vec<Call>> {
    let file = place.outside("trace");
    let plain = place.env.std_command(arguments);
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "-s", "4096", "-e", CALLS, "-o"]).arg(&file).arg(plain.get_program());
    command.args(plain.get_args()).current_dir(place.env.project()).env_clear();
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if arguments == ["serve"] {
        serve(command);
    } else {
        command.stdin(Stdio::null()).output().ok()?;
    }
    let text = fs::read_to_string(&file).ok()?;
    let ours = place.ours("").canonicalize().unwrap();
    let calls = text.lines().flat_map(|line| names(line, &ours).into_iter().map(move |name| (name, line)));
    Some(calls.map(|(name, line)| Call { name, line: line.to_owned() }).collect())
}

/// Returns the names under `ours` in a line such as `7 openat(5</p/.mltrace>, "write.lock", O_WRONLY|O_NOFOLLOW) = 6`.
fn names(line: &str, ours: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let Some((_, mut rest)) = line.split_once('(') else { return found };
    while let Some((before, after)) = rest.split_once('"') {
        let Some((name, after)) = after.split_once('"') else { break };
        // The folder that the name is looked up in stands before it, between angle brackets.
        let from =
            before.rsplit_once('<').and_then(|(_, folder)| folder.split_once('>')).map_or("", |(folder, _)| folder);
        let path = Path::new(from).join(name);
        if let Ok(name) = path.strip_prefix(ours)
            && !name.as_os_str().is_empty()
        {
            found.push(without_ids(&name.display().to_string()));
        }
        rest = after;
    }
    found
}

/// Puts one word for every id of a process, and one number for every place in a journal.
fn without_ids(name: &str) -> String {
    let is_id = |text: &str| {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
        text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(digits)
    };
    let mut text = name.to_owned();
    for start in (0..name.len()).rev() {
        let id = name.get(start..start + PROCESS.len()).filter(|id| is_id(id));
        if id.is_some() {
            text.replace_range(start..start + PROCESS.len(), "{process}");
        }
    }
    match text.strip_prefix("damaged/{process}.log.") {
        Some(place) if place.bytes().all(|byte| byte.is_ascii_digit()) => "damaged/{process}.log.0".to_owned(),
        _ => text,
    }
}

/// Returns whether nobody can have laid anything at a name before: it holds what was drawn a moment ago.
fn is_unforeseeable(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or_default();
    let hidden = file.strip_prefix('.').and_then(|file| file.split_once('.'));
    hidden.is_some_and(|(drawn, what)| {
        drawn == "{process}" && what == "new" || drawn.len() == 32 && ["new", "probe"].contains(&what)
    })
}

/// Returns what is wrong with a call: it may follow a link, or empty a file.
fn mistake(call: &Call) -> Option<&'static str> {
    let line = &call.line;
    let verb = line.split_whitespace().nth(1).unwrap_or_default();
    let at = |verbs: &[&str]| verbs.iter().any(|one| verb.starts_with(&format!("{one}(")));
    if line.contains("O_TRUNC") || at(&["creat", "truncate"]) {
        Some("empties what is there")
    } else if at(&["chmod", "fchmodat", "chown", "fchownat", "utimensat", "setxattr"]) {
        Some("changes what a link leads to")
    } else if at(&["open", "openat", "openat2"]) && !line.contains("O_NOFOLLOW") {
        Some("follows a link")
    } else if line.contains("O_CREAT") && !line.contains("O_EXCL") && !is_sqlites(&call.name) {
        Some("makes what may be there")
    } else if !NAMES.contains(&call.name.as_str()) && !is_unforeseeable(&call.name) {
        Some("has a name at which no test lays a link")
    } else {
        None
    }
}

/// What SQLite opens and makes, which follows no link and empties nothing either.
fn is_sqlites(name: &str) -> bool {
    name.starts_with("mltrace.db")
}

#[test]
fn all_that_is_opened_under_a_projects_folder_is_opened_without_links() {
    if !Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return println!("strace is not there: what is opened is not looked at");
    }
    let (mut wrong, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for command in COMMANDS {
        let place = Place::new(None);
        place.fill();
        for call in trace(&place, command).expect("strace writes what it saw") {
            let told = mistake(&call).map(|why| format!("`{}` {why}: {}", call.name, call.line));
            wrong.extend(told);
            seen.insert(call.name);
        }
    }
    assert!(wrong.is_empty(), "{} calls:\n{}", wrong.len(), wrong.into_iter().collect::<Vec<_>>().join("\n"));
    // What is known to be opened is seen: a test that sees nothing would find nothing wrong.
    for name in ["mltrace.db", "write.lock", "journal/{process}.log", "journal/{process}.lock", "damaged"] {
        assert!(seen.contains(name), "`{name}` was not seen: {seen:?}");
    }
}

#[test]
fn names_are_told_from_the_lines_of_a_trace() {
    let ours = Path::new("/p/.mltrace");
    let id = PROCESS;
    for (line, expected) in [
        (
            format!("7 openat(5</p/.mltrace/journal>, \"{id}.1.log\", O_RDONLY|O_NOFOLLOW) = 6"),
            "journal/{process}.1.log",
        ),
        ("7 openat(AT_FDCWD</p>, \"/p/.mltrace/mltrace.db\", O_RDWR) = 6".to_owned(), "mltrace.db"),
        ("7 unlink(\"/p/.mltrace/damaged/x\") = 0".to_owned(), "damaged/x"),
        (format!("7 mkdirat(5</p/.mltrace>, \"damaged/{id}.log.77\", 0700) = 0"), "damaged/{process}.log.0"),
    ] {
        assert_eq!(names(&line, ours), [expected], "{line}");
    }
    assert!(names("7 openat(AT_FDCWD</p>, \"data.csv\", O_RDWR) = 6", ours).is_empty());
    let both = names("7 renameat(5</p/.mltrace>, \"a\", 5</p/.mltrace>, \"b\") = 0", ours);
    assert_eq!(both, ["a", "b"]);
}
