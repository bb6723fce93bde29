//! Aliases that are set.

use mltrace_core::query::{Pointing, QueryError};

use crate::story::Story;

#[test]
fn a_name_that_would_be_recorded_as_another_is_no_alias() {
    let mut story = Story::told(&[]);
    story.records("train", &[], &["model"]);
    let version = story.reader().version("model", None).unwrap();
    for secret in ["password=hunter2", &["ghp", "_", &"a1B2".repeat(9)].concat()] {
        let said = story.reader().pointed_now(secret, Pointing::To(version.clone()), (None, None));
        let Err(error @ QueryError::NoAlias { .. }) = said else { panic!("{said:?}") };
        assert!(!error.to_string().contains(&secret[9..]), "and nobody reads the secret in a log: {error}");
    }
    let said = story.reader().pointed_now("production", Pointing::To(version), (None, None));
    assert_eq!(said.unwrap().unwrap().alias, "production");
}

#[test]
fn an_import_refuses_such_a_name() {
    let line = r#"{"type": "alias", "id": "0195e2a1-7c1e-7d30-9a52-3f1d5c0b9a01", "alias": "password=hunter2", "at": "2021-05-01T00:00:00Z"}"#;
    let errors = Story::told(&[]).refuses(line);
    assert!(errors.len() == 1 && errors[0].contains("a secret") && !errors[0].contains("hunter2"), "{errors:?}");
}
