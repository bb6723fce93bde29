//! Secrets planted through every entry, and texts that merely look like one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use mltrace::register;
use mltrace_core::journal;
use mltrace_core::model::{Header, NoteFact, ProcessId, Record, RunId, Timestamp};
use mltrace_core::store::{self, Mode};
use rusqlite::types::Value;
use serde_json::json;

use crate::lot::Lot;
use crate::place::{Place, Process};
use crate::promise::{Form, Outcome, Result};

const SECRETS: usize = 2_000;
const LOOK_ALIKES: usize = 200;

const PLAIN: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const CAPITAL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";

/// Tokens that services issue: what they begin with, their letters, how many.
const TOKENS: [(&str, &str, usize); 17] = [
    ("AKIA", CAPITAL, 16),
    ("ghp_", PLAIN, 36),
    ("github_pat_", PLAIN, 82),
    ("glpat-", PLAIN, 20),
    ("hf_", PLAIN, 34),
    ("sk-", PLAIN, 48),
    ("sk_live_", PLAIN, 24),
    ("xoxb-123456789012-", PLAIN, 24),
    ("npm_", PLAIN, 36),
    ("AIza", PLAIN, 35),
    ("dapi", HEX, 32),
    ("gsk_", PLAIN, 52),
    ("hvs.", PLAIN, 90),
    ("xai-", PLAIN, 80),
    ("NRAK-", CAPITAL, 27),
    ("key-", HEX, 32),
    ("1234567890:", PLAIN, 35),
];
/// What stands before a secret in running text.
const PHRASES: [&str; 27] = [
    "password=",
    "Authorization: Bearer ",
    "\"api_key\": \"",
    "postgres://ada:@db.example.org/ml",
    "--token ",
    "https://b.example.org/a.csv?X-Amz-Signature=",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "Server=db;User Id=sa;Password=",
    "PGPASSWORD=",
    "SMTP_PASS=",
    "Settings { host: \"db\", password: Some(\"",
    "https://hooks.slack.com/services/T0/B0/",
    "mysql -u root -p",
    "sudo env A=1 curl -sSu ada:",
    "redis-cli -h h -a ",
    "docker login -u ada -p ",
    "aws configure set aws_secret_access_key ",
    "openssl enc -pass pass:",
    "curl -H \"Cookie: session=",
    "machine h login ada password ",
    "influx -username ada -password ",
    "doctl auth init -token ",
    "mycli -p ",
    "redis-cli CONFIG SET requirepass ",
    "mysql://root:o'@db.example.org/ml",
    "root:@db.example.org:5432/ml",
    "curl -x ada:@proxy.example.org:1",
];
/// How a name is given a secret; the name stands in place of the star, the secret in place of the section sign.
const FORMS: [&str; 6] = [
    "ask *=§",
    "x --* § -v",
    "{\"*\": \"§ '; &é\"}",
    "x --*='§ \"; & é' -v",
    "[\"x\", \"--*\", \"-§ a\"]",
    "x\n*: §\ny: z",
];
/// Addresses that a secret opens; it stands in place of the star.
const ADDRESSES: [&str; 6] = [
    "https://ada:*@host.example.org/data.csv",
    "s3://bucket/a.parquet?X-Amz-Credential=1&X-Amz-Signature=*",
    "https://storage.example.org/a?X-Goog-Signature=*",
    "https://blob.example.org/c/a?sv=1&sig=*",
    "https://hub.example.org/model?token=*",
    "https://hub.example.org/model?x=1&api_key=*",
];
/// Names of parameters that hold a secret.
const NAMES: [&str; 34] = [
    "db_password",
    "apiKey",
    "OPENAI_API_KEY",
    "hf_token",
    "access_token",
    "client_secret",
    "private_key",
    "password",
    "google.credentials",
    "pass",
    "pw",
    "DB_PASS",
    "DB_PW",
    "GH_PAT",
    "OPENAI_KEY",
    "secret",
    "conn_str",
    "bearer_token",
    "token",
    "auth_token",
    "api-key",
    "passphrase",
    "account_key",
    "shared_access_key",
    "db_pwd",
    "vault_token",
    "client-key-data",
    "connectionString",
    "slack_bot_token",
    "passwd",
    "signing_key",
    "WANDB_API_KEY",
    "model_hf_token",
    "training.github_token",
];
/// Where a text is reported.
const TEXT_ENTRIES: [&str; 12] = [
    "param",
    "argument",
    "note",
    "error",
    "panic",
    "owner",
    "description",
    "check",
    "import-error",
    "import-note",
    "import-check",
    "import-alias",
];

