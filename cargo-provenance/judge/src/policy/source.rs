//! `[source]`: who may sign commits, and since when they must.

use std::path::Path;

use toml_span::Span;
use toml_span::value::{Table, ValueInner};

use super::reader::{Reader, Result, quoted};
use super::{At, POLICY_BYTES, Policy, PolicyError, PolicyErrorKind};
use crate::model::OpenPgpKey;

/// Keys of `[source]`.
const KEYS: [&str; 4] = ["openpgp", "paths", "signers", "since"];

/// Bytes of a path: no system opens a longer one (`PATH_MAX` of Linux).
const PATH_BYTES: usize = 4_096;

/// What the policy says about commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceRules {
    /// The file that lists the signers, relative to the policy's, `/`-separated.
    pub signers: Option<At<String>>,
    /// The commit from which on commits must be signed: its whole name.
    pub since: Option<At<String>>,
    /// OpenPGP keys that count besides.
    pub openpgp: Vec<At<OpenPgpKey>>,
    /// What belongs to the workspace besides its folder, relative to that, `/`-separated.
    pub paths: Vec<At<String>>,
}

impl Reader<'_> {
    pub(super) fn source(&self, table: Table<'_>) -> Result<SourceRules> {
        self.known(&table, "source", &KEYS)?;
        let mut rules = SourceRules::default();
        for (key, value) in table {
            let line = self.line(key.span);
            let text = |wanted: &str, help: &str, fits: fn(&str) -> bool| match value.as_str() {
                Some(text) if fits(text) => Ok(Some(At { value: text.to_owned(), line })),
                Some(text) => {
                    let what = format!("`{}` is not {wanted}", quoted(text));
                    Err(self.invalid(value.span, &what, help))
                }
                None => Err(self.wanted(&value, &format!("`{}`", key.name), "a string", help)),
            };
            match &*key.name {
                "signers" => {
                    let help = "write a path relative to this file, such as `\"allowed_signers\"`";
                    rules.signers = text("a relative path", help, is_path)?;
                }
                "since" => {
                    // A branch or a tag is moved by whoever may push.
                    let help = "write all 40 or 64 digits of a commit, as `git rev-parse HEAD` prints them";
                    rules.since = text("the whole name of a commit", help, is_commit)?;
                }
                "openpgp" => {
                    let help = "write `\"ADDRESS FINGERPRINT\"` with all digits of the fingerprint";
                    rules.openpgp = self.strings(value, "openpgp", OpenPgpKey::parse, help)?;
                }
                _ => {
                    let help = "write paths relative to this file, such as `\"../libs\"`";
                    let path = |text: &str| is_path(text).then(|| text.to_owned());
                    rules.paths = self.strings(value, "paths", path, help)?;
                }
            }
        }
        Ok(rules)
    }
}

impl Policy {
    /// What the policy says about commits; `None` where it has no `[source]`.
    pub fn source_rules(&self) -> Option<&SourceRules> {
        self.source.as_ref()
    }

    /// Reads nothing but `[source]` of a policy of another revision, which may be one that no reader of today accepts in the whole.
    ///
    /// # Errors
    ///
    /// A text that is no TOML, a table that cannot be read.
    pub fn source_rules_of(bytes: &[u8], file: &Path) -> Result<Option<SourceRules>, PolicyError> {
        let fault = |what: &str| PolicyError {
            file: file.to_owned(),
            line: 0,
            kind: PolicyErrorKind::Invalid,
            what: what.to_owned(),
            help: "name another revision".to_owned(),
        };
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= POLICY_BYTES);
        let text = text.ok_or_else(|| fault("is no text that a policy can have"))?;
        let mut root = toml_span::parse(text).map_err(|_| fault("is not TOML"))?;
        let ValueInner::Table(mut root) = root.take() else { return Err(fault("is not a table")) };
        let reader = Reader { text, file };
        let Some(mut source) = root.remove("source") else { return Ok(None) };
        let table = reader.table(&mut source, Span::new(0, 0), "source")?;
        reader.source(table).map(Some)
    }
}

fn is_path(text: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '[');
    !text.is_empty() && text.len() <= PATH_BYTES && !text.starts_with('/') && !text.chars().any(odd)
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::SAMPLES;
    use super::*;

    fn read(lines: &str) -> Result<Policy> {
        let text = format!("version = 1\n[source]\n{lines}\n");
        Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES)
    }

    #[test]
    fn the_table_is_read_with_its_lines() {
        let commit = "0123456789".repeat(4);
        let fingerprint = "968479A1AFF927E37D1A566BB5690EEEBB952194";
        let policy = read(&format!(
            "signers = \"keys/allowed_signers\"\nsince = \"{commit}\"\nopenpgp = [\"a@example.org {fingerprint}\"]\npaths = [\"../libs\"]"
        ));
        let policy = policy.expect("a policy");
        let rules = policy.source_rules().expect("rules");
        assert_eq!(rules.signers, Some(At { value: "keys/allowed_signers".to_owned(), line: 3 }));
        assert_eq!(rules.since.as_ref().map(|at| (&at.value, at.line)), Some((&commit, 4)));
        assert_eq!(rules.openpgp[0].value.fingerprint, fingerprint);
        assert_eq!(rules.paths[0].value, "../libs");
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        for (lines, what) in [
            ("sinse = \"x\"", "`sinse` is not a key of `source`"),
            ("since = \"main\"", "`main` is not the whole name of a commit"),
            ("since = \"0123abc\"", "`0123abc` is not the whole name of a commit"),
            ("signers = \"/etc/signers\"", "`/etc/signers` is not a relative path"),
            ("signers = [\"a\"]", "`signers` is a string, found: array"),
            ("openpgp = [\"B5690EEEBB952194\"]", "`B5690EEEBB952194` is not an entry for `openpgp`"),
            ("paths = [\"a\\\\b\"]", "`a\\b` is not an entry for `paths`"),
        ] {
            let error = read(lines).expect_err(lines).to_string();
            assert!(error.starts_with("Provenance.toml:3: ") && error.contains(what), "{error}");
        }
    }

    #[test]
    fn another_revision_is_read_without_the_rest() {
        let file = Path::new("Provenance.toml");
        let text = b"version = 7\n[unheard-of]\nx = 1\n[source]\nsigners = \"s\"\n";
        let rules = Policy::source_rules_of(text, file).expect("read").expect("there");
        assert_eq!(rules.signers.map(|at| at.value).as_deref(), Some("s"));
        assert_eq!(Policy::source_rules_of(b"version = 1\n", file).expect("read"), None);
        for bad in [&b"source = 1"[..], b"[source]\nsinners = \"x\"", b"\xff", b"[[["] {
            assert!(Policy::source_rules_of(bad, file).is_err());
        }
    }
}
