//! The state file of a fetched database.

use serde::{Deserialize, Serialize};

use crate::model::Clock;
use crate::store::Generations;

const VERSION: u32 = 1;

/// How far ahead of this machine's clock a fetch may lie: more than that, and one of the two clocks is wrong.
const AHEAD: u64 = 86_400;

/// What was fetched, and which generation holds it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct State {
    version: u32,
    /// The URL that the policy names.
    pub url: String,
    /// The commit.
    pub commit: String,
    /// When it was made, as it says, in seconds since the Unix epoch.
    pub committed: u64,
    /// When it was fetched, or last found to be the newest.
    pub fetched: u64,
    /// The date of its newest advisory.
    pub newest: String,
    /// The number of its advisories.
    pub advisories: usize,
    /// What identifies its content ([`crate::advisory::Database::digest`]).
    pub digest: String,
    /// The generation's name.
    pub directory: String,
}

impl State {
    /// The state of a commit that was just fetched.
    pub fn new(
        url: &str,
        fetched: &crate::git::Fetched,
        database: &crate::advisory::Database,
        now: Clock,
    ) -> Self {
        Self {
            version: VERSION,
            url: url.to_owned(),
            commit: fetched.commit.clone(),
            committed: fetched.committed,
            fetched: now.0,
            newest: database.newest().map(|date| date.to_string()).unwrap_or_default(),
            advisories: database.counts().advisories,
            digest: database.digest().to_owned(),
            directory: format!("{}-{}", &fetched.commit[..12], now.0),
        }
    }

    /// The state in force, if there is one; else why it is none.
    pub fn read(generations: &Generations, url: &str) -> Result<Option<Self>, String> {
        let bytes = match generations.state() {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => bytes,
            Err(error) => return Err(format!("has a state that cannot be read: {error}")),
        };
        let damaged = || "has a damaged state".to_owned();
        let state = serde_json::from_slice::<Self>(&bytes).map_err(|_| damaged())?;
        let plain = !state.directory.is_empty()
            && state.directory.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (state.version == VERSION && state.url == url && plain).then_some(Some(state)).ok_or_else(damaged)
    }

    /// The same state on a machine that it was brought to, if it is one that this version knows.
    pub fn arrived(&self, now: Clock) -> Option<Self> {
        let plain = self.digest.chars().filter(char::is_ascii_alphanumeric).take(12).collect::<String>();
        let directory = format!("bundle-{plain}-{}", now.0);
        (self.version == VERSION && self.age(now).is_some()).then(|| Self { directory, ..self.clone() })
    }

    /// The bytes of the state file.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A struct of strings and numbers has a text.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Seconds since it was fetched; `None` if that lies ahead.
    pub fn age(&self, now: Clock) -> Option<u64> {
        (self.fetched <= now.0 + AHEAD).then(|| now.0.saturating_sub(self.fetched))
    }
}

#[cfg(test)]
impl State {
    /// A state that some test needs.
    pub fn sample(url: &str) -> Self {
        Self {
            version: VERSION,
            url: url.to_owned(),
            commit: "0".repeat(40),
            committed: 0,
            fetched: 0,
            newest: "2026-01-01".to_owned(),
            advisories: 1,
            digest: String::new(),
            directory: "0".to_owned(),
        }
    }
}
