//! `[names]`: names that the team means, and names that belong to it.

use provenance_build::{PackageName, Source};
use toml_span::value::{Table, Value, ValueInner};

use super::reader::{Reader, Result, quoted};
use super::{At, Glob, is_registry};

/// The settings of `[names]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) known: Vec<At<PackageName>>,
    pub(super) internal: Vec<At<Internal>>,
}

/// Names that belong to the team: no public registry offers what is meant by them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Internal {
    /// The names, `*` for any part of one. Case, `-` and `_` make no difference.
    names: Glob,
    /// The only registry that packages of these names come from; any but crates.io, where none is given.
    pub registry: Option<String>,
}

const INTERNAL_HELP: &str =
    "write a name or a pattern such as `\"acme-*\"`, or `{ name = \"acme-*\", registry = \"corp\" }`";

impl Internal {
    /// Whether a name belongs to the team.
    pub fn covers(&self, name: &PackageName) -> bool {
        self.names.matches(&plain(name.as_str()))
    }

    /// Whether what comes from `source` is not what the team means by these names.
    pub fn is_foreign(&self, source: &Source, index_of: impl Fn(&str) -> Option<String>) -> bool {
        match &self.registry {
            Some(registry) => !is_registry(source, registry, index_of),
            None => source.is_crates_io(),
        }
    }

    /// Where packages of these names come from, for messages.
    pub fn origin(&self) -> String {
        match &self.registry {
            Some(registry) => format!("packages called `{}` come from `{registry}` alone", self.pattern()),
            None => format!("packages called `{}` do not come from crates.io", self.pattern()),
        }
    }

    /// The pattern, for messages.
    pub fn pattern(&self) -> &str {
        self.names.as_str()
    }
}

/// A name as registries compare names.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// A pattern that says something about a name: without a letter it would stand for every package there is.
fn pattern(text: &str) -> Option<Glob> {
    let is_pattern = text.len() <= 128
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*' | b'?'));
    is_pattern.then(|| Glob::parse(&plain(text))).flatten()
}

impl Reader<'_> {
    pub(super) fn names(&self, table: Table<'_>) -> Result<Names> {
        self.known(&table, "names", &["internal", "known"])?;
        let mut names = Names::default();
        for (key, value) in table {
            if key.name == "known" {
                let help = "name packages, without a version";
                names.known = self.strings(value, "known", PackageName::parse, help)?;
                continue;
            }
            for mut entry in self.array(value, "internal")? {
                let line = self.line(entry.span);
                names.internal.push(At { value: self.internal(&mut entry)?, line });
            }
        }
        Ok(names)
    }

    fn internal(&self, entry: &mut Value<'_>) -> Result<Internal> {
        let mut registry = None;
        let mut name = Value::with_span(entry.take(), entry.span);
        if matches!(name.as_ref(), ValueInner::Table(_)) {
            let span = name.span;
            let mut table = self.table(&mut name, span, "internal")?;
            self.known(&table, "names.internal", &["name", "registry"])?;
            if let Some(value) = table.remove("registry") {
                registry = Some(self.registry_name(&value)?);
            }
            name = match table.remove("name") {
                Some(name) => name,
                None => {
                    return Err(self.invalid(span, "an entry of `internal` has no `name`", INTERNAL_HELP));
                }
            };
        }
        let Some(text) = name.as_str() else {
            return Err(self.wanted(&name, "an entry of `internal`", "a string or a table", INTERNAL_HELP));
        };
        match pattern(text) {
            Some(names) => Ok(Internal { names, registry }),
            None => {
                let what = format!("`{}` is not an entry for `internal`", quoted(text));
                Err(self.invalid(name.span, &what, INTERNAL_HELP))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::policy::catalogue::SAMPLES;
    use crate::policy::{Policy, PolicyError};

    fn read(text: &str) -> Result<Policy, PolicyError> {
        Policy::parse(format!("version = 1\n[names]\n{text}\n").as_bytes(), Path::new("p"), SAMPLES)
    }

    #[test]
    fn internal_names_are_patterns_in_any_spelling() {
        let policy = read("internal = [\n  \"Acme_*\",\n  { name = \"billing\", registry = \"corp\" } ]")
            .expect("a policy");
        let [acme, billing] = policy.internal() else { panic!("two") };
        assert_eq!((acme.line, billing.line), (4, 5));
        assert_eq!(billing.value.registry.as_deref(), Some("corp"));
        for (name, expected) in
            [("acme-core", true), ("ACME_core", true), ("acme", false), ("my-acme-core", false)]
        {
            let name = PackageName::parse(name).expect("a name");
            assert_eq!(acme.value.covers(&name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for (text, message) in [
            ("internal = [\"*\"]", "`*` is not an entry for `internal`"),
            ("internal = [\"a/b\"]", "`a/b` is not an entry for `internal`"),
            ("internal = [1]", "an entry of `internal` is a string or a table, found: integer"),
            ("internal = [{ registry = \"corp\" }]", "an entry of `internal` has no `name`"),
            ("internal = [{ name = \"a\", registry = \"a b\" }]", "`a b` is not a registry"),
            ("internal = [{ name = \"a\", from = \"b\" }]", "`from` is not a key of `names.internal`"),
            ("known = [\"a@1\"]", "`a@1` is not an entry for `known`"),
            ("knwon = []", "`knwon` is not a key of `names`"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.starts_with("p:3: ") && error.contains(message), "{text}: {error}");
        }
    }
}
