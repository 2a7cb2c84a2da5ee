//! What an advisory says, as the databases at hand have it.

use std::path::Path;

use provenance_build::PackageId;

use super::text::Text;
use crate::advisory::{Coverage, Hit, Hits, coverage};
use crate::collect::advisories::Advisories;
use crate::model::Surroundings;
use crate::policy::Policy;
use crate::report::failure::{Failure, Kind};

/// The beginnings of the ids that databases give.
const BEGINNINGS: [&str; 3] = ["CVE-", "GHSA-", "RUSTSEC-"];

/// Whether a word is meant for the id of an advisory.
pub(super) fn is_id(word: &str) -> bool {
    BEGINNINGS
        .iter()
        .any(|beginning| word.get(..beginning.len()).is_some_and(|it| it.eq_ignore_ascii_case(beginning)))
}

/// The text about the advisory that `word` names.
pub(super) fn explain(
    surroundings: &Surroundings,
    root: &Path,
    policy: &Policy,
    word: &str,
) -> Result<String, Failure> {
    let advisories = Advisories::read(surroundings, policy, root);
    let databases = advisories.databases().collect::<Vec<_>>();
    let found = databases.iter().flat_map(|database| database.named(word)).collect::<Vec<_>>();
    if found.is_empty() {
        let what = format!("no advisory database at hand has `{word}`");
        let failure =
            Failure::new(Kind::Usage, what).help("`cargo provenance db update` fetches the databases anew");
        return Err(advisories.faults().into_iter().fold(failure, Failure::help));
    }
    Ok(found.into_iter().map(|(package, hit)| text(package, hit)).collect::<Vec<_>>().join("\n"))
}

fn text(package: &str, hit: &Hit) -> String {
    let mut text = Text::headed(&format!("{} ({})\n\n  {}\n", hit.id, hit.kind.as_str(), hit.title));
    text.line("package", package);
    text.line("reported", &hit.date.to_string());
    text.line("patched", &patched(hit));
    for (head, all) in [
        ("unaffected", &hit.unaffected),
        ("functions", &hit.functions),
        ("only on", &hit.platforms),
        ("also called", &hit.aliases),
    ] {
        if !all.is_empty() {
            text.line(head, &all.join(", "));
        }
    }
    text.lines("more", hit.url.clone());
    text.into_string()
}

/// The versions that an advisory calls patched.
pub(super) fn patched(hit: &Hit) -> String {
    if hit.patched.is_empty() { "no version".to_owned() } else { hit.patched.join(", ") }
}

/// What the databases at hand say of a package, a line each. That nothing could be looked up is no good sign, and is told.
pub(super) fn about(advisories: &Advisories, package: &PackageId) -> Vec<String> {
    if let Coverage::NotCovered(why) = coverage(package) {
        return vec![format!("not checked: it {why}, of which no database speaks")];
    }
    let Hits { hits, unreadable } = advisories.hits(package);
    let known = hits
        .iter()
        .map(|hit| format!("{} ({}): {}; patched: {}", hit.id, hit.kind.as_str(), hit.title, patched(hit)));
    let odd =
        unreadable.iter().map(|odd| format!("not checked: `{}` may be about it and {}", odd.path, odd.why));
    let faults = advisories.faults().into_iter().map(|fault| format!("not checked: {fault}"));
    let mut lines = known.chain(odd).chain(faults).collect::<Vec<_>>();
    if lines.is_empty() {
        lines.push(match advisories.newest() {
            Some(newest) => format!("none is known; the newest at hand is of {newest}"),
            None => "not checked: the policy names no database".to_owned(),
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn an_id_is_told_from_a_package() {
        for id in ["RUSTSEC-2022-0042", "rustsec-2022-0042", "CVE-2026-5223", "GHSA-a-b-c"] {
            assert!(is_id(id), "{id}");
        }
        for package in ["rustsec", "rust", "cve", "é", ""] {
            assert!(!is_id(package), "{package}");
        }
    }
}