/// What looks like a secret and is none.
const HARMLESS: [&str; 52] = [
    "max_tokens = 512",
    "pad_token_id=0",
    "tokenizer=bert-base-uncased",
    "the token count",
    "tokenizer.model",
    "num_tokens=1000",
    "token_type_ids=[0]",
    "cls_token=[CLS]",
    "password: &str",
    "password={password}",
    "password: Option<Utf8String>",
    "secret: Sha256Hash, n: 1",
    "n_passes=3 bypass=1",
    "password=$DB_PASSWORD",
    "password=***",
    "the password is required",
    "a secret: keep it simple",
    "Secrets and passwords are never kept",
    "sort_key=name",
    "primary_key=id",
    "monkey=1",
    "partition_key=day",
    "data/token=17/part-0.parquet",
    "risk-model-v2-with-2024-features-and-more",
    "task-force-0123456789abcdef",
    "sk-learn-pipeline-with-standard-scaler",
    "sk-ant-colony-optimisation-for-routes",
    "disk-0123456789abcdefghij",
    "hf_model_repository_name_of_some_length",
    "npm_config_registry",
    "AKIAAAA",
    "ghp_short",
    "xoxo-hugs-and-kisses",
    "eyJhbGciOi",
    "bearer of good news and other things",
    "authorization: none of this applies",
    "550e8400-e29b-41d4-a716-446655440000",
    "commit 83baae61804e65cc73a7201a7252750c76066a30",
    "a == b and x => y",
    "--token is a flag",
    "passes=3 n_passes = 2",
    "experiments/dapi-test/run_7",
    "r8_short",
    "train --key-column id --passes 3 --author ada --tokenizer bert",
    "train --user ada --max-tokens 512 token_count=5",
    "docker run --user 1000:1000 -p 8080-80 redis",
    "ssh -p 2222 ada@h",
    "psql -U ada -h h -p 5432 db",
    "pass=3 auth=true pwd=. key=id",
    "redis:7@sha256:0123456789abcdef",
    "at 10:30@room:5",
    "passes=1000000 mask_token=1",
];
const HARMLESS_ENTRIES: [&str; 5] = ["param", "note", "error", "input", "import-note"];

/// Something to be recorded: through which entry, under which name, and what.
type Plant = (String, String, String);

