//! What differs between two runs themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::value;

/// Something that a run has, and that another run of its component may have otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// The hash of its source text.
    Source,
    /// The branch of its code.
    Branch,
    /// The commit of its code.
    Commit,
    /// Whether the work tree differed from the commit.
    WorkTree,
    /// The host.
    Host,
    /// How it stands.
    Status,
    /// The user.
    User,
    /// How long it took.
    Duration,
    /// A parameter.
    Parameter(String),
    /// The version of an input that no recorded run wrote; others are up to the run that wrote them.
    Input(String),
}

/// What a run has.
pub type Aspects = BTreeMap<Aspect, Value>;

impl Aspect {
    /// Returns what the aspect is called in the answers.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::Source => "code".to_owned(),
            Self::Branch => "git.branch".to_owned(),
            Self::Commit => "git.commit".to_owned(),
            Self::WorkTree => "git.dirty".to_owned(),
            Self::Host => "host".to_owned(),
            Self::Status => "status".to_owned(),
            Self::User => "user".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Parameter(name) => format!("param:{name}"),
            Self::Input(name) => format!("input:{name}"),
        }
    }
}

/// Returns the number that a value is. Parameters of functions are kept as the text that they show, so a text may be one.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
    number.is_finite().then_some(number)
}

/// An aspect that two runs have otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of what.
    pub aspect: Aspect,
    /// The value on each side.
    pub values: [Option<Value>; 2],
}

/// Returns in what two runs differ.
///
/// A parameter may come or go; of anything else that one side lacks nothing is known, which is no difference. Each run
/// takes its own time, so that a duration is none either.
#[must_use]
pub fn changes(a: &Aspects, b: &Aspects) -> Vec<Change> {
    let all: BTreeSet<&Aspect> = a.keys().chain(b.keys()).collect();
    let changed = |aspect: &Aspect| {
        let values = [a.get(aspect), b.get(aspect)];
        let is_known = matches!(aspect, Aspect::Parameter(_)) || values.iter().all(Option::is_some);
        let is_same = match values {
            [Some(a), Some(b)] => value::is_same(a, b),
            [a, b] => a == b,
        };
        let differs = is_known && !is_same && *aspect != Aspect::Duration;
        differs.then(|| Change { aspect: aspect.clone(), values: values.map(Option::<&Value>::cloned) })
    };
    all.into_iter().filter_map(changed).collect()
}
