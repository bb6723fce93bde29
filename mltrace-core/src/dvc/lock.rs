//! What `dvc.lock` and the files that end in `.dvc` say of the stages of a pipeline.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A file of DVC's that is longer is not read: one of thousands of stages is a few MiB.
pub(super) const LONGEST: usize = 4 << 20;
/// How many values and keys one may have, and how deeply they may be nested.
const MOST_NODES: usize = 400_000;
const DEEPEST: usize = 64;

/// What a stage says that it ran, read and wrote.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Stage {
    /// The command, or several.
    pub(super) cmd: Option<Command>,
    /// What it read.
    pub(super) deps: Vec<Entry>,
    /// What it wrote.
    pub(super) outs: Vec<Entry>,
    /// The parameters that it used, by file.
    pub(super) params: BTreeMap<String, Value>,
    /// The folder that its paths are relative to, from that of the file.
    pub(super) wdir: Option<String>,
    /// What it is for.
    pub(super) desc: Option<String>,
}

/// A command, or several.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Command {
    One(String),
    Many(Vec<String>),
}

impl Command {
    pub(super) fn text(&self) -> String {
        match self {
            Self::One(line) => line.clone(),
            Self::Many(lines) => lines.join("\n"),
        }
    }
}

/// A file or folder, or something at an address.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) path: String,
    /// The MD5 of a file, or of the list of a folder's files, which ends in `.dir`.
    pub(super) md5: Option<String>,
    /// What a server says of what it holds.
    pub(super) etag: Option<String>,
    pub(super) checksum: Option<String>,
    pub(super) size: Option<u64>,
    /// The repository that it is from.
    pub(super) repo: Option<Origin>,
}

/// Another repository.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Origin {
    pub(super) url: String,
    pub(super) rev_lock: Option<String>,
}

/// Returns the stages that a file mentions, by name; of a file that ends in `.dvc` the only one has no name.
///
/// # Errors
/// Why it cannot be understood.
pub(super) fn stages(path: &str, text: &[u8]) -> Result<BTreeMap<String, Stage>, String> {
    let text = std::str::from_utf8(text).map_err(|error| format!("it is not UTF-8: {error}"))?;
    if path.ends_with(".dvc") {
        return Ok([(String::new(), parsed(text)?)].into());
    }
    #[derive(Deserialize)]
    struct Lock {
        #[serde(default)]
        stages: BTreeMap<String, Stage>,
    }
    // Before the second version of the format the stages stood at the top.
    let fields: BTreeMap<String, serde::de::IgnoredAny> = parsed(text)?;
    if fields.contains_key("schema") || fields.is_empty() {
        return Ok(parsed::<Lock>(text)?.stages);
    }
    parsed(text)
}

fn parsed<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MOST_NODES,
            max_depth: DEEPEST,
            max_aliases: 0,
        },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
}

impl Entry {
    /// Returns what is declared of its version where nobody has the bytes.
    pub(super) fn declared(&self) -> Option<String> {
        let of = |kind: &str, text: &Option<String>| text.as_ref().map(|text| format!("{kind}:{text}"));
        let revision = self.repo.as_ref().and_then(|origin| of("rev", &origin.rev_lock));
        of("md5", &self.md5).or_else(|| of("etag", &self.etag)).or_else(|| of("checksum", &self.checksum)).or(revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_the_format_are_read() {
        let stage = "  train:\n    cmd: python train.py\n    deps:\n    - path: data\n      md5: 00.dir\n      size: 7\n    params:\n      params.yaml:\n        lr: 0.1\n    outs:\n    - path: model.pkl\n      hash: md5\n      md5: '11'\n";
        let second = format!("schema: '2.0'\nstages:\n{stage}");
        let first: String = stage.lines().map(|line| format!("{}\n", &line[2..])).collect();
        let stages_of = |text: &str| stages("dvc.lock", text.as_bytes()).unwrap();
        assert_eq!(stages_of(&second), stages_of(&first));
        let train = &stages_of(&second)["train"];
        assert_eq!(train.cmd.as_ref().unwrap().text(), "python train.py");
        assert_eq!(
            (train.deps[0].declared().as_deref(), train.outs[0].declared().as_deref()),
            (Some("md5:00.dir"), Some("md5:11"))
        );
        assert_eq!(train.params["params.yaml"]["lr"], 0.1);
        let file = stages("data.csv.dvc", b"outs:\n- md5: aa\n  size: 3\n  path: data.csv\n").unwrap();
        assert_eq!(file[""].outs[0].path, "data.csv");
        assert_eq!(stages_of("schema: '2.0'\n"), BTreeMap::new());
        assert_eq!(stages_of(""), BTreeMap::new());
    }

    #[test]
    fn what_is_no_list_of_stages_or_would_take_much_memory_is_refused() {
        assert!(stages("dvc.lock", b"\xff").is_err() && stages("dvc.lock", b"a: [").is_err());
        let bomb = "a: &a [x, x]\nb: [*a, *a]\n";
        assert!(stages("dvc.lock", bomb.as_bytes()).is_err());
        assert!(stages("dvc.lock", "[".repeat(1000).as_bytes()).is_err());
    }
}
