//! What a run has, and how far that is known.

use std::collections::{BTreeMap, btree_map};
use std::mem::discriminant;
use std::ops::{Deref, DerefMut};

use serde_json::Value;

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
    /// Whether the work tree held its source text when its process looked.
    InWorkTree,
    /// Whether it read what was old, or what another run had written over: `fresh`, `age` or `superseded`.
    Stale,
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
    /// That it read something, no matter who wrote it, in a place: a folder, which ends in `/`, or a name without what is masked.
    Reads(String),
    /// That a run of the component is there at all.
    Component,
    /// How a check came out: `passed`, `failed` or `errored`.
    Check(String),
    /// A number that was measured.
    Metric(String),
    /// A figure of the profile of a table that it wrote, or read where no recorded run wrote it.
    Profile {
        /// The table, by the name that it has in every round.
        of: String,
        /// The figure, as [`Profile::figures`](crate::model::Profile::figures) calls it.
        figure: String,
    },
    /// A figure of what was observed many times in the run.
    Observed {
        /// What was observed.
        name: String,
        /// The figure: `p50`, `missing`.
        figure: String,
    },
}

impl Aspect {
    /// Returns what the aspect is called in the answers.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::Source => "code".to_owned(),
            Self::Branch => "git.branch".to_owned(),
            Self::Commit => "git.commit".to_owned(),
            Self::WorkTree => "git.dirty".to_owned(),
            Self::InWorkTree => "code.is_in_work_tree".to_owned(),
            Self::Stale => "stale".to_owned(),
            Self::Host => "host".to_owned(),
            Self::Status => "status".to_owned(),
            Self::User => "user".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Parameter(name) => format!("param:{name}"),
            Self::Input(name) => format!("input:{name}"),
            Self::Reads(place) if place.ends_with('/') => format!("input:{place}\u{2026}"),
            Self::Reads(name) => format!("input:{name}"),
            Self::Component => "component".to_owned(),
            Self::Check(name) => format!("check:{name}"),
            Self::Metric(name) => format!("metric:{name}"),
            Self::Profile { of, figure } => format!("profile:{figure} of {of}"),
            Self::Observed { name, figure } => format!("observed:{name}.{figure}"),
        }
    }

    /// Returns whether it shows what came of a run, and not what the run was given: it is an effect of whatever is wrong
    /// there or further up.
    #[must_use]
    pub fn is_effect(&self) -> bool {
        self.is_measure() || matches!(self, Self::Duration | Self::Status)
    }

    /// Returns whether it was measured or checked.
    #[must_use]
    pub fn is_measure(&self) -> bool {
        matches!(self, Self::Check(_) | Self::Metric(_) | Self::Profile { .. } | Self::Observed { .. })
    }
}

/// What a run has, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aspects {
    had: BTreeMap<Aspect, Value>,
    cuts: Vec<Aspect>,
}

impl Aspects {
    /// Returns what a run has about which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the aspects of one sort from `first` on: of these it is unknown from now on whether the run has them.
    pub fn cut_from(&mut self, first: Aspect) {
        self.had.retain(|aspect, _| !is_beyond(aspect, &first));
        self.cuts.push(first);
    }

    /// Returns whether it is known of an aspect what the run has, or that it has none, as far as that is recorded.
    #[must_use]
    pub fn knows(&self, aspect: &Aspect) -> bool {
        !self.cuts.iter().any(|first| is_beyond(aspect, first))
    }

    /// Returns whether there is an aspect of which that is unknown.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        !self.cuts.is_empty()
    }

    /// Returns the name of the first input about which nothing is known, if there is one.
    pub(super) fn first_unknown_input(&self) -> Option<&str> {
        let inputs =
            self.cuts.iter().filter_map(|first| if let Aspect::Input(name) = first { Some(name) } else { None });
        inputs.min().map(String::as_str)
    }
}

fn is_beyond(aspect: &Aspect, first: &Aspect) -> bool {
    discriminant(aspect) == discriminant(first) && aspect >= first
}

impl Deref for Aspects {
    type Target = BTreeMap<Aspect, Value>;

    fn deref(&self) -> &Self::Target {
        &self.had
    }
}

impl DerefMut for Aspects {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.had
    }
}

impl FromIterator<(Aspect, Value)> for Aspects {
    fn from_iter<I: IntoIterator<Item = (Aspect, Value)>>(aspects: I) -> Self {
        Self { had: aspects.into_iter().collect(), cuts: Vec::new() }
    }
}

