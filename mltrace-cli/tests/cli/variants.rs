//! Habits in which a trace once ended where it should not, or went on where it should not: each is a script and what the
//! last question of it must print.

use crate::env::TestEnv;

/// A section of the rules, a situation, a script, and what it prints, its lines joined by spaces.
type Variant = (&'static str, &'static str, &'static str, &'static str);

/// What the scripts use: `m` is the command, `log C IN OUT` and `run C IN OUT SHELL` record a run with names split by spaces,
/// `bytes FILE N` writes a hundred bytes, `up NAME` prints the components upstream, `line JSON` imports one line.
const PRELUDE: &str = r#"
set -e
m() { "$MLTRACE" "$@"; }
named() { for name in $2; do printf '%s\n%s\n' "$1" "$name"; done; }
with() { verb=$1; component=$2; set -f; IFS='
'; set -- $(IFS=' '; named -i "$3") $(IFS=' '; named -o "$4"); IFS=' '; set +f; m "$verb" --component "$component" "$@" $then; }
log() { then=; with log "$1" "$2" "$3" > log.id; rm log.id; }
run() { printf '%s' "$4" > "$HOME/step.sh"; then="-- sh -e $HOME/step.sh"; with run "$1" "$2" "$3"; }
bytes() { printf '%0100d' "$2" > "$1"; }
up() { m trace "$1" --format json | grep -o '"project":"[^"]*","component":"[^"]*"' | cut -d'"' -f8; }
line() { printf '%s\n' "$1" | m import - > "$HOME/imported"; }
"#;

const NAMES: &[Variant] = &[
    ("names", "a dot before", "log a '' ./x.csv; log b x.csv m; up m", "b a"),
    ("names", "a way up and down again", "log a '' sub/../x.csv; log b x.csv m; up m", "b a"),
    ("names", "an absolute path of the project", "log a '' $PWD/x.csv; log b x.csv m; up m", "b a"),
    ("names", "a file URI with three slashes", "log a '' file://$PWD/x.csv; log b x.csv m; up m", "b a"),
    ("names", "a file URI with one slash", "log a '' file:$PWD/x.csv; log b x.csv m; up m", "b a"),
    ("names", "a file URI of localhost", "log a '' file://localhost$PWD/x.csv; log b x.csv m; up m", "b a"),
    ("names", "asked for as a file URI", "log a '' x.csv; log b x.csv m.pkl; up file://$PWD/m.pkl", "b a"),
    ("names", "written from a folder inside", "mkdir s; (cd s; log a '' ../x.csv); log b x.csv m; up m", "b a"),
    ("names", "read from a folder inside", "mkdir s; log a '' x.csv; (cd s; log b ../x.csv m); up m", "b a"),
    ("names", "a folder inside has its own", "mkdir s; (cd s; log a '' x.csv); log b s/x.csv m; up m", "b a"),
    ("names", "two folders, one file name", "log a '' one/x.csv; log b two/x.csv m; up m", "b"),
    ("names", "a slash at the end of an address", "log a '' s3://b/t/; log b s3://b/t m; up m", "b a"),
    ("names", "two slashes inside an address", "log a '' s3://b//k; log b s3://b/k m; up m", "b"),
    ("names", "a query is part of an address", "log a '' 'https://h/x?v=1'; log b 'https://h/x?v=2' m; up m", "b"),
    ("names", "letters beyond ASCII", "log a '' größe.csv; log b ./größe.csv m; up m", "b a"),
    ("names", "percent signs in a file URI", "log a '' file://$PWD/a%2Db.csv; log b a-b.csv m; up m", "b a"),
    (
        "names",
        "an import with an absolute path",
        "line '{\"component\":\"a\",\"outputs\":[\"'$PWD'/x.csv\"],\"ended_at\":\"2021-01-01T00:00:00Z\"}'; log b x.csv m; up m",
        "b a",
    ),
    (
        "names",
        "a file of another host",
        "line '{\"component\":\"a\",\"outputs\":[\"file://elsewhere/d/x.csv\"],\"ended_at\":\"2021-01-01T00:00:00Z\"}'; \
         log b /d/x.csv m; up m",
        "b",
    ),
    ("names", "an identifier with a dot", "m log --component a --out-id v1.0 > id; log b v1.0 m; up m", "b a"),
    ("names", "an identifier beside a folder", "log a '' out; log b outer/x.csv m; up m", "b"),
];

const FOLDERS: &[Variant] = &[
    ("folders", "a file two levels down", "log a '' d; log b d/e/f.csv m; up m", "b a"),
    ("folders", "a folder read after its parts", "log a '' d/1; log b '' d/2; log c d m; up m", "c a b"),
    ("folders", "an address and what lies below it", "log a '' s3://b/d; log b s3://b/d/1 m; up m", "b a"),
    ("folders", "an address whose parts were written", "log a '' s3://b/d/1; log b s3://b/d m; up m", "b a"),
    ("folders", "a folder whose name begins alike", "log a '' out2/x; log b out m; up m", "b"),
    ("folders", "a bucket whose name begins alike", "log a '' s3://b2/x; log b s3://b m; up m", "b"),
    ("folders", "the root of the project", "bytes x.csv 1; log a '' x.csv; log b . m.pkl; up m.pkl", "b a"),
    ("folders", "a part that came later", "log a '' d/1; log b d m; log c '' d/2; up m", "b a"),
    (
        "folders",
        "a part that was removed by hand",
        "mkdir d; run a '' d/1 'printf %0100d 1 > d/1'; run b '' d/2 'printf %0100d 2 > d/2'; rm d/1; \
         run c d m 'printf %0100d 3 > m'; up m",
        "c b",
    ),
    (
        "folders",
        "a part that was edited by hand",
        "mkdir d; run a '' d/1 'printf %0100d 1 > d/1'; bytes d/1 9; run c d m 'printf %0100d 3 > m'; up m",
        "c",
    ),
    (
        "folders",
        "a part that was put back",
        "mkdir d; run a '' d/1 'printf %0100d 1 > d/1'; cp d/1 kept; run b '' d/1 'printf %0100d 2 > d/1'; cp kept d/1; \
         run c d m 'printf %0100d 3 > m'; up m",
        "c a",
    ),
    (
        "folders",
        "a file that an older state of the folder held",
        "mkdir d; run a '' d 'printf %0100d 1 > d/1'; cp d/1 kept; run b '' d 'printf %0100d 2 > d/1'; cp kept d/1; \
         run c d/1 m 'printf %0100d 3 > m'; up m",
        "c a",
    ),
    (
        "folders",
        "a file of the folder that was edited",
        "mkdir d; run a '' d 'printf %0100d 1 > d/1'; bytes d/1 9; run c d/1 m 'printf %0100d 3 > m'; up m",
        "c",
    ),
    (
        "folders",
        "a folder that was copied by hand",
        "run a '' d 'mkdir d; printf %0100d 1 > d/1'; cp -r d e; run b e m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
    (
        "folders",
        "a pattern as output",
        "mkdir d; run a '' 'd/*.csv' 'printf %0100d 1 > d/1.csv'; run b d/1.csv m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
    (
        "folders",
        "a pattern as input",
        "run a '' 1.csv 'printf %0100d 1 > 1.csv'; run b '*.csv' m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
];

const LINKS: &[Variant] = &[
    (
        "links",
        "the latest is a link",
        "run a '' v2 'printf %0100d 1 > v2'; ln -s v2 latest; run b latest m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
    (
        "links",
        "the latest is laid anew",
        "run a '' v1 'printf %0100d 1 > v1'; run b '' v2 'printf %0100d 2 > v2'; ln -s v1 latest; ln -sfn v2 latest; \
         run c latest m 'printf %0100d 3 > m'; up m",
        "c b",
    ),
    (
        "links",
        "written through a link to a file",
        "bytes real 9; ln -s real name; run a '' name 'printf %0100d 1 > name'; run b real m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
    (
        "links",
        "written through a link to a folder",
        "mkdir real; ln -s real name; run a '' name/x 'printf %0100d 1 > name/x'; run b real/x m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
    (
        "links",
        "read through a link to a folder",
        "mkdir real; ln -s real name; run a '' real/x 'printf %0100d 1 > real/x'; run b name/x m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
    (
        "links",
        "asked for through a link",
        "mkdir real; ln -s real name; run a '' real/x 'printf %0100d 1 > real/x'; up name/x",
        "a",
    ),
    (
        "links",
        "a project behind a link",
        "log a '' x.csv; ln -s $PWD $HOME/by; (cd $HOME/by; log b x.csv m.pkl); up m.pkl",
        "b a",
    ),
    (
        "links",
        "a folder of links",
        "mkdir cache d; run a '' cache/1 'printf %0100d 1 > cache/1'; ln -s ../cache/1 d/1; \
         run b d m 'printf %0100d 2 > m'; bytes cache/1 9; run c d n 'printf %0100d 3 > n'; up n",
        "c",
    ),
];

const DISK: &[Variant] = &[
    ("renamed", "a file, asked for", "run a '' x 'printf %0100d 1 > x'; mv x y; up y", "a"),
    (
        "renamed",
        "a file, read",
        "run a '' x 'printf %0100d 1 > x'; mv x y; run b y m 'printf %0100d 2 > m'; up m",
        "b a",
    ),
    ("renamed", "a folder, asked for", "run a '' d 'mkdir d; printf %0100d 1 > d/1'; mv d e; up e", "a"),
    (
        "renamed",
        "the project",
        "log a '' x.csv; mv $PWD $HOME/moved; cd $HOME/moved; log b x.csv m.pkl; up m.pkl",
        "b a",
    ),
    (
        "on disk",
        "an older version lies there",
        "run a '' x 'printf %0100d 1 > x'; cp x kept; run b '' x 'printf %0100d 2 > x'; cp kept x; up x",
        "a",
    ),
    (
        "on disk",
        "the last recorded is asked for",
        "run a '' x 'printf %0100d 1 > x'; cp x kept; run b '' x 'printf %0100d 2 > x'; cp kept x; up x@latest",
        "b",
    ),
    ("on disk", "it was edited", "run a '' x 'printf %0100d 1 > x'; bytes x 9; up x", "a"),
];

const RUNS: &[Variant] = &[
    (
        "inside",
        "a wrapper names what its step wrote",
        "run a '' raw 'printf %0100d 1 > raw'; \
         run outer '' m '\"$MLTRACE\" run --component inner -i raw -o m -- sh -c \"printf %0100d 2 > m\"'; \
         run b m n 'printf %0100d 3 > n'; up n",
        "b inner a",
    ),
    (
        "inside",
        "a wrapper that changed it",
        "run outer '' m '\"$MLTRACE\" run --component inner -o m -- sh -c \"printf %0100d 2 > m\"; printf %0100d 9 > m'; \
         run b m n 'printf %0100d 3 > n'; up n",
        "b outer",
    ),
    (
        "outputs",
        "a step that did nothing",
        "run a '' x 'printf %0100d 1 > x'; sleep 0.1; run b '' x true; run c x m 'printf %0100d 2 > m'; up m",
        "c a",
    ),
    (
        "outputs",
        "the same bytes anew",
        "run a '' x 'printf %0100d 1 > x'; sleep 0.1; run b '' x 'printf %0100d 1 > x'; run c x m 'printf %0100d 2 > m'; up m",
        "c b",
    ),
    (
        "outputs",
        "a step that failed before it wrote",
        "run a '' x 'printf %0100d 1 > x'; run b '' x false || true; run c x m 'printf %0100d 2 > m'; up m",
        "c a",
    ),
    (
        "outputs",
        "a step that failed after it wrote",
        "run a '' x 'printf %0100d 1 > x'; run b '' x 'printf %0100d 2 > x; false' || true; \
         run c x m 'printf %0100d 3 > m'; up m",
        "c b",
    ),
    ("forgotten", "the last writer", "log a '' x; log b '' x; m forget latest --yes 2> said; log c x m; up m", "c a"),
    (
        "parts",
        "the end before the start",
        "line '{\"id\":\"0190f3a0-0000-7000-8000-000000000001\",\"component\":\"a\",\"outputs\":[\"x\"],\"ended_at\":\"2021-01-01T00:00:09Z\"}'; \
         line '{\"id\":\"0190f3a0-0000-7000-8000-000000000001\",\"component\":\"a\",\"started_at\":\"2021-01-01T00:00:00Z\"}'; \
         log b x m; up m",
        "b a",
    ),
    (
        "clocks",
        "a reader whose clock is behind",
        "line '{\"component\":\"a\",\"host\":\"h1\",\"started_at\":\"2021-01-01T00:00:05Z\",\"ended_at\":\"2021-01-01T00:00:09Z\",\
         \"outputs\":[{\"name\":\"x\",\"size\":100,\"version\":\"b3:'$(printf %064d 1)'\"}]}'; \
         line '{\"component\":\"b\",\"host\":\"h2\",\"started_at\":\"2021-01-01T00:00:03Z\",\"ended_at\":\"2021-01-01T00:00:04Z\",\
         \"inputs\":[{\"name\":\"x\",\"size\":100,\"version\":\"b3:'$(printf %064d 1)'\"}],\"outputs\":[\"m\"]}'; up m",
        "b a",
    ),
    (
        "moved",
        "an export that comes back is the same",
        "log a '' x; log b x m; m export > one; MLTRACE_DB=$HOME/other m import one > said; \
         MLTRACE_DB=$HOME/other m export > two; cmp one two; gzip -k one; MLTRACE_DB=$HOME/third m import one.gz",
        "2 lines: 2 stored, 0 known already",
    ),
];

/// Runs the scripts, each in a project of its own, and lists those that print something else.
fn try_all(variants: &[Variant]) {
    let mut wrong = Vec::new();
    for (section, situation, script, expected) in variants {
        let env = TestEnv::new();
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("{PRELUDE}\n{script}")).current_dir(env.project()).env_clear();
        let home = env.project().parent().unwrap().join("home");
        command.envs([("HOME", home), ("MLTRACE", env!("CARGO_BIN_EXE_mltrace").into())]);
        command.envs([("PATH", "/usr/bin:/bin"), ("TZ", "UTC"), ("NO_COLOR", "1"), ("USER", "tester")]);
        let output = command.output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).lines().collect::<Vec<_>>().join(" ");
        if printed != *expected || !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!("{section}, {situation}: `{printed}`, not `{expected}`\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), variants.len(), wrong.join("\n"));
}

#[test]
fn one_thing_has_one_name() {
    try_all(NAMES);
}

#[test]
fn folders_and_what_lies_in_them_are_joined() {
    try_all(FOLDERS);
}

#[test]
fn links_lead_on() {
    try_all(LINKS);
}

#[test]
fn what_lies_on_the_disk_is_meant() {
    try_all(DISK);
}

#[test]
fn runs_did_what_they_did() {
    try_all(RUNS);
}
