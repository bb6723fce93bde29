//! What a review says in a sentence.

use super::answer::{Fact, Review, Suspect};
use super::evidence::without_factor;
use crate::model::{RunId, Timestamp};
use crate::words;

/// How sure a suspect has to be that is named in a sentence.
const SURE: f64 = 0.95;

impl Review {
    /// Returns what a good engineer would have written, where `show` shows a moment: the first fact that can be relied on,
    /// another one where other bad ones have it, and how many bad ones that leaves unexplained; and where there is none such,
    /// what there is to go by.
    #[must_use]
    pub fn sentence(&self, show: impl Fn(Timestamp) -> String) -> String {
        self.said(&self.named().collect::<Vec<_>>(), show)
    }

    /// Returns the same for one of the flagged versions: what this one has upstream, as `is_own` says of a fact, comes first.
    pub(super) fn sentence_for_one(
        &self,
        show: impl Fn(Timestamp) -> String,
        is_own: impl Fn(&Fact) -> bool,
    ) -> String {
        let (mut own, others): (Vec<&Fact>, Vec<&Fact>) = self.named().partition(|fact| is_own(fact));
        if !own.is_empty() || others.is_empty() {
            own.extend(others);
            return self.said(&own, show);
        }
        let added = || self.facts.iter().find(|fact| fact.adds > 0 && is_own(fact));
        let best = self.best_of_rest().filter(|fact| is_own(fact)).or_else(added);
        let of_all = self.said(&others, &show);
        match best {
            Some(fact) => {
                let (told, ask) = (self.told(fact, &show), self.ask(fact));
                format!("Upstream of this one, {}: {told}.{ask} Of all: {of_all}", fact.strength.as_str())
            }
            None => format!("None of this is upstream of this one: {of_all}"),
        }
    }

    /// Returns in words of which fact suspects are one cause, with when that was, or that they have none that is named.
    #[must_use]
    pub fn cause(&self, rank: Option<u32>, show: impl Fn(Timestamp) -> String) -> String {
        let Some(rank) = rank else {
            let named: Vec<String> = self.first_line().iter().map(|fact| fact.rank.to_string()).collect();
            return format!("others, without {} {}", words::plural(named.len(), "fact"), named.join(" and "));
        };
        let fact = self.facts.iter().find(|fact| fact.rank == rank);
        let when = fact.map(|fact| fact.when(show)).unwrap_or_default();
        format!("fact {rank}, {when}")
    }

    /// Returns how likely a suspect is to blame if one run alone is; `None` where it is one of several of a cause, of which none
    /// alone is to blame: how sure that cause is, its fact says.
    #[must_use]
    pub fn share_of(&self, suspect: &Suspect) -> Option<f64> {
        let fact = suspect.fact.and_then(|rank| self.facts.iter().find(|fact| fact.rank == rank));
        let is_one_of_several = fact.is_some_and(|fact| suspect.flagged < fact.flagged);
        (!is_one_of_several).then_some(suspect.probability)
    }

    /// Returns the sets of several runs that explain all flags together, where no fact that is named says as much of them.
    pub fn together(&self) -> impl Iterator<Item = &Vec<RunId>> {
        let is_named = |set: &[RunId]| self.named().any(|fact| set.iter().all(|run| fact.runs.contains(run)));
        // One run that explains all flags is among the suspects already.
        self.explains.iter().filter(move |set| set.len() > 1 && !is_named(set))
    }

    fn said(&self, named: &[&Fact], show: impl Fn(Timestamp) -> String) -> String {
        let told: Vec<String> =
            named.iter().map(|fact| format!("{}.{}", self.told(fact, &show), self.ask(fact))).collect();
        if told.is_empty() { self.doubt(show) } else { told.join(" And ") + &self.unexplained(show) }
    }

