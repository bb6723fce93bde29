//! Reads a command line word by word, and says which words, or which ends of words, are secrets.

use super::name::{Holds, holds, is_secret_option};
use super::option::{Kind, Position, command, rules};

/// What was read of a command line so far.
#[derive(Default)]
pub(super) struct Line {
    /// The latest word that names a command we know; so no list of what starts other commands is needed.
    command: Option<&'static str>,
    /// What the next word is.
    awaits: Kind,
    /// Whether a value follows the name of a setting: `aws configure set NAME VALUE`.
    is_setting: bool,
    /// The place of a secret among the words that are no options, and how many of those came.
    words: Option<usize>,
    /// The words before, the latest first.
    before: [Before; 4],
    /// Words of the command that rules ask for.
    subcommands: [Option<&'static str>; 2],
}

/// What a word was that the file `.netrc` knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Before {
    #[default]
    Other,
    Machine,
    Default,
    Login,
    Identified,
}

impl Line {
    /// Returns whether the next word is a secret, or holds one.
    pub(super) fn awaits_secret(&self) -> bool {
        !matches!(self.awaits, Kind::Nothing | Kind::Name)
    }

    /// Returns whether the next word is a user with a password.
    pub(super) fn awaits_user(&self) -> bool {
        self.awaits == Kind::User
    }

    /// Takes back that the next word is a secret.
    pub(super) fn forget(&mut self) {
        self.awaits = Kind::Nothing;
    }

    /// A new command begins, which has no options and words yet.
    pub(super) fn end_command(&mut self) {
        self.words = None;
        self.is_setting = false;
        self.awaits = Kind::Nothing;
    }

    /// Takes the next word; returns from which byte on it is a secret.
    pub(super) fn take(&mut self, word: &str) -> Option<usize> {
        let kind = std::mem::take(&mut self.awaits);
        if kind == Kind::Name {
            if self.is_name_of_setting(word) {
                self.awaits = Kind::Whole;
            }
            return None;
        }
        if kind != Kind::Nothing {
            return secret_of(kind, word);
        }
        if word.len() > 1 && word.starts_with('-') {
            return self.option(word);
        }
        self.word(word)
    }

    fn option(&mut self, word: &str) -> Option<usize> {
        if let Some(found) = self.known_option(word) {
            return found;
        }
        let dashes = word.len().saturating_sub(word.trim_start_matches('-').len());
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (word, None),
        };
        let name = option.get(dashes..).filter(|name| name.len() > 1 && dashes <= 2)?;
        let kind = match name {
            "user" | "proxy-user" | "login" => Kind::User,
            _ if is_secret_option(name) || (dashes == 1 && value.is_some() && is_named_behind_letter(name)) => {
                Kind::Whole
            }
            _ => Kind::Nothing,
        };
        let value = match value {
            None => {
                self.awaits = kind;
                return None;
            }
            Some(value) => value,
        };
        let from = word.len().saturating_sub(value.len());
        secret_of(kind, value).map(|at| from.saturating_add(at))
    }

    /// Returns what the rules of the command say of an option; the outer nothing when they say nothing.
    #[allow(clippy::option_option, reason = "no rule, and a rule without a secret in this word")]
    fn known_option(&mut self, word: &str) -> Option<Option<usize>> {
        for rule in rules(self.command?).filter(|rule| !rule.options.is_empty()) {
            if !rule.after.is_empty() && !self.subcommands.contains(&Some(rule.after)) {
                continue;
            }
            for option in rule.options.split(' ') {
                let is_letter = option.len() == 2;
                // Some write long options with one dash: `-password` is no `-p`.
                if is_letter && word.len() > 2 && is_long_option(word) {
                    continue;
                }
                let is_bundle = || {
                    // `curl -sSu user:password`.
                    rule.place == Position::Next
                        && is_letter
                        && word.len() <= 6
                        && word.bytes().skip(1).all(|byte| byte.is_ascii_alphabetic())
                        && word.as_bytes().last() == option.as_bytes().last()
                        && is_bundled(self.command)
                };
                if word == option || is_bundle() {
                    if rule.place == Position::Next {
                        self.awaits = rule.kind;
                    }
                    return Some(None);
                }
                let rest = word.strip_prefix(option).and_then(|rest| match rest.strip_prefix('=') {
                    Some(rest) => Some(rest),
                    None => (is_letter || rule.place == Position::Attached).then_some(rest),
                });
                // `curl -sSuuser:password`.
                let is_shared = rule.kind == Kind::User && is_letter && is_bundled(self.command);
                let rest = rest.or_else(|| behind_letters(word, option).filter(|_| is_shared));
                if let Some(rest) = rest {
                    let from = word.len().saturating_sub(rest.len());
                    return Some(secret_of(rule.kind, rest).map(|at| from.saturating_add(at)));
                }
            }
        }
        None
    }

    fn word(&mut self, word: &str) -> Option<usize> {
        let [last, before_last, third_last, fourth_last] = self.before;
        let is = |other: &str| word.eq_ignore_ascii_case(other);
        let now = match word {
            "machine" => Before::Machine,
            "default" => Before::Default,
            "login" => Before::Login,
            _ if is("identified") => Before::Identified,
            _ => Before::Other,
        };
        self.before = [now, last, before_last, third_last];
        // `machine … login … password …`, `default login … password …`, `machine … password …`.
        let is_host = fourth_last == Before::Machine || matches!(third_last, Before::Machine | Before::Default);
        let is_netrc = before_last == Before::Machine || (before_last == Before::Login && is_host);
        if (is("password") && is_netrc) || (is("by") && last == Before::Identified) {
            self.awaits = Kind::Whole;
            return None;
        }
        if let Some(command) = command(word).filter(|_| self.words.is_none()) {
            self.command = Some(command);
            self.subcommands = [None; 2];
            self.end_command();
            self.words = rules(command).find(|rule| rule.after.is_empty()).and_then(|rule| match rule.place {
                Position::Words(_) => Some(0),
                _ => None,
            });
            return None;
        }
        if let Some(found) = self.positional(word) {
            return found;
        }
        if self.is_setting && self.is_name_of_setting(word) {
            self.awaits = Kind::Whole;
        }
        if matches!(word, "set" | "SET" | "setx" | "setenv" | "config" | "CONFIG" | "configure" | "modify") {
            self.is_setting = true;
        }
        None
    }

    #[allow(clippy::option_option, reason = "no rule, and a rule without a secret in this word")]
    fn positional(&mut self, word: &str) -> Option<Option<usize>> {
        let command = self.command?;
        if let Some(count) = self.words {
            let is_rule = |rule: &&super::option::Rule| {
                matches!(rule.place, Position::Words(_))
                    && (rule.after.is_empty() || self.subcommands.contains(&Some(rule.after)))
            };
            let (kind, place) = rules(command).find(is_rule).map(|rule| (rule.kind, rule.place))?;
            let Position::Words(first) = place else { return None };
            self.words = Some(count.saturating_add(1));
            return Some(if count >= first { secret_of(kind, word) } else { None });
        }
        let rule = rules(command).find(|rule| !rule.after.is_empty() && rule.after == word)?;
        self.subcommands = [Some(rule.after), self.subcommands.first().copied().flatten()];
        if matches!(rule.place, Position::Words(_)) {
            self.words = Some(0);
        }
        // `mc alias set` sets, and so does `poetry config`.
        None
    }

    fn is_name_of_setting(&self, word: &str) -> bool {
        let name = word.rsplit([':', '/', '.']).next().unwrap_or(word);
        !word.contains('=') && matches!(holds(name), Holds::Secret | Holds::Maybe)
    }
}

