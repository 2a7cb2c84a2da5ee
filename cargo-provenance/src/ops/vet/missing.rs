//! What `vet` says of packages that are not there: no crate of that name, another name, no such version.

use provenance_build::{PackageId, PackageName, Source, Version};

use crate::advisory::{Database, Hit, Kind};
use crate::finding::{Finding, Place, Weight};
use crate::policy::nearest;
use crate::vet::engine::NOT_JUDGED;

/// A package of which nothing can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Missing {
    /// The registry has no package of that name.
    Crate(PackageName),
    /// Its name is the team's own, and what comes from this registry is not what is meant; why, and where that is set. Nobody
    /// was asked, or the registry would know the name.
    Internal(PackageName, String, Place),
    /// It has one under another name.
    Renamed(PackageName, PackageName),
    /// Nothing is known of it, and why.
    Unknown(PackageName, String),
    /// The registry has the package and not the version; the newest one that it has, and whether it was asked just now.
    Version(PackageName, Version, Option<Version>, Asked),
}

/// Whether the registry was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Asked {
    /// It was.
    Now,
    /// Only what cargo has cached is known.
    Before,
}

impl Missing {
    /// The findings about it. `known` are names that may have been meant.
    pub(super) fn findings<'n>(
        &self,
        source: &Source,
        databases: &'n [Database],
        known: impl Iterator<Item = &'n str>,
    ) -> Vec<Finding> {
        let registry = source.display_name();
        let told = |hit: &&Hit| match self {
            Self::Version(_, version, ..) => hit.affects(version),
            Self::Crate(_) | Self::Internal(..) | Self::Renamed(..) | Self::Unknown(..) => true,
        };
        let databases = if source.is_crates_io() { databases } else { &[] };
        let name = self.name().as_str();
        let hits = databases.iter().flat_map(|database| database.about(name)).filter(told);
        let mut findings = hits.map(|hit| reported(name, hit)).collect::<Vec<_>>();
        findings.sort_by_key(|finding| finding.weight);
        findings.dedup();
        let not_judged = |why: &str| {
            Finding::new(NOT_JUDGED, Weight::Denial, format!("`{name}` could not be judged: {why}"))
        };
        findings.push(match self {
            Self::Crate(_) => {
                let honest = databases.iter().flat_map(Database::honest);
                let near = nearest(name, known.chain(honest).filter(|known| *known != name));
                let finding = not_judged(&format!("{registry} has no such crate"));
                match near {
                    Some(near) => finding.help(format!("did you mean `cargo provenance vet {near}`?")),
                    None => finding.help("check the spelling of its name"),
                }
            }
            Self::Internal(_, why, place) => {
                let what = format!("`{name}` is the team's own name, and {registry} was not asked for it");
                let finding = Finding::new("internal-name", Weight::Denial, what).at(place.clone());
                finding.note(why.clone()).help("name the registry that has it with `--registry`")
            }
            Self::Renamed(_, other) => {
                not_judged(&format!("{registry} has no such crate, its name is `{other}`"))
                    .help(format!("run `cargo provenance vet {other}`"))
            }
            Self::Unknown(_, why) => {
                not_judged(why).help(format!("see whether `cargo info {name}` finds it in {registry}"))
            }
            Self::Version(_, version, newest, asked) => {
                let newest_is = newest.as_ref().map(|newest| format!("; the newest is `{newest}`"));
                let what = format!("has no version `{version}`{}", newest_is.unwrap_or_default());
                let finding = match asked {
                    Asked::Now => {
                        Finding::new("version-vanished", Weight::Denial, format!("`{name}` {what}"))
                            .note("one that is gone was deleted by its owner, or for malice")
                    }
                    Asked::Before => not_judged(&format!("what cargo has cached of {registry} {what}")),
                };
                let newest = newest.iter();
                let finding = finding.about(PackageId {
                    name: self.name().clone(),
                    version: version.clone(),
                    source: Some(source.clone()),
                });
                newest.fold(finding, |finding, newest| {
                    finding.help(format!("run `cargo provenance vet {name}@{newest}`"))
                })
            }
        });
        findings
    }

    fn name(&self) -> &PackageName {
        match self {
            Self::Crate(name)
            | Self::Internal(name, ..)
            | Self::Renamed(name, _)
            | Self::Unknown(name, _)
            | Self::Version(name, ..) => name,
        }
    }
}

