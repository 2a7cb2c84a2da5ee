//! What an advisory says, as the databases at hand have it.

use std::path::Path;

use crate::advisory::Hit;
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
    let mut text = format!("{} ({})\n\n  {}\n\n", hit.id, hit.kind.as_str(), hit.title);
    let mut line = |head: &str, what: String| text.push_str(&format!("  {head:12}{what}\n"));
    line("package", package.to_owned());
    line("reported", hit.date.to_string());
    line("patched", if hit.patched.is_empty() { "no version".to_owned() } else { hit.patched.join(", ") });
    for (head, all) in [
        ("unaffected", &hit.unaffected),
        ("functions", &hit.functions),
        ("only on", &hit.platforms),
        ("also called", &hit.aliases),
    ] {
        if !all.is_empty() {
            line(head, all.join(", "));
        }
    }
    if let Some(url) = &hit.url {
        line("more", url.clone());
    }
    text
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
