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
        let reader = Reader { text, file };
        let mut trust = Self::default();
        let Some(signing) = policy.get("signing") else { return Ok(trust) };
        let help = "write a table, `[signing]`";
        for (key, value) in
            signing.as_table().ok_or_else(|| reader.fault(signing, "`signing` is not a table", help))?
        {
            match &*key.name {
                "required" => {
                    let help = "write `true` or `false`, without quotes";
                    let required = value.as_bool();
                    trust.required =
                        required.ok_or_else(|| reader.fault(value, "`required` is not a boolean", help))?;
                }
                "threshold" => {
                    let number = value.as_integer().filter(|number| (1..=MOST_SIGNERS).contains(number));
                    let help = "write how many distinct keys must sign, such as `threshold = 1`";
                    let what = format!("`threshold` is not a number from 1 to {MOST_SIGNERS}");
                    trust.threshold = number.ok_or_else(|| reader.fault(value, &what, help))? as usize;
                }
                "keys" => {
                    trust.keys = reader
                        .list(value, "keys")?
                        .iter()
                        .map(|it| reader.key(it))
                        .collect::<Result<_, _>>()?
                }
                "revoked" => {
                    let entries = reader.list(value, "revoked")?.iter();
                    trust.revoked = entries.map(|entry| reader.revoked(entry)).collect::<Result<_, _>>()?;
                }
                other => {
                    let help = format!("known here: `{}`", KEYS.join("`, `"));
                    let line = toml::line(text, key.span.start);
                    return Err(Error::invalid(
                        file,
                        line,
                        format!("`{other}` is not a key of `signing`"),
                        help,
                    ));
                }
            }
        }
        Ok(trust)
    }

    /// Why a key is revoked at a moment, if it is.
    pub(super) fn revocation(&self, key: Fingerprint, now: Moment) -> Option<&Revoked> {
        let in_force =
            |revoked: &&Revoked| revoked.key == key && revoked.since.is_none_or(|since| now >= since);
        self.revoked.iter().find(in_force)
    }
}

/// The text of a policy, for the lines of messages.
#[derive(Clone, Copy)]
struct Reader<'t> {
    text: &'t str,
    file: &'t Path,
}

impl Reader<'_> {
    fn fault(self, value: &Value<'_>, what: &str, help: &str) -> Error {
        Error::invalid(self.file, toml::line(self.text, value.span.start), what, help)
    }

    fn list<'v, 'a>(self, value: &'v Value<'a>, name: &str) -> Result<&'v [Value<'a>], Error> {
        let list = value.as_array().map(Vec::as_slice);
        list.ok_or_else(|| {
            self.fault(value, &format!("`{name}` is not a list"), "write a list in `[` and `]`")
        })
    }

    fn key(self, entry: &Value<'_>) -> Result<TrustedKey, Error> {
        let help = "write each key as a text, `\"NAME ssh-ed25519 AAAA…\"`";
        let text =
            entry.as_str().ok_or_else(|| self.fault(entry, "an entry of `keys` is not a text", help))?;
        TrustedKey::parse(text, self.file, toml::line(self.text, entry.span.start))
    }

    /// `"SHA256:… REASON"` or `{ key = "SHA256:…", since = "YYYY-MM-DD", reason = "…" }`.
    fn revoked(self, entry: &Value<'_>) -> Result<Revoked, Error> {
        let help = "write `\"SHA256:… REASON\"`, or `{ key = \"SHA256:…\", since = \"2027-01-31\", reason = \"…\" }`";
        let fault = |what: &str| self.fault(entry, what, help);
        let (key, since, reason) = match (entry.as_str(), entry.as_table()) {
            (Some(text), _) => {
                let (key, reason) = text.split_once(' ').unwrap_or((text, ""));
                (key, None, reason)
            }
            (None, Some(table)) => {
                if table.keys().any(|key| !["key", "reason", "since"].contains(&&*key.name)) {
                    return Err(fault("an entry of `revoked` with a key that is not known"));
                }
                let part = |key: &str| match table.get(key) {
                    Some(value) => value
                        .as_str()
                        .map(Some)
                        .ok_or_else(|| fault("an entry of `revoked` that is not text")),
                    None => Ok(None),
                };
                (part("key")?.unwrap_or_default(), part("since")?, part("reason")?.unwrap_or_default())
            }
            _ => return Err(fault("an entry of `revoked` is neither a text nor a table")),
        };
        let since = match since {
            Some(day) => Some(Moment::day(day).ok_or_else(|| fault("`since` is not a day (`YYYY-MM-DD`)"))?),
            None => None,
        };
        let key =
            Fingerprint::parse(key).ok_or_else(|| fault("an entry of `revoked` without a fingerprint"))?;
        match reason.trim() {
            "" => Err(fault("a key is revoked without a reason")),
            reason => Ok(Revoked { key, since, reason: reason.to_owned() }),
        }
    }
}