/// Returns whether an option has the name of a secret behind its letter: `-Dname=value` of Java, `-eNAME=value` of
/// containers.
fn is_named_behind_letter(name: &str) -> bool {
    name.get(1..).is_some_and(|name| matches!(holds(name), Holds::Secret | Holds::Maybe))
}

/// Returns whether a word with one dash is the long option of a secret.
fn is_long_option(word: &str) -> bool {
    let name = word.split('=').next().and_then(|option| option.strip_prefix('-'));
    name.is_some_and(|name| !name.starts_with('-') && name.len() >= 4 && is_secret_option(name))
}

/// Returns whether letters of a command's options may share a dash.
fn is_bundled(command: Option<&str>) -> bool {
    matches!(command, Some("curl" | "zip" | "unzip" | "ldapsearch" | "ldapadd" | "ldapmodify" | "ldapdelete"))
}

/// Returns what follows the letter of an option that shares its dash with letters before it.
fn behind_letters<'w>(word: &'w str, option: &str) -> Option<&'w str> {
    let (before, rest) = word.strip_prefix('-')?.split_once(option.chars().last()?)?;
    let are_letters = (1..=5).contains(&before.len()) && before.bytes().all(|byte| byte.is_ascii_alphabetic());
    (are_letters && rest.contains(':')).then_some(rest)
}

/// Returns from which byte on a word of this kind is a secret.
fn secret_of(kind: Kind, word: &str) -> Option<usize> {
    match kind {
        Kind::Nothing | Kind::Name => None,
        Kind::Whole => Some(0),
        // `name=-` is read from elsewhere.
        Kind::Assigned => {
            let (name, value) = word.split_once('=').filter(|(_, value)| *value != "-")?;
            (!value.is_empty()).then(|| name.len().saturating_add(1))
        }
        // `user:password@proxy:port`.
        Kind::Proxy => {
            let (user, _) = word.rsplit_once('@')?;
            let from = user.find("://").map_or(0, |at| at.saturating_add(3));
            let colon = user.get(from..)?.find(':')?;
            Some(from.saturating_add(colon).saturating_add(1))
        }
        Kind::Cookie => word.contains('=').then_some(0),
        Kind::User => {
            let (user, password) = word.split_once([':', '%'])?;
            // `--user 1000:1000` names a user and a group.
            let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            if is_number(user) && is_number(password) {
                return None;
            }
            // `curl -u token:` has nothing but the user to let it in.
            Some(if password.is_empty() { 0 } else { user.len().saturating_add(1) })
        }
    }
}