    /// Returns in words how many bad ones have none of the facts that are named, and what is best for them; nothing where each
    /// has one.
    fn unexplained(&self, show: impl Fn(Timestamp) -> String) -> String {
        let Some(rest) = &self.rest else { return String::new() };
        let (is, them) = if rest.flagged == 1 { ("is", "it") } else { ("are", "them") };
        let left = format!(" {} of {} {is} not explained by", rest.flagged, self.flagged.len());
        match self.best_of_rest() {
            Some(fact) => {
                let (told, ask) = (self.told(fact, &show), self.ask(fact));
                format!("{left} this; best for {them}, {}: {told}.{ask}", fact.strength.as_str())
            }
            None => format!("{left} any fact."),
        }
    }

    fn told(&self, fact: &Fact, show: impl Fn(Timestamp) -> String) -> String {
        let comma = if fact.aspect == "component" { "," } else { "" };
        format!("{} {}{comma} {}: {}", fact.component, fact.says(), fact.when(show), fact.counts())
    }

    fn ask(&self, fact: &Fact) -> String {
        self.owners.get(&fact.component).map(|owner| format!(" Ask {owner}.")).unwrap_or_default()
    }

    /// Returns in a sentence why no fact is more than weak, and what there is to go by.
    ///
    /// While nothing is ok, all that is upstream of the bad ones is as likely by the verdicts: then what is new there is
    /// worth reporting, the first fact or else the strongest change. Otherwise what is new and all bad ones have and no ok one,
    /// so that an ok elsewhere takes nothing back; else one run, or several of one component, that all bad ones came from.
    fn doubt(&self, show: impl Fn(Timestamp) -> String) -> String {
        let new = self.first_line().into_iter().next();
        if self.ok.is_empty() {
            return match (new, &self.strongest_change) {
                (Some(fact), _) => format!(
                    "Nothing is ok yet; what is new upstream: {}{}",
                    self.what_is_new(fact),
                    self.unexplained(show)
                ),
                (None, Some(change)) => format!("Nothing is ok yet; the strongest change upstream: {change}."),
                (None, None) => "Nothing is ok yet, and no change upstream is recorded.".to_owned(),
            };
        }
        let only = || "Nothing that is recorded tells the bad ones from the others for certain.".to_owned();
        let weak = |fact: &Fact| format!("{}; {}.{}", self.told(fact, &show), fact.how_sure(), self.ask(fact));
        let new = new.map(weak);
        let culprit = || self.suspects.first().and_then(|suspect| self.culprit(suspect));
        new.or_else(culprit)
            .or_else(|| self.facts.iter().find(|fact| fact.tells_apart()).map(weak))
            .unwrap_or_else(only)
    }

    fn what_is_new(&self, fact: &Fact) -> String {
        let ask = self.ask(fact);
        format!("{} {}: {} of {} bad.{ask}", fact.component, fact.says(), fact.flagged, fact.flagged_of)
    }

    /// Returns in words that the bad ones came from a suspect, where it is hardly another one.
    fn culprit(&self, suspect: &Suspect) -> Option<String> {
        let (component, run) = (suspect.components.first()?, suspect.runs.first()?);
        let is_of_one = suspect.components.iter().all(|other| other == component);
        if !is_of_one || suspect.probability < SURE || suspect.coverage < SURE {
            return None;
        }
        let bad = self.flagged.len();
        let those = match usize::try_from(suspect.flagged).unwrap_or(usize::MAX) {
            _ if bad == 1 => "The bad one".to_owned(),
            all if all == bad => format!("All {all} bad ones"),
            some => format!("{some} of {bad} bad ones"),
        };
        let ok = match suspect.ok {
            0 => "none of the ok ones".to_owned(),
            ok => format!("{ok} of {} ok ones", self.ok.len()),
        };
        let one = format!("{component} (run {})", run.short());
        // The first line of evidence is about verdicts; of one run among several it is said which.
        let what = suspect.evidence.get(1).and_then(|what| without_factor(what));
        let what = what.map(|what| format!(": {}", what.strip_prefix(&format!("{one}: ")).unwrap_or(what)));
        let from = match suspect.runs.len() {
            1 => one,
            runs => format!("{one} or one of {} other runs of {component}", runs.saturating_sub(1)),
        };
        Some(format!("{those} and {ok} came from {from}{}.", what.unwrap_or_default()))
    }
}
