//! What was taken over, and what was left.

use super::super::advisories::DATABASES;

/// Something with the place that it comes from, as `deny.toml:12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// What it is.
    pub value: T,
    /// Where it stood.
    pub origin: String,
}

/// What other tools' files come to in a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Lines of `[checks]`, by check.
    pub checks: Vec<(&'static str, Sourced<String>)>,
    /// The registries that packages may come from.
    pub registries: Option<Sourced<Vec<String>>>,
    /// The git repositories that packages may come from.
    pub git: Option<Sourced<Vec<String>>>,
    /// Beginnings of URLs that packages may come from, whatever repository or registry that is.
    pub prefixes: Vec<Sourced<String>>,
    /// The licenses that packages may have.
    pub licenses: Option<Sourced<Vec<String>>>,
    /// The advisory databases.
    pub databases: Option<Sourced<Vec<String>>>,
    /// How old they may be.
    pub max_age: Option<Sourced<String>>,
    /// Entries of `[[ban]]`, line by line.
    pub bans: Vec<Sourced<Vec<String>>>,
    /// What is to become `[[exception]]`, as far as it fits the packages of the workspace.
    pub ignored: Vec<Sourced<Ignored>>,
    /// How many settings were translated.
    pub number: usize,
    /// What could not be translated.
    pub left: Vec<Left>,
}

/// What a team does not want to hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// An advisory, by its id.
    Advisory {
        /// The id.
        id: String,
        /// Why, if that was said.
        reason: Option<String>,
    },
    /// Licenses of one package.
    License {
        /// The package, as `name` or `name@version`.
        package: String,
        /// The licenses that it alone may have.
        allowed: Vec<String>,
    },
    /// A check about one package.
    Package {
        /// The check's id.
        check: &'static str,
        /// The package, as `name` or `name@version`.
        package: String,
        /// Why, if that was said.
        reason: Option<String>,
    },
}

/// A setting that has no counterpart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Where it stands.
    pub origin: String,
    /// Its key.
    pub key: String,
    /// Why it was left: a lowercase fragment.
    pub why: String,
}

impl Taken {
    /// Adds what another file says. Where both set the same, the first counts.
    pub fn and(mut self, other: Self) -> Self {
        for (id, line) in other.checks {
            match self.checks.iter().find(|(known, _)| *known == id) {
                None => self.checks.push((id, line)),
                Some((_, first)) if first.value == line.value => {}
                Some((_, first)) => self.left.push(Left {
                    why: format!("`{}` sets the same check, and counts", first.origin),
                    origin: line.origin,
                    key: id.to_owned(),
                }),
            }
        }
        self.registries = self.registries.or(other.registries);
        self.git = self.git.or(other.git);
        self.licenses = self.licenses.or(other.licenses);
        self.databases = match (self.databases.take(), other.databases) {
            (Some(mut first), Some(second)) => {
                first.value.extend(second.value);
                first.value.sort();
                first.value.dedup();
                first.value.truncate(DATABASES);
                first.origin = format!("{}, {}", first.origin, second.origin);
                Some(first)
            }
            (first, second) => first.or(second),
        };
        self.max_age = self.max_age.or(other.max_age);
        self.prefixes.extend(other.prefixes);
        self.bans.extend(other.bans);
        for ignored in other.ignored {
            let id = |one: &Ignored| match one {
                Ignored::Advisory { id, .. } => Some(id.clone()),
                Ignored::License { .. } | Ignored::Package { .. } => None,
            };
            let known = self
                .ignored
                .iter()
                .any(|one| id(&one.value).is_some() && id(&one.value) == id(&ignored.value));
            if !known {
                self.ignored.push(ignored);
            }
        }
        self.number += other.number;
        self.left.extend(other.left);
        self
    }
}