impl<const N: usize> From<[(Aspect, Value); N]> for Aspects {
    fn from(aspects: [(Aspect, Value); N]) -> Self {
        aspects.into_iter().collect()
    }
}

impl IntoIterator for Aspects {
    type Item = (Aspect, Value);
    type IntoIter = btree_map::IntoIter<Aspect, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.had.into_iter()
    }
}

impl<'a> IntoIterator for &'a Aspects {
    type Item = (&'a Aspect, &'a Value);
    type IntoIter = btree_map::Iter<'a, Aspect, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.had.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::{Earlier, Evidence, Facts, Finding, changes, effects, evidence};
    use super::*;

    /// Returns the aspect of a sort that has a number for a name.
    fn aspect(sort: u8, number: u8) -> Aspect {
        let name = format!("n{number}");
        match sort {
            0 => Aspect::Parameter(name),
            1 => Aspect::Input(name),
            2 => Aspect::Check(name),
            3 => Aspect::Metric(name),
            4 => Aspect::Profile { of: name, figure: "rows".to_owned() },
            _ => Aspect::Observed { name, figure: "p50".to_owned() },
        }
    }

    type Had = BTreeMap<(u8, u8), u8>;

    fn run(had: &Had, cuts: &[(u8, u8)]) -> Facts {
        let mut aspects: Aspects =
            had.iter().map(|((sort, number), value)| (aspect(*sort, *number), (*value).into())).collect();
        let names = had.keys().filter(|(sort, _)| *sort == 1).map(|(_, number)| format!("n{number}"));
        let mut names: Vec<String> = names.collect();
        for (sort, number) in cuts {
            aspects.cut_from(aspect(*sort, *number));
            names.retain(|name| *sort != 1 || *name < format!("n{number}"));
        }
        Facts::new(names, aspects)
    }

    fn had() -> impl Strategy<Value = Had> {
        prop::collection::btree_map((0..6_u8, 0..4_u8), 0..3_u8, 0..24)
    }

    fn cuts() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::vec((0..6_u8, 0..5_u8), 0..3)
    }

    proptest! {
        #[test]
        fn what_is_unknown_of_a_run_is_no_change(
            runs in prop::collection::vec((had(), cuts()), 2..9),
        ) {
            let whole: Vec<Facts> = runs.iter().map(|(had, _)| run(had, &[])).collect();
            let known: Vec<Facts> = runs.iter().map(|(had, cuts)| run(had, cuts)).collect();
            for compare in [changes, effects] {
                let of = |runs: &[Facts]| compare(&runs[1].aspects, &runs[0].aspects);
                let all = of(&whole);
                prop_assert!(of(&known).iter().all(|change| all.contains(change)));
            }
            let of = |runs: &[Facts]| -> Vec<Evidence> {
                let earlier = Earlier::alike_to(runs[1..].iter().collect());
                evidence(&runs[0], &earlier, &BTreeMap::new()).pieces
            };
            let all = of(&whole);
            for piece in of(&known) {
                prop_assert!(all.contains(&piece), "{piece:?} is none of {all:?}");
            }
        }

        #[test]
        fn runs_of_which_all_is_known_are_cut_nowhere(had in had(), number in 0..5_u8) {
            let whole = run(&had, &[]);
            let known = run(&had, &[(0, number)]);
            prop_assert!(!whole.aspects.is_cut() && known.aspects.is_cut());
            let kept: BTreeSet<&Aspect> = whole.aspects.keys().filter(|aspect| known.aspects.knows(aspect)).collect();
            prop_assert_eq!(kept, known.aspects.keys().collect::<BTreeSet<_>>());
        }
    }

    #[test]
    fn nothing_is_said_to_be_the_same_where_not_all_is_known() {
        let same = Had::from([((0, 0), 1), ((0, 1), 1)]);
        let is_no_change = |cuts: [&[(u8, u8)]; 2]| {
            let [now, before] = cuts.map(|cuts| run(&same, cuts));
            let found = evidence(&now, &Earlier::alike_to(vec![&before]), &BTreeMap::new()).pieces;
            found.iter().any(|piece| matches!(piece.finding, Finding::NoChange { .. }))
        };
        assert!(is_no_change([&[], &[]]));
        assert!(!is_no_change([&[(0, 1)], &[]]) && !is_no_change([&[], &[(0, 1)]]));
    }
}