/// Plants, records, and looks at every byte on disk.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let place = Place::bare()?;
    write_git(&place)?;
    fs::create_dir(place.path(".mltrace"))?;
    let mut lot = Lot::new(form.seed, 10);
    let (secrets, mut plants) = planted(&mut lot);
    let look_alikes = look_alikes();
    plants.extend(look_alikes.iter().cloned());
    fs::write(place.path("plants.json"), serde_json::to_string(&plants)?)?;

    // While nobody can fold, everything lies in the journal.
    drop(store::open(&place.home(), Mode::Write)?);
    let lock = File::options().create(true).append(true).open(place.path(".mltrace/write.lock"))?;
    lock.lock()?;
    let (code, _) = Process::start(&mut place.part(&["secrets", "plants.json"])?)?.end()?;
    outcome.hold(code == 0, || format!("the pipeline ended with {code}"));
    if form.breaks("no-redaction") {
        write_plainly(&place, &secrets[0])?;
    }
    let mut bytes = bytes_below(&place.path(".mltrace"))?;
    drop(lock);
    place.fold()?;
    import(&place, &plants)?;
    bytes.extend(bytes_below(&place.path(".mltrace"))?);
    let rows = all_rows(&place)?;
    // Secrets are of letters that stay as they are.
    let text = String::from_utf8_lossy(&bytes) + rows.as_str();

    let found: Vec<&String> = secrets.iter().filter(|secret| text.contains(secret.as_str())).collect();
    let lost: Vec<&Plant> = look_alikes.iter().filter(|(_, _, text)| !rows.contains(text.as_str())).collect();
    outcome.figure = format!(
        "{} planted through {} entries: {} found in {} KiB on disk; {} look-alikes: {} changed",
        secrets.len(),
        plants.iter().map(|(entry, _, _)| entry).collect::<std::collections::BTreeSet<_>>().len() + 2,
        found.len(),
        text.len() / 1024,
        look_alikes.len(),
        lost.len()
    );
    outcome.hold(secrets.len() >= SECRETS, || format!("only {} were planted", secrets.len()));
    outcome.hold(look_alikes.len() >= LOOK_ALIKES, || format!("only {} look-alikes", look_alikes.len()));
    for secret in found {
        let plant = plants.iter().find(|(_, _, text)| text.contains(secret.as_str()));
        outcome.wrong.push(format!("`{secret}` is on disk, planted by {plant:?}"));
    }
    for plant in lost {
        outcome.wrong.push(format!("{plant:?} was changed"));
    }
    Ok(outcome)
}

/// What stands for itself in the source text of a function that is recorded, and in the address of a repository.
const IN_SOURCE: &str = "hunter2hunter2";
const IN_REMOTE: &str = "s3cr3tOfTheRemote";

/// Returns secrets, no two of them alike, and how each is reported.
fn planted(lot: &mut Lot) -> (Vec<String>, Vec<Plant>) {
    let mut secrets = vec![IN_SOURCE.to_owned(), IN_REMOTE.to_owned()];
    let mut plants = Vec::new();
    let mut plant = |entry: &str, name: &str, secret: String, whole: String| {
        plants.push((entry.to_owned(), name.to_owned(), whole));
        secrets.push(secret);
    };
    for entry in TEXT_ENTRIES {
        for (prefix, letters, count) in TOKENS {
            let secret = lot.letters(letters, count);
            plant(entry, "x", secret.clone(), format!("got {prefix}{secret}, and went on"));
        }
        for phrase in PHRASES {
            let secret = lot.letters(PLAIN, 24);
            let whole = match phrase.split_once('@') {
                Some((before, after)) => format!("{before}{secret}@{after}"),
                None if phrase.ends_with('"') => format!("{phrase}{secret}\""),
                None if phrase.ends_with('\n') => format!("{phrase}{secret}\n-----END RSA PRIVATE KEY-----"),
                None => format!("{phrase}{secret}"),
            };
            plant(entry, "x", secret, whole);
        }
        for (name, form) in NAMES.iter().flat_map(|name| FORMS.map(|form| (name, form))) {
            let secret = lot.letters(PLAIN, 14);
            plant(entry, "x", secret.clone(), form.replace('*', name).replace('§', &secret));
        }
    }
    for entry in ["input", "output", "import-input"] {
        for address in ADDRESSES {
            let secret = lot.letters(HEX, 32);
            plant(entry, "x", secret.clone(), address.replace('*', &secret));
        }
        for (prefix, letters, count) in TOKENS {
            let secret = lot.letters(letters, count);
            plant(entry, "x", secret.clone(), format!("data/{prefix}{secret}/part.csv"));
        }
    }
    for entry in ["param", "import-param", "import-table", "import-pair", "import-pair-table"] {
        for name in NAMES {
            let secret = lot.letters(PLAIN, 14);
            plant(entry, name, secret.clone(), secret);
        }
    }
    for (prefix, letters, count) in TOKENS {
        let secret = lot.letters(letters, count);
        plant("version", "x", secret.clone(), format!("{prefix}{secret}"));
    }
    (secrets, plants)
}

