//! What a line of an import says of git and of the source text.

use serde::Deserialize;

use crate::model::{Code, CodeCheck, Git, Record};

#[derive(Deserialize)]
pub(super) struct GitLine {
    pub(super) commit: Option<String>,
    pub(super) branch: Option<String>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
    pub(super) dirty: Option<bool>,
    pub(super) remote: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CodeLine {
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) hash: String,
    pub(super) source: Option<String>,
    pub(super) is_in_work_tree: Option<bool>,
}

/// Adds what git said, and returns the key by which runs refer to it.
pub(super) fn git_record(git: GitLine, records: &mut Vec<Record>) -> String {
    let state = Git {
        key: String::new(),
        commit: git.commit,
        branch: git.branch,
        tags: git.tags,
        dirty: git.dirty,
        remote: git.remote,
    };
    let content = serde_json::to_string(&state).unwrap_or_default();
    let key = format!("import {}", blake3::hash(content.as_bytes()).to_hex());
    records.push(Record::Git(Git { key: key.clone(), ..state }));
    key
}

/// Adds a source text, and returns the key by which runs refer to it.
pub(super) fn code_record(code: CodeLine, records: &mut Vec<Record>) -> String {
    let key = format!("{} {} {}", code.hash, code.file, code.line);
    let source = code.source.unwrap_or_default();
    records.push(Record::Code(Code { key: key.clone(), file: code.file, line: code.line, hash: code.hash, source }));
    let check = code.is_in_work_tree.map(|is_in_work_tree| CodeCheck { code: key.clone(), is_in_work_tree });
    records.extend(check.map(Record::CodeCheck));
    key
}
