//! `mltrace import dvc`: what it says of a repository.

use crate::env::TestEnv;

const LOCK: &str = "schema: '2.0'\nstages:\n  clean:\n    cmd: python clean.py\n    deps:\n    - path: raw.csv\n      md5: '01'\n    outs:\n    - path: clean.csv\n      md5: '02'\n";

fn commit(env: &TestEnv, files: &[(&str, &str)]) {
    let repository = git2::Repository::init(env.project()).unwrap();
    let mut index = repository.index().unwrap();
    for (name, text) in files {
        env.write(name, text);
        index.add_path(std::path::Path::new(name)).unwrap();
    }
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = git2::Signature::new("Ada", "ada@example.test", &git2::Time::new(1_700_000_000, 0)).unwrap();
    repository.commit(Some("HEAD"), &who, &who, "a change", &tree, &[]).unwrap();
}

#[test]
fn a_history_is_imported_and_what_cannot_be_read_is_said() {
    let env = TestEnv::new();
    commit(&env, &[("dvc.lock", LOCK), ("sub/dvc.lock", "stages: [")]);
    let answer = env.call(&["import", "dvc"]);
    let said = "1 commits, 1 changed stages: 1 stored, 0 known already, 1 wrong; DVC's cache holds 0 of 2 versions\n";
    assert_eq!((answer.code, answer.stdout.as_str()), (1, said));
    assert!(answer.stderr.starts_with("error: `sub/dvc.lock` at "), "{}", answer.stderr);
    assert_eq!(env.json(&["trace", "clean.csv"])["runs"][0]["component"], "clean");
    let again = env.json_of(&["import", "dvc", "."], 1);
    assert_eq!((&again["stored"], &again["known"]), (&0.into(), &1.into()));
    assert_eq!(again["unread"][0]["file"], "sub/dvc.lock");
}

#[test]
fn without_a_repository_there_is_nothing_to_import() {
    let env = TestEnv::new();
    let said = env.fails(1, &["import", "dvc"]);
    assert!(said.contains("lies in no git repository") && said.contains("hint: name a folder"), "{said}");
}