fn look_alikes() -> Vec<Plant> {
    let mut plants = Vec::new();
    for (number, text) in HARMLESS.iter().enumerate() {
        for entry in HARMLESS_ENTRIES {
            // A path is cleaned, which is not what is asked here.
            let text = if entry == "input" { text.replace('/', "-") } else { (*text).to_owned() };
            plants.push((entry.to_owned(), "tokenizer".to_owned(), format!("{entry}{number}, {text}")));
        }
    }
    plants
}

/// A repository whose remote holds a password; nothing of git is needed to make it.
fn write_git(place: &Place) -> Result<()> {
    for folder in [".git/objects", ".git/refs/heads"] {
        fs::create_dir_all(place.path(folder))?;
    }
    fs::write(place.path(".git/HEAD"), "ref: refs/heads/main\n")?;
    let config = format!(
        "[core]\n\trepositoryformatversion = 0\n[remote \"origin\"]\n\turl = https://ada:{IN_REMOTE}@git.example.org/a.git\n"
    );
    Ok(fs::write(place.path(".git/config"), config)?)
}

/// Writes what nobody took the secret out of.
fn write_plainly(place: &Place, secret: &str) -> Result<()> {
    let process = ProcessId::new();
    let note = NoteFact { id: RunId::new().0, run: RunId::new(), text: secret.to_owned(), at: Timestamp(0), by: None };
    let mut bytes = Vec::new();
    let header = Header { process: Some(process), project: "secrets".to_owned(), ..Header::default() };
    journal::encode(&Record::Process(header), &mut bytes);
    journal::encode(&Record::Note(note), &mut bytes);
    Ok(fs::write(place.home().journal().join(format!("{process}.log")), bytes)?)
}

fn bytes_below(folder: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            bytes.extend(bytes_below(&path)?);
        } else {
            bytes.extend(fs::read(&path)?);
            bytes.extend_from_slice(path.to_string_lossy().as_bytes());
        }
    }
    Ok(bytes)
}

/// Returns everything in the store as text: on disk a long text may be torn between pages.
fn all_rows(place: &Place) -> Result<String> {
    let tables: Vec<String> = place.rows("SELECT name FROM sqlite_master WHERE type = 'table'", |row| row.get(0))?;
    let mut text = String::new();
    for table in tables {
        let rows = place.rows(&format!("SELECT * FROM {table}"), |row| {
            let columns = row.as_ref().column_count();
            (0..columns).map(|column| row.get::<_, Value>(column)).collect::<rusqlite::Result<Vec<_>>>()
        })?;
        for value in rows.into_iter().flatten() {
            match value {
                Value::Text(value) => writeln!(text, "{value}")?,
                Value::Blob(value) => writeln!(text, "{}", String::from_utf8_lossy(&value))?,
                Value::Null | Value::Integer(_) | Value::Real(_) => {}
            }
        }
    }
    Ok(text)
}

/// Returns the line of a table that has one value in each of its columns.
fn table(number: usize, columns: &[(&str, &str)]) -> serde_json::Value {
    let column = |(name, text): &(&str, &str)| json!({"name": name, "type": "text", "nulls": 0, "distinct": 1, "top": [{"value": text, "count": 2}]});
    let columns: Vec<_> = columns.iter().map(column).collect();
    json!({"type": "profile", "version": format!("b3:{number:064x}"),
        "profile": {"format": "csv", "rows": 2, "is_whole": true, "columns": columns}})
}

