//! `[audits.crev.NAME]`: a reviewer who signs with crev, and which of their reviews count as what.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use provenance_build::Checksum;
use provenance_build::signing::PublicKey;
use toml_span::Span;
use toml_span::value::{Table, Value};

use super::TEXT_BYTES;
use crate::model::{Rating, ReviewLevel as Level};
use crate::policy::reader::{Reader, Result, quoted};

const LEVEL_HELP: &str = "write `\"none\"`, `\"low\"`, `\"medium\"` or `\"high\"`";

/// A reviewer who signs with crev.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrevReviewer {
    /// What they are called here.
    pub name: String,
    /// Their id, as crev writes it.
    pub id: String,
    /// The key that it is.
    pub key: PublicKey,
    /// A proof file or a folder of them, relative to the policy's.
    pub path: String,
    /// The SHA-256 of the file, where no other is to be taken for it.
    pub sha256: Option<Checksum>,
    /// What a good review is taken to certify.
    pub criteria: Vec<String>,
    /// The least that a good review must come to.
    pub rating: Rating,
    /// How thorough it must have been.
    pub thoroughness: Level,
    /// How much of the code must have been understood.
    pub understanding: Level,
    /// What reviews by language models are worth.
    pub agents: Agents,
    /// Crates for which nothing of it counts, warnings included.
    pub exclude: Vec<String>,
}

/// What reviews by language models are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agents {
    /// As much as others.
    Count,
    /// Nothing, unless they warn.
    Ignore,
}

