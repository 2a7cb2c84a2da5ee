//! What `[signing]` of the policy says: whether signatures are required, of how many keys, of which, and of which no more.

use std::path::Path;

use toml_span::value::{Table, Value};

use super::key::Fingerprint;
use super::trusted::TrustedKey;
use crate::error::Error;
use crate::moment::Moment;
use crate::toml;

/// Keys of `[signing]`.
pub const KEYS: [&str; 4] = ["keys", "required", "revoked", "threshold"];

const REVOKED: &str =
    "write `\"SHA256:… REASON\"`, or `{ key = \"SHA256:…\", since = \"2027-01-31\", reason = \"…\" }`";

/// Distinct keys that can be demanded: more than a team has.
const MOST_SIGNERS: i64 = 64;

/// Whose signatures count, and how many it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Whether a manifest must be signed.
    pub required: bool,
    /// How many distinct keys must have signed.
    pub threshold: usize,
    /// The keys whose signatures count.
    pub keys: Vec<TrustedKey>,
    /// Keys whose signatures count no more, whoever names them.
    pub revoked: Vec<Revoked>,
}

/// A key that is trusted no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// The key.
    pub key: Fingerprint,
    /// From when on, by the clock of whoever verifies; `None` for ever.
    pub since: Option<Moment>,
    /// Why.
    pub reason: String,
}

impl Default for Trust {
    fn default() -> Self {
        Self { required: false, threshold: 1, keys: vec![], revoked: vec![] }
    }
}

impl Trust {
    /// Reads `[signing]` of a policy's root table, whose text is `text`.
    pub fn of_policy(policy: &Table<'_>, text: &str, file: &Path) -> Result<Self, Error> {
        let mut trust = Self::default();
        let Some(signing) = policy.get("signing") else { return Ok(trust) };
        let fault = |at: &Value<'_>, what: &str, help: &str| {
            Error::invalid(file, toml::line(text, at.span.start), what, help)
        };
        let no_table = || fault(signing, "`signing` is not a table", "write a table, `[signing]`");
        for (key, value) in signing.as_table().ok_or_else(no_table)? {
            let name = &*key.name;
            let list = || {
                let no_list =
                    || fault(value, &format!("`{name}` is not a list"), "write a list in `[` and `]`");
                value.as_array().ok_or_else(no_list)
            };
            match name {
                "required" => {
                    let help = "write `true` or `false`, without quotes";
                    let required = value.as_bool();
                    trust.required =
                        required.ok_or_else(|| fault(value, "`required` is not a boolean", help))?;
                }
                "threshold" => {
                    let number = value.as_integer().filter(|number| (1..=MOST_SIGNERS).contains(number));
                    let what = format!("`threshold` is not a number from 1 to {MOST_SIGNERS}");
                    let help = "write how many distinct keys must sign, such as `threshold = 1`";
                    trust.threshold = number.ok_or_else(|| fault(value, &what, help))? as usize;
                }
                "keys" => {
                    for entry in list()? {
                        let help = "write each key as a text, `\"NAME ssh-ed25519 AAAA…\"`";
                        let line = entry.as_str();
                        let line =
                            line.ok_or_else(|| fault(entry, "an entry of `keys` is not a text", help))?;
                        trust.keys.push(TrustedKey::parse(line, file, toml::line(text, entry.span.start))?);
                    }
                }
                "revoked" => {
                    for entry in list()? {
                        trust.revoked.push(revoked(entry).map_err(|what| fault(entry, what, REVOKED))?);
                    }
                }
                _ => {
                    let line = toml::line(text, key.span.start);
                    let help = format!("known here: `{}`", KEYS.join("`, `"));
                    return Err(Error::invalid(
                        file,
                        line,
                        format!("`{name}` is not a key of `signing`"),
                        help,
                    ));
                }
            }
        }
        Ok(trust)
    }

    /// Why a key is revoked at a moment, if it is.
    pub(super) fn revocation(&self, key: Fingerprint, now: Moment) -> Option<&Revoked> {
        let holds = |revoked: &&Revoked| revoked.key == key && revoked.since.is_none_or(|since| now >= since);
        self.revoked.iter().find(holds)
    }
}

/// Reads an entry of `revoked`.
fn revoked(entry: &Value<'_>) -> Result<Revoked, &'static str> {
    let (key, since, reason) = match (entry.as_str(), entry.as_table()) {
        (Some(text), _) => {
            let (key, reason) = text.split_once(' ').unwrap_or((text, ""));
            (Some(key), None, Some(reason))
        }
        (None, Some(table)) => {
            let known = |key: &str| ["key", "reason", "since"].contains(&key);
            if !table.iter().all(|(key, value)| known(&key.name) && value.as_str().is_some()) {
                return Err("an entry of `revoked` has something else than `key`, `since` and `reason`");
            }
            (toml::string(table, "key"), toml::string(table, "since"), toml::string(table, "reason"))
        }
        _ => return Err("an entry of `revoked` is neither a text nor a table"),
    };
    let key = key.and_then(Fingerprint::parse).ok_or("an entry of `revoked` without a fingerprint")?;
    let day = |day| Moment::day(day).ok_or("`since` is not a day (`YYYY-MM-DD`)");
    let since = since.map(day).transpose()?;
    match reason.unwrap_or_default().trim() {
        "" => Err("a key is revoked without a reason"),
        reason => Ok(Revoked { key, since, reason: reason.to_owned() }),
    }
}