/// Reports by import what is to be reported so.
fn import(place: &Place, plants: &[Plant]) -> Result<()> {
    let mut lines = String::new();
    for (number, (entry, name, text)) in plants.iter().enumerate() {
        let mut line = json!({
            "component": "imported", "outputs": [format!("out-{number}")],
            "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:01Z", "status": "failed",
        });
        match entry.as_str() {
            "import-error" => line["error"] = json!(text),
            "import-note" => line["notes"] = json!([text]),
            "import-input" => line["inputs"] = json!([text]),
            "import-param" => line["params"] = json!(BTreeMap::from([(name, text)])),
            "import-check" => line["checks"] = json!([{"name": "whole", "outcome": "failed", "message": text}]),
            "import-alias" => {
                line = json!({"type": "alias", "id": RunId::new(), "alias": format!("alias-{number}"), "reason": text,
                    "artifact": {"name": "model", "version": "v:1"}, "at": "2021-01-01T00:00:00Z"});
            }
            "import-pair" => line["params"] = json!({"settings": [{"variable": name, "value": text}]}),
            "import-table" => line = table(number, &[(name, text)]),
            "import-pair-table" => line = table(number, &[("name", name), ("value", text)]),
            _ => continue,
        }
        writeln!(lines, "{line}")?;
    }
    let home = place.home();
    let mut store = store::open(&home, Mode::Write)?;
    let mut lines = BufReader::new(lines.as_bytes());
    let report = mltrace_core::ingest::import(&home, store.as_mut(), &mut lines, &mut |_| {})?;
    match report.errors.first() {
        None => Ok(()),
        Some(error) => Err(format!("the import refused {error:?}").into()),
    }
}

#[register(component = "with-source")]
fn with_source() -> usize {
    const API_KEY: &str = "hunter2hunter2";
    let password = "hunter2hunter2";
    let secret: String = String::from("hunter2hunter2");
    let fallback = std::env::var("RELIABILITY_DB_PASS").unwrap_or("hunter2hunter2".into());
    let header = ("Authorization", format!("Bearer {}", API_KEY.len()), "hunter2hunter2".to_owned());
    let mut command = std::process::Command::new("true");
    command.env("DB_PASS", "hunter2hunter2").arg(header.2);
    Login::default().basic_auth("ada", Some("hunter2hunter2")).with_password("hunter2hunter2");
    password.len() + secret.len() + fallback.len()
}

/// What is called as clients of servers are.
#[derive(Default)]
struct Login(usize);

impl Login {
    fn basic_auth(self, user: &str, password: Option<&str>) -> Self {
        Self(user.len() + password.map_or(0, str::len))
    }

    fn with_password(self, password: &str) -> Self {
        Self(self.0 + password.len())
    }
}

#[register(component = "with-argument", params = [text])]
fn with_argument(text: &str) {
    std::hint::black_box(text);
}

#[register(component = "with-error")]
fn with_error(text: &str) -> std::result::Result<(), String> {
    Err(text.to_owned())
}

#[register(component = "with-panic")]
fn with_panic(text: &str) {
    std::panic::panic_any(text.to_owned());
}

#[register(component = "with-all")]
fn with_all(entry: &str, name: &str, text: &str) {
    match entry {
        "param" => mltrace::param!(name, text),
        "note" => mltrace::note!("{text}"),
        "check" => drop(mltrace::check!(entry.is_empty(), "{text}")),
        "input" if text.contains("part.csv") => mltrace::input!(PathBuf::from(text)),
        "input" => mltrace::input!(text),
        "output" => mltrace::output!(text),
        "version" => mltrace::output!(mltrace::artifact("model").version(text)),
        _ => {}
    }
}

/// Reports everything that a pipeline can report.
pub(crate) fn record(file: &Path) -> Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    let plants: Vec<Plant> = serde_json::from_str(&fs::read_to_string(file)?)?;
    with_source();
    for (entry, name, text) in &plants {
        match entry.as_str() {
            "argument" => with_argument(text),
            "error" => drop(with_error(text)),
            "panic" => drop(std::panic::catch_unwind(|| with_panic(text))),
            "owner" => mltrace::start("owned").owner(text).finish(),
            "description" => mltrace::start("described").description(text).finish(),
            _ => with_all(entry, name, text),
        }
    }
    Ok(())
}