/// An advisory about a package that is not there to be judged. Only malice speaks against it: whoever asks again may come
/// upon the same name.
fn reported(name: &str, hit: &Hit) -> Finding {
    let weight = if hit.kind == Kind::Malicious { Weight::Denial } else { Weight::Note };
    let message = format!("`{name}` {}: {} ({})", hit.kind.says(), hit.title, hit.id);
    let mut finding = Finding::new(hit.kind.as_str(), weight, message);
    finding.subject = Some(hit.id.clone());
    finding.notes.extend(hit.url.as_ref().map(|url| format!("reported on {}, {url}", hit.date)));
    match hit.kind {
        Kind::Malicious => {
            finding.help("where it was ever built, treat the secrets of that machine as stolen")
        }
        Kind::Vulnerability | Kind::Unsound | Kind::Unmaintained | Kind::Notice => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advisory::parse;
    use crate::model::Date;

    fn database() -> Database {
        let advisory = |package: &str, id: &str, rest: &str| {
            let text = format!(
                "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-01-02\"\n{rest}\n[versions]\n\
                 patched = [\">= 2.0.0\"]\n```\n\n# A title\n\nWords.\n"
            );
            parse(&format!("crates/{package}/{id}.md"), Ok(text.as_bytes()))
        };
        let files = vec![
            advisory("rustdecimal", "RUSTSEC-2026-0001", ""),
            advisory("rustdecimal", "RUSTSEC-2026-0002", "categories = [\"malicious\"]"),
            advisory("rust_decimal", "RUSTSEC-2026-0003", ""),
            advisory("rustdecimals", "RUSTSEC-2026-0004", "categories = [\"malicious\"]"),
        ];
        Database::assemble(files, 0, Date::parse("2026-11-23").expect("a date"))
    }

    fn said(missing: &Missing) -> Vec<(&'static str, Weight, String)> {
        let source = Source::parse(provenance_build::name::CRATES_IO).expect("a source");
        let findings = missing.findings(&source, &[database()], ["tokio"].into_iter());
        let said = findings
            .into_iter()
            .map(|it| (it.id, it.weight, format!("{} {}", it.message, it.help.join(" "))));
        said.collect()
    }

    fn name(name: &str) -> PackageName {
        PackageName::parse(name).expect("a name")
    }

    #[test]
    fn malice_comes_first_and_is_never_suggested() {
        let said = said(&Missing::Crate(name("rustdecimal")));
        let ids = said.iter().map(|(id, weight, _)| (*id, *weight)).collect::<Vec<_>>();
        assert_eq!(
            ids,
            [("malicious", Weight::Denial), ("vulnerability", Weight::Note), ("not-judged", Weight::Denial)]
        );
        assert!(
            said[2]
                .2
                .ends_with("crates-io has no such crate did you mean `cargo provenance vet rust_decimal`?"),
            "{said:?}"
        );
    }

    #[test]
    fn what_the_workspace_has_is_suggested() {
        let said = said(&Missing::Crate(name("tokyo")));
        assert!(said[0].2.ends_with("did you mean `cargo provenance vet tokio`?"), "{said:?}");
    }

    #[test]
    fn only_advisories_about_the_version_are_told_of_it() {
        let version = |text: &str| Version::parse(text).expect("a version");
        for (asked, of, expected) in [
            (Asked::Now, "1.0.0", vec!["malicious", "vulnerability", "version-vanished"]),
            (Asked::Now, "2.0.1", vec!["version-vanished"]),
            (Asked::Before, "2.0.1", vec!["not-judged"]),
        ] {
            let missing = Missing::Version(name("rustdecimal"), version(of), Some(version("3.0.0")), asked);
            let said = said(&missing);
            assert_eq!(said.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), expected);
            assert!(
                said.last()
                    .expect("one")
                    .2
                    .contains("the newest is `3.0.0` run `cargo provenance vet rustdecimal@3.0.0`"),
                "{said:?}"
            );
        }
    }
}
