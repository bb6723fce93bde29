//! Secrets planted at every door, looked for in every byte on disk.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use mltrace_core::ingest;
use mltrace_core::model::{
    ComponentFact, Declaration, LabelFact, Record, RunId, Status, Timestamp, Verdict, VersionId,
};
use mltrace_core::record::{OpenRun, Opening, Site, SiteState};
use mltrace_core::store::{self, Mode};
use mltrace_core::values::{Given, Named};
use serde_json::json;

use crate::project::Project;

/// Makes secrets that can be distinguished, and knows them all.
#[derive(Default)]
struct Planted(Mutex<Vec<String>>);

impl Planted {
    fn secret(&self, secret: String) -> String {
        self.0.lock().unwrap().push(secret.clone());
        secret
    }

    fn number(&self) -> usize {
        self.0.lock().unwrap().len() + 1000
    }

    fn token(&self) -> String {
        self.secret(format!("ghp_a1B2a1B2a1B2a1B2a1B2a1B2a1B2a1B2{}", self.number()))
    }

    fn password(&self) -> String {
        self.secret(format!("hunter{}", self.number()))
    }

    fn url(&self) -> String {
        format!("https://ada:{}@host/path", self.password())
    }

    fn declaration(&self) -> Declaration {
        Declaration {
            owner: Some(self.url()),
            description: Some(format!("password={}", self.password())),
            tags: vec![self.token(), self.url()],
            stale_after_s: None,
        }
    }

    fn check(&self, folder: &Path) {
        for file in walk(folder) {
            let bytes = fs::read(&file).unwrap();
            for secret in &*self.0.lock().unwrap() {
                let is_there = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!is_there, "{} holds {secret}", file.display());
            }
        }
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

fn given(named: Named, argument: String) -> Given {
    Given { argument: Some(argument.into()), ..Given::new(named) }
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A registered function whose every word holds a secret.
fn site(planted: &Planted) -> &'static Site {
    let source = format!(
        "fn f() {{\n    mltrace::param!(\"password\", \"{}\");\n    run.param(\n        \"db_password\",\n        \
         String::from(\"{}\"),\n    );\n    let api_key = \"{}\"; }}",
        planted.password(),
        planted.password(),
        planted.password()
    );
    Box::leak(Box::new(Site {
        component: leak(format!("clean {}", planted.token())),
        file: leak(format!("src/{}.rs", planted.token())),
        line: 1,
        source: leak(source),
        manifest_folder: "",
        owner: Some(leak(planted.url())),
        description: Some(leak(planted.url())),
        tags: Box::leak(Box::new([leak(planted.token())])),
        stale_after_s: None,
        kinds: &[],
        ids: &[],
        profiles: &[],
        state: SiteState::new(),
    }))
}

/// Reports everything that a run can report, with secrets in it.
fn record(project: &Project, planted: &Planted) {
    let text = |text: String| Named::Text(text);
    let large = project.path(&format!("data-{}.bin", planted.token()));
    fs::write(&large, vec![1; 6 << 20]).unwrap();
    let signed = format!("https://host/x?X-Amz-Signature={}", planted.password());
    let opening = Opening {
        site: Some(site(planted)),
        component: format!("clean {}", planted.token()).into(),
        declared: planted.declaration(),
        git_commit: Some(planted.token()),
        inputs: vec![
            given(text(planted.url()), format!("\"{}\"", planted.url())),
            given(text(signed), planted.token()),
            Given { version: Some(planted.url()), ..Given::new(text("s3://b/x".to_owned())) },
            Given::new(Named::Path(large)),
        ],
        params: vec![(planted.token(), json!(planted.url())), ("api_key".to_owned(), json!(planted.password()))],
        ..Opening::default()
    };
    let run = OpenRun::begin(project.recorder, opening);
    run.read(given(text(planted.url()), planted.url()));
    run.wrote(given(Named::Path(planted.url().into()), planted.url()));
    run.bind(0, vec![given(Named::Path(planted.url().into()), planted.url())], false);
    run.param(&planted.token(), json!({ "db": { "password": planted.password() } }));
    run.note(&format!("used {} at {}", planted.token(), planted.url()));
    run.end(Status::Failed, Some(format!("denied for {}", planted.url())), None);
    let at = Timestamp::now();
    let component = planted.url();
    let untag = vec![planted.token()];
    let fact = ComponentFact { component, at, declared: planted.declaration(), untag };
    let label = LabelFact {
        id: RunId::new().0,
        name: planted.url().as_str().into(),
        version: VersionId::Declared(planted.url()),
        verdict: Verdict::Flagged,
        reason: Some(planted.url()),
        by: Some(planted.token()),
        at,
    };
    assert!(project.recorder.append_all(vec![Record::Component(fact), Record::Label(label)]));
}

/// Imports a run, a component and a label whose every word holds a secret.
fn import(project: &Project, planted: &Planted) {
    let edge = || {
        let version = format!("v:{}", planted.url());
        json!({ "name": planted.url(), "argument": planted.url(), "version": version })
    };
    let at = "2021-05-02T10:07:26Z";
    let run = json!({
        "component": planted.url(), "started_at": at, "ended_at": at, "status": "failed", "error": planted.url(),
        "inputs": [edge(), planted.url()], "outputs": [edge()], "host": planted.token(), "user": planted.token(),
        "params": { planted.token(): planted.url(), "password": planted.password() },
        "git": { "commit": planted.token(), "branch": planted.url(), "tags": [planted.token()],
                 "remote": planted.url() },
        "code": { "file": planted.token(), "line": 1, "hash": planted.token(), "source": planted.url() },
        "owner": planted.url(), "description": planted.url(), "tags": [planted.token()],
        "notes": [planted.url(), { "text": planted.url(), "at": at, "by": planted.token() }],
    });
    let component = json!({
        "type": "component", "name": planted.url(), "at": at, "owner": planted.url(), "description": planted.url(),
        "tags": [planted.token()], "project": planted.token(),
    });
    let label = json!({
        "type": "label", "id": RunId::new().to_string(), "name": planted.url(), "verdict": "flagged", "at": at,
        "version": format!("v:{}", planted.token()), "reason": planted.url(), "by": planted.url(),
    });
    let lines = format!("{run}\n{component}\n{label}\n");
    let mut store = store::open(&project.home, Mode::Write).unwrap();
    let report = ingest::import(&project.home, store.as_mut(), &mut lines.as_bytes(), &mut |_| {}).unwrap();
    assert_eq!((report.stored, report.errors), (3, Vec::new()));
}

#[test]
fn secrets_reach_no_byte_on_disk() {
    let (project, planted) = (Project::new(), Planted::default());
    record(&project, &planted);
    planted.check(&project.home.folder);
    assert_eq!(project.ask(|reader| reader.recent(&Default::default())).unwrap().runs.len(), 1);
    import(&project, &planted);
    planted.check(&project.home.folder);
}