impl Reader<'_> {
    pub(super) fn crev(&self, name: &str, at: Span, table: Table<'_>) -> Result<CrevReviewer> {
        self.import_name(name, at)?;
        let keys = &[
            "criteria",
            "exclude",
            "id",
            "llm-agent",
            "path",
            "rating",
            "sha256",
            "thoroughness",
            "understanding",
        ];
        self.known(&table, &format!("audits.crev.{name}"), keys)?;
        let required = |key: &str, help: &str| match table.get(key) {
            Some(value) => self.text_of(value, key, help),
            None => Err(self.invalid(at, &format!("the reviewer `{name}` has no `{key}`"), help)),
        };
        let help = "write the id that `cargo crev id query` prints, 43 characters";
        let (id, span) = required("id", help)?;
        let mut bytes = [0; 32];
        let key = match Base64UrlUnpadded::decode(&id, &mut bytes).map(<[u8]>::len) {
            Ok(32) => PublicKey::from_bytes(&bytes),
            _ => Err("no key in base64 for URLs"),
        };
        let key = key.map_err(|why| self.invalid(span, &format!("`{}` is {why}", quoted(&id)), help))?;
        let help =
            "write the path of a proof file or of a folder of them, relative to this file and with `/`";
        let (path, span) = required("path", help)?;
        self.relative(&path, span, help)?;
        let mut reviewer = CrevReviewer {
            name: name.to_owned(),
            id,
            key,
            path,
            sha256: None,
            criteria: vec![],
            rating: Rating::Positive,
            thoroughness: Level::Low,
            understanding: Level::Medium,
            agents: Agents::Ignore,
            exclude: vec![],
        };
        let help = "say what a good review is taken to certify, such as `criteria = \"safe-to-deploy\"`";
        if !table.contains_key("criteria") {
            return Err(self.invalid(at, &format!("the reviewer `{name}` has no `criteria`"), help));
        }
        for (key, value) in table {
            let span = value.span;
            match &*key.name {
                "criteria" => reviewer.criteria = self.names_or_name(value, "criteria")?,
                "exclude" => reviewer.exclude = self.names_or_name(value, "exclude")?,
                "sha256" => {
                    let help = "write the SHA-256 of the file, as `sha256sum` prints it";
                    reviewer.sha256 = Some(self.one_of(&value, "sha256", Checksum::from_hex, help)?);
                }
                "rating" => {
                    let parse = |text: &str| Rating::parse(text).filter(|rating| *rating >= Rating::Positive);
                    let help = "write `\"positive\"` or `\"strong\"`";
                    reviewer.rating = self.one_of(&value, "rating", parse, help)?;
                }
                "thoroughness" => {
                    reviewer.thoroughness = self.one_of(&value, "thoroughness", Level::parse, LEVEL_HELP)?;
                }
                "understanding" => {
                    reviewer.understanding =
                        self.one_of(&value, "understanding", Level::parse, LEVEL_HELP)?;
                }
                "llm-agent" => {
                    let parse = |text: &str| match text {
                        "count" => Some(Agents::Count),
                        "ignore" => Some(Agents::Ignore),
                        _ => None,
                    };
                    let help = "write `\"ignore\"` or `\"count\"`";
                    reviewer.agents = self.one_of(&value, "llm-agent", parse, help)?;
                }
                // `id` and `path` have been read, and `known` let nothing else pass.
                _ => {}
            }
            if reviewer.criteria.is_empty() && &*key.name == "criteria" {
                return Err(self.invalid(span, "`criteria` names no criterion", help));
            }
        }
        Ok(reviewer)
    }

    fn one_of<T>(
        &self,
        value: &Value<'_>,
        key: &str,
        parse: impl Fn(&str) -> Option<T>,
        help: &str,
    ) -> Result<T> {
        let (text, span) = self.text_of(value, key, help)?;
        let what = format!("`{}` is not a value of `{key}`", quoted(&text));
        parse(&text).ok_or_else(|| self.invalid(span, &what, help))
    }

    fn text_of(&self, value: &Value<'_>, key: &str, help: &str) -> Result<(String, Span)> {
        match value.as_str() {
            Some(text) if text.len() <= TEXT_BYTES => Ok((text.to_owned(), value.span)),
            _ => Err(self.invalid(value.span, &format!("`{key}` is not a string, or too long"), help)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::policy::catalogue::SAMPLES;
    use crate::policy::{Policy, PolicyError};

    const ID: &str = "RFs94ITILUKf6EoC8j-_qwMi4t5zhZ7t3bQ7KHmB5QI";

    fn policy(rest: &str) -> std::result::Result<Policy, PolicyError> {
        let text = format!(
            "version = 1\n[audits.crev.kp]\nid = \"{ID}\"\npath = \"crev\"\ncriteria = \"safe-to-deploy\"\n{rest}"
        );
        Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES)
    }

    #[test]
    fn a_reviewer_is_read_with_defaults_that_ask_for_a_review_by_a_person() {
        let rest = policy("").expect("a policy");
        let reviewer = &rest.audits().expect("rules").crev[0];
        assert_eq!((reviewer.line, reviewer.value.id.as_str()), (2, ID));
        let CrevReviewer { rating, thoroughness, understanding, agents, .. } = &reviewer.value;
        assert_eq!((*rating, *thoroughness), (Rating::Positive, Level::Low));
        assert_eq!((*understanding, *agents), (Level::Medium, Agents::Ignore));
        let text = "rating = \"strong\"\nthoroughness = \"high\"\nunderstanding = \"high\"\nllm-agent = \"count\"\nexclude = \"a\"\n";
        let rest = policy(text).expect("a policy");
        let CrevReviewer { rating, agents, exclude, .. } = &rest.audits().expect("rules").crev[0].value;
        assert_eq!((*rating, *agents, exclude.len()), (Rating::Strong, Agents::Count, 1));
    }

    #[test]
    fn misspelt_and_missing_settings_are_refused_with_their_line() {
        let zero = "A".repeat(43);
        for (from, to, message) in [
            ("", "ratings = \"strong\"\n", "Provenance.toml:6: `ratings` is not a key of `audits.crev.kp`"),
            ("", "rating = \"neutral\"\n", "`neutral` is not a value of `rating`"),
            ("", "thoroughness = 3\n", "`thoroughness` is not a string"),
            ("", "llm-agent = \"yes\"\n", "`yes` is not a value of `llm-agent`"),
            ("", "sha256 = \"aa\"\n", "`aa` is not a value of `sha256`"),
            ("criteria = \"safe-to-deploy\"\n", "", "the reviewer `kp` has no `criteria`"),
            ("\"safe-to-deploy\"", "[]", "`criteria` names no criterion"),
            ("path = \"crev\"\n", "", "the reviewer `kp` has no `path`"),
            ("\"crev\"", "\"/crev\"", "`/crev` is not a relative path"),
            (ID, "abc", "`abc` is no key in base64 for URLs"),
            (ID, &zero, "a weak key"),
            ("crev.kp", "crev.\"k p\"", "`k p` is not a name for an import"),
            (
                "version = 1\n",
                &format!(
                    "version = 1\n[audits.crev.b]\nid = \"{ID}\"\npath = \"b\"\ncriteria = \"safe-to-run\"\n"
                ),
                "`kp` has the id of `b`",
            ),
        ] {
            let text = format!(
                "version = 1\n[audits.crev.kp]\nid = \"{ID}\"\npath = \"crev\"\ncriteria = \"safe-to-deploy\"\n"
            );
            let text = if from.is_empty() { format!("{text}{to}") } else { text.replace(from, to) };
            let error = Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES);
            let error = error.map(|_| ()).expect_err(&text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
