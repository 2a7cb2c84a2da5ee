//! `[audits]`: whether packages must have been reviewed, against which criteria, and whose reviews count.

mod auditor;
mod crev;
mod edit;
mod import;
mod people;
mod publishers;

use toml_span::Span;
use toml_span::value::{Table, Value, ValueInner};

use super::reader::{Reader, Result, quoted};
use super::{At, MaxAge};

pub use auditor::{Auditor, address, identity};
pub use crev::{Agents, CrevReviewer};
pub use edit::{ImportEditError, with_import, with_pin};
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
    /// What is to be asked of packages that only tests need, in the place of that.
    pub dev_criteria: Option<Vec<String>>,
    /// How old a release must be before the name of its publisher counts.
    pub publisher_age: Option<At<MaxAge>>,
    /// Who is asked who published what.
    pub publishers_from: Option<String>,
    /// The sets of others, by name.
    pub imports: Vec<At<AuditImport>>,
    /// Whether reviews of the team itself count only for the bytes that were looked at.
    pub bound: At<bool>,
    /// Whether they count only with the signature of whoever they name.
    pub signed: At<bool>,
    /// How many different people must vouch for each version; one where nothing is set.
    pub reviewers: At<u8>,
    /// Whether reviews count of what their author published.
    pub self_reviews: bool,
    /// The people who review for the team, by name.
    pub auditors: Vec<At<Auditor>>,
    /// Those who sign with crev, by name.
    pub crev: Vec<At<CrevReviewer>>,
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
        let publisher_age = self.publisher_age.as_mut().map(|at| &mut at.line);
        for at in
            [&mut self.required.line, &mut self.bound.line, &mut self.reviewers.line, &mut self.signed.line]
                .into_iter()
                .chain(publisher_age)
        {
            *at = line(*at);
        }
        for at in &mut self.auditors {
            at.line = line(at.line);
        }
        for at in &mut self.imports {
            at.line = line(at.line);
            if let Some(folder) = folder {
                at.value.path = format!("{folder}/{}", at.value.path);
            }
        }
        for at in &mut self.crev {
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
            &[
                "auditor",
                "bound",
                "crev",
                "criteria",
                "dev-criteria",
                "import",
                "publisher-age",
                "publishers-from",
                "required",
                "reviewers",
                "self-reviews",
                "signed",
            ],
        )?;
        let signed = table.get("signed").map(|value| value.span);
        let mut rules = AuditRules::default();
        let mut dev = None;
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
                "auditor" => rules.auditors = self.auditors(value, key.span)?,
                "publisher-age" => {
                    rules.publisher_age = Some(self.publisher_age(&value, self.line(key.span))?);
                }
                "publishers-from" => rules.publishers_from = Some(self.publishers_from(&value)?),
                "reviewers" => {
                    rules.reviewers = At { value: self.reviewers(&value)?, line: self.line(key.span) };
                }
                "self-reviews" => rules.self_reviews = self.boolean(&value, "self-reviews")?,
                name @ ("bound" | "signed") => {
                    let at = At { value: self.boolean(&value, name)?, line: self.line(key.span) };
                    *(if name == "bound" { &mut rules.bound } else { &mut rules.signed }) = at;
                }
                name @ ("criteria" | "dev-criteria") => {
                    let span = value.span;
                    let names = self.names_or_name(value, name)?;
                    if names.is_empty() {
                        let help = "name one, such as `\"safe-to-deploy\"`, or remove the line";
                        return Err(self.invalid(span, &format!("`{name}` names no criterion"), help));
                    }
                    match name {
                        "criteria" => rules.criteria = Some(names),
                        _ => {
                            rules.dev_criteria = Some(names);
                            dev = Some(span);
                        }
                    }
                }
                "crev" => rules.crev = self.crev_reviewers(&mut value, key.span)?,
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
        // Without the one, cargo-vet's own rules count, which have a place for the other.
        if let (Some(span), None) = (dev, &rules.criteria) {
            let help = "set `criteria` too, or `dev-criteria` in `[policy]` of cargo-vet's `config.toml`";
            return Err(self.invalid(span, "`dev-criteria` stands without `criteria`", help));
        }
        rules.imports.sort_by(|a, b| a.value.name.cmp(&b.value.name));
        rules.auditors.sort_by(|a, b| a.value.name.cmp(&b.value.name));
        match signed {
            Some(span) if rules.signed.value && rules.auditors.iter().all(|at| at.value.keys.is_empty()) => {
                let help = "name who signs: `[audits.auditor.NAME]` with `who` and `keys`";
                Err(self.invalid(span, "`signed` is set, and no auditor has a key", help))
            }
            _ => Ok(rules),
        }
    }

    fn crev_reviewers(&self, value: &mut Value<'_>, key: Span) -> Result<Vec<At<CrevReviewer>>> {
        let mut reviewers: Vec<At<CrevReviewer>> = vec![];
        for (name, mut value) in self.table(value, key, "audits.crev")? {
            let line = self.line(name.span);
            let place = format!("audits.crev.{}", quoted(&name.name));
            let table = self.table(&mut value, name.span, &place)?;
            let value = self.crev(&name.name, name.span, table)?;
            // Whoever counts reviewers would count this one twice.
            if let Some(same) = reviewers.iter().find(|at| at.value.key == value.key) {
                let what = format!("`{}` has the id of `{}`", value.name, same.value.name);
                return Err(self.invalid(name.span, &what, "name a folder that has both their proofs"));
            }
            reviewers.push(At { value, line });
        }
        if reviewers.len() > IMPORTS {
            let what = format!("there are {} reviewers, and at most {IMPORTS} are read", reviewers.len());
            return Err(self.invalid(key, &what, "keep those whose reviews are of use"));
        }
        reviewers.sort_by(|a, b| a.value.name.cmp(&b.value.name));
        Ok(reviewers)
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
    fn an_import_that_is_fetched_has_a_place_and_no_digest_before_that() {
        let text =
            "[audits.import.mozilla]\nurl = \"https://example.org/a?format=TEXT\"\nmax-age = \"90 days\"\n";
        let policy = policy(text).expect("a policy");
        let import = &policy.audits().expect("rules").imports[0].value;
        assert_eq!((import.path.as_str(), import.sha256), ("audits/mozilla.toml", None));
        assert_eq!(import.urls[0].as_written(), "https://example.org/a?format=TEXT");
        let fetched = |rest: &str| import_of(&format!("url = [\"https://h/a\", \"https://h/b\"]\n{rest}"));
        assert_eq!(fetched("").expect("two").urls.len(), 2);
        for path in [
            "Cargo.toml",
            "member/cargo.toml",
            ".cargo/config.toml",
            "a/.x/b.toml",
            "set.rs",
            ".toml",
            "a//b.toml",
        ] {
            let error = fetched(&format!("path = \"{path}\"\n")).expect_err(path);
            assert!(error.contains("is no place for what is fetched"), "{error}");
        }
        for (url, message) in [
            ("\"http://example.org/a\"", "is not protected; only `https` is fetched"),
            ("\"https://me:secret@example.org/a\"", "`example.org/a` holds credentials"),
            ("\"../sets/a.toml\"", "is no `https` address"),
            ("[]", "`url` has 0 addresses"),
            ("1", "`url` is a string, found: integer"),
        ] {
            let error = import_of(&format!("url = {url}\n")).expect_err(url);
            assert!(error.contains(message) && !error.contains("secret"), "{error}");
        }
    }

    fn import_of(rest: &str) -> std::result::Result<AuditImport, String> {
        let policy = policy(&format!("[audits.import.a]\n{rest}")).map_err(|error| error.to_string())?;
        Ok(policy.audits().expect("rules").imports[0].value.clone())
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
            (&import("").replace(".mozilla", ".\"..\""), "`..` is not a name for an import"),
        ] {
            let error = policy(text).expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
