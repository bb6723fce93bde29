//! What is in a table, and how it differs from another version of it.

use serde::{Deserialize, Serialize};

use super::name::Found;
use super::{QueryError, Reader};
use crate::model::{Profile, Version, VersionId};
use crate::naming;
use crate::profile::{self, Drift, Limits};
use crate::store::Profiles;

/// The answer of `profile`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Profiled {
    /// The version.
    #[serde(flatten)]
    pub artifact: Version,
    /// Whether its profile was not recorded, and the file, which still holds that version, was read for this.
    pub is_read_now: bool,
    /// What is in it.
    pub profile: Profile,
    /// The version that it is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Version>,
    /// How it differs from that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

impl Reader<'_> {
    /// Returns what is in the table that `text` names, as [`version`](Self::version) takes it, and how it differs from
    /// `before`. A profile that was not recorded is read from the file, within the limits of the settings, if `may_read` and
    /// the file still holds that version.
    ///
    /// # Errors
    /// When nothing has that name, or nobody knows what is in it.
    pub fn profile(&mut self, text: &str, before: Option<&str>, may_read: bool) -> Result<Profiled, QueryError> {
        let (artifact, profile, is_read_now) = self.profile_of(text, may_read)?;
        let before = before.map(|text| self.profile_of(text, may_read)).transpose()?;
        let drift = before.as_ref().map(|(_, before, _)| profile::drift(before, &profile));
        Ok(Profiled { artifact, is_read_now, profile, before: before.map(|(version, ..)| version), drift })
    }

    fn profile_of(&mut self, text: &str, may_read: bool) -> Result<(Version, Profile, bool), QueryError> {
        let Found { version, .. } = self.find_version(text, None)?;
        if let Some(known) = self.store.profiles(Profiles::Of(&version.version))?.pop() {
            return Ok((version, known.profile, false));
        }
        let is_unreadable = |name: &str| profile::format_of(name.as_ref()).is_some_and(|of| !profile::is_readable(of));
        let read = if may_read { self.read_profile(&version) } else { None };
        let profile = match read {
            Some(Ok(profile)) => profile,
            _ if may_read && is_unreadable(version.name.as_str()) => {
                return Err(QueryError::NoParquet { name: text.to_owned() });
            }
            Some(Err(why)) => return Err(QueryError::NoTable { name: text.to_owned(), why }),
            None => return Err(QueryError::NoProfile { name: text.to_owned(), version: version.version }),
        };
        Ok((version, profile, true))
    }

    /// Reads the file of a version, if it holds that before and after; of one that holds no table, why.
    fn read_profile(&self, version: &Version) -> Option<Result<Profile, &'static str>> {
        let name = version.name.as_str();
        if naming::is_uri(name) || !matches!(version.version, VersionId::Content(_)) {
            return None;
        }
        let path = self.home.root.join(naming::decode(name));
        profile::format_of(&path)?;
        let holds = || self.content_of(&path).as_ref() == Some(&version.version);
        if !holds() {
            return None;
        }
        let read = profile::profile(&path, &Limits::of(&self.home.profile)).ok_or_else(|| profile::obstacle(&path));
        holds().then_some(read)
    }
}
