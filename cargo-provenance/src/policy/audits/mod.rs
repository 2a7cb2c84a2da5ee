//! `[audits]`: whether packages must have been reviewed, against which criteria, and whose reviews count.

mod import;
mod publishers;

use toml_span::value::{Table, Value, ValueInner};

use super::reader::{Reader, Result, quoted};
use super::{At, MaxAge};

pub use import::{AuditImport, EntryKind};

/// Imports of one policy: each is read whole.
const IMPORTS: usize = 64;

/// Bytes of a name, a path or an entry of a filter.
const TEXT_BYTES: usize = 1_024;

/// The settings of `[audits]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRules {
    /// Of which packages reviews are required, and the line that says so; 0 for the default.
    pub required: At<Required>,
    /// What they are to be reviewed against.
    pub criteria: Option<Vec<String>>,
    /// How old a release must be before the name of its publisher counts.
    pub publisher_age: Option<At<MaxAge>>,
    /// Who is asked who published what.
    pub publishers_from: Option<String>,
    /// The sets of others, by name.
    pub imports: Vec<At<AuditImport>>,
}

/// Of which packages reviews are required.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Required {
    /// Of none; what reviews say still counts.
    #[default]
    None,
    /// Of what is not pinned yet.
    New,
    /// Of all.
    All,
}

impl AuditRules {
    /// Moves it to other lines, and its files to another folder.
    pub(super) fn shift(&mut self, line: impl Fn(u32) -> u32, folder: Option<&str>) {
        self.required.line = line(self.required.line);
        if let Some(at) = &mut self.publisher_age {
            at.line = line(at.line);
        }
        for at in &mut self.imports {
            at.line = line(at.line);
            if let Some(folder) = folder {
                at.value.path = format!("{folder}/{}", at.value.path);
            }
        }
    }
}

impl Reader<'_> {
    pub(super) fn audits(&self, table: Table<'_>) -> Result<AuditRules> {
        self.known(
            &table,
            "audits",
            &["criteria", "import", "publisher-age", "publishers-from", "required"],
        )?;
        let mut rules = AuditRules::default();
        for (key, mut value) in table {
            match &*key.name {
                "required" => {
                    let required = match value.as_str() {
                        Some("none") => Required::None,
                        Some("new") => Required::New,
                        Some("all") => Required::All,
                        _ => {
                            let what = "`required` is not `none`, `new` or `all`";
                            let help = "write `\"none\"`, `\"new\"` or `\"all\"`";
                            return Err(self.invalid(value.span, what, help));
                        }
                    };
                    rules.required = At { value: required, line: self.line(key.span) };
                }
                "publisher-age" => {
                    rules.publisher_age = Some(self.publisher_age(&value, self.line(key.span))?);
                }
                "publishers-from" => rules.publishers_from = Some(self.publishers_from(&value)?),
                "criteria" => {
                    let span = value.span;
                    let names = self.names_or_name(value, "criteria")?;
                    if names.is_empty() {
                        let help = "name one, such as `\"safe-to-deploy\"`, or remove the line";
                        return Err(self.invalid(span, "`criteria` names no criterion", help));
                    }
                    rules.criteria = Some(names);
                }
                _ => {
                    for (name, mut value) in self.table(&mut value, key.span, "audits.import")? {
                        let line = self.line(name.span);
                        let table = self.table(
                            &mut value,
                            name.span,
                            &format!("audits.import.{}", quoted(&name.name)),
                        )?;
                        rules.imports.push(At { value: self.import(&name.name, name.span, table)?, line });
                    }
                    if rules.imports.len() > IMPORTS {
                        let what = format!(
                            "there are {} imports, and at most {IMPORTS} are read",
                            rules.imports.len()
                        );
                        return Err(self.invalid(key.span, &what, "put several into one"));
                    }
                }
            }
        }
        rules.imports.sort_by(|a, b| a.value.name.cmp(&b.value.name));
        Ok(rules)
    }

    fn names_or_name(&self, mut value: Value<'_>, name: &str) -> Result<Vec<String>> {
        let span = value.span;
        let value = match value.take() {
            text @ ValueInner::String(_) => {
                Value::with_span(ValueInner::Array(vec![Value::with_span(text, span)]), span)
            }
            other => Value::with_span(other, span),
        };
        let is_plain = |text: &str| {
            !text.is_empty() && text.len() <= TEXT_BYTES && !text.chars().any(crate::model::is_harmful)
        };
        let help = "write a name in quotes, or a list of them";
        let names = self.strings(value, name, |text| is_plain(text).then(|| text.to_owned()), help)?;
        Ok(names.into_iter().map(|at| at.value).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::catalogue::SAMPLES;
    use super::super::{Policy, PolicyError};
    use super::*;

    fn policy(audits: &str) -> std::result::Result<Policy, PolicyError> {
        let text = format!("version = 1\n[audits]\n{audits}");
        Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES)
    }

    fn import(rest: &str) -> String {
        let digest = "a".repeat(64);
        format!("[audits.import.mozilla]\npath = \"sets/mozilla.toml\"\nsha256 = \"{digest}\"\n{rest}")
    }

    #[test]
    fn every_setting_is_read_with_its_line() {
        let filters = "date = \"2026-11-01\"\nmax-age = \"90 days\"\ncrates = [\"a\", \"b\"]\nexclude = \"c\"\n\
                       auditors = [\"a@example.org\"]\ncriteria = \"safe-to-run\"\nkinds = [\"full\", \"delta\"]\n\
                       criteria-map = { theirs = \"safe-to-run\" }\n";
        let text = format!("required = \"all\"\ncriteria = \"safe-to-run\"\n{}", import(filters));
        let policy = policy(&text).expect("a policy");
        let rules = policy.audits().expect("rules");
        assert_eq!(rules.required, At { value: Required::All, line: 3 });
        assert_eq!(rules.criteria.as_deref(), Some(&["safe-to-run".to_owned()][..]));
        let At { value: import, line } = &rules.imports[0];
        assert_eq!((import.name.as_str(), *line), ("mozilla", 5));
        assert_eq!(import.kinds, Some(vec![EntryKind::Full, EntryKind::Delta]));
        assert_eq!(import.exclude, ["c"]);
        assert_eq!(import.criteria_map["theirs"], ["safe-to-run"]);
    }

    #[test]
    fn an_import_without_a_digest_or_with_another_spelling_is_refused() {
        for (text, message) in [
            ("required = \"some\"", "`required` is not `none`, `new` or `all`"),
            ("criteria = []", "`criteria` names no criterion"),
            ("import.mozilla.path = \"x\"", "the import `mozilla` has no `sha256`"),
            (&import("").replace("sets/", "/etc/"), "`/etc/mozilla.toml` is not a relative path"),
            (&import("").replace("aaaa", "zzzz"), "is not a SHA-256"),
            (&import("max-age = \"1 day\"\n"), "has a `max-age` and no `date`"),
            (&import("date = \"2026-13-01\"\n"), "`date` is not a date"),
            (&import("kinds = [\"violation\"]\n"), "`violation` is not an entry for `kinds`"),
            (&import("kind = [\"full\"]\n"), "`kind` is not a key of `audits.import.mozilla`"),
            (&import("").replace(".mozilla", ".\"a b\""), "`a b` is not a name for an import"),
        ] {
            let error = policy(text).expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
