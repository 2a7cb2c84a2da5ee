//! `explain`: what a finding means, or why a package of the workspace is trusted.

mod advisory;
mod package;
mod reviews;
mod text;

use std::path::Path;

use provenance_build::config::Configuration;
use provenance_build::{PackageName, Version};

use crate::collect::{self, gate};
use crate::finding::glossary::{self, TERMS, Term};
use crate::model::Surroundings;
use crate::policy::{At, Firmness, ParameterKind, Policy, nearest};
use crate::report::failure::{Failure, Kind};
use crate::report::{Explained, Report};
use crate::vet::checks::{self, CHECKS};
use crate::vet::reference::{GROUPS, taken};
use crate::vet::{Check, Cooldown, catalogue};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Every finding.
    All,
    /// One finding or package.
    Of(String),
}

/// Runs the use case.
///
/// # Errors
///
/// A word that means nothing here, and files that cannot be read.
pub fn run(surroundings: &Surroundings, question: &Question) -> Result<Report, Failure> {
    let mut report = Report::new("explain");
    let (root, policy) = gate::policy_in_force(surroundings)?;
    report.explained = match question {
        Question::All => {
            let checks = CHECKS.iter().map(|check| check_explained(check, &policy));
            checks.chain(TERMS.iter().map(term_explained)).collect()
        }
        Question::Of(word) => {
            let check = checks::check(word).map(|check| check_explained(check, &policy));
            check.or_else(|| glossary::term(word).map(term_explained)).into_iter().collect()
        }
    };
    report.output = match question {
        Question::All => list(&policy),
        Question::Of(word) => match (checks::check(word), glossary::term(word)) {
            (Some(check), _) => of_check(check, &policy, &cooldown(check, surroundings, &root)?),
            (None, Some(term)) => of_term(term),
            (None, None) if advisory::is_id(word) => advisory::explain(surroundings, &root, &policy, word)?,
            (None, None) => package::explain(surroundings, &root, &policy, word)?,
        },
    };
    Ok(report)
}

fn check_explained(check: &Check, policy: &Policy) -> Explained {
    let (level, set) = in_force(check, policy);
    Explained {
        id: check.id,
        kind: "check",
        group: Some(check.group.as_str()),
        level: Some(level),
        set: Some(set),
        accept: Some(way(check, level)),
        summary: check.summary(),
        docs: check.docs,
    }
}

fn term_explained(term: &Term) -> Explained {
    Explained {
        id: term.id,
        kind: term.kind.as_str(),
        group: None,
        level: None,
        set: None,
        accept: None,
        summary: term.summary(),
        docs: term.text,
    }
}

fn list(policy: &Policy) -> String {
    let width = CHECKS.iter().map(|check| check.id.len()).chain(TERMS.iter().map(|term| term.id.len()));
    let width = width.max().unwrap_or_default();
    let mut text = String::new();
    for group in GROUPS {
        let checks = CHECKS.iter().filter(|check| check.group == group).collect::<Vec<_>>();
        if !checks.is_empty() {
            text.push_str(&format!("{}:\n", group.as_str()));
        }
        for check in checks {
            let level = in_force(check, policy).0;
            text.push_str(&format!("  {:width$}  {level:6}  {}\n", check.id, check.summary()));
        }
        if text.ends_with('\n') && !text.ends_with("\n\n") {
            text.push('\n');
        }
    }
    text.push_str("other findings:\n");
    for term in TERMS {
        text.push_str(&format!("  {:width$}  {:9}  {}\n", term.id, term.kind.as_str(), term.summary()));
    }
    text
}

/// The level of a check, and where it is set.
fn in_force(check: &Check, policy: &Policy) -> (&'static str, String) {
    match policy.level(check.id) {
        _ if check.firmness == Firmness::Firm => ("deny", "nobody may wave it through".to_owned()),
        Some(At { value, line }) => (value.as_str(), format!("set in {}", policy.spot(line))),
        None => (check.level.as_str(), "the default".to_owned()),
    }
}

/// Cargo's own cool-down, where it can play a part.
fn cooldown(check: &Check, surroundings: &Surroundings, root: &Path) -> Result<Cooldown, Failure> {
    if check.id != "version-too-new" {
        return Ok(Cooldown::default());
    }
    let configuration = Configuration::read(&gate::kernel_surroundings(surroundings, root))?;
    Ok(collect::cooldown::read(&configuration, root)?)
}

fn of_check(check: &Check, policy: &Policy, cooldown: &Cooldown) -> String {
    let (level, why) = in_force(check, policy);
    let mut text = format!("{} ({})\n\n", check.id, check.group.as_str());
    text.push_str(&format!("  level    {level}, {why}\n"));
    for parameter in check.parameters {
        let (id, key) = (check.id, parameter.key);
        let set = |value: String, line: u32| format!("{value}, set in {}", policy.spot(line));
        let set = match parameter.kind {
            ParameterKind::Days(_) => policy.days(id, key).map(|at| set(at.value.to_string(), at.line)),
            ParameterKind::Flag => policy.flag(id, key).map(|at| set(at.value.to_string(), at.line)),
            ParameterKind::Level => {
                policy.part_level(id, key).map(|at| set(at.value.as_str().to_owned(), at.line))
            }
        };
        let default = match parameter.kind {
            ParameterKind::Days(days) => days.to_string(),
            ParameterKind::Flag => "false".to_owned(),
            ParameterKind::Level => "as the check".to_owned(),
        };
        let set = set.unwrap_or_else(|| format!("{default}, the default; takes {}", taken(parameter.kind)));
        text.push_str(&format!("  {key:8} {set}\n"));
    }
    if policy.days(check.id, "days").is_none() {
        for span in cooldown.spans() {
            text.push_str(&format!("  cargo    {}, where that is more; set by {}\n", span.text, span.set));
        }
    }
    text.push_str(&format!("  accept   {}\n", way(check, level)));
    text.push_str(&format!("\n{}\n", check.docs.trim_end()));
    text
}

/// What lets a package pass in spite of a finding.
fn way(check: &Check, level: &str) -> String {
    let id = check.id;
    match (check.firmness, level) {
        (Firmness::Free, "review") => format!(
            "by `--accept 'PACKAGE@VERSION:{id}=REASON'`, or an answer at the terminal; it ends with the bytes"
        ),
        (Firmness::Free, "deny") => {
            format!("by an `[[exception]]` of `{id}` in `Provenance.toml`, with a reason and an end")
        }
        (_, "note" | "allow") => "not needed: it refuses nothing at this level".to_owned(),
        _ => "nobody can".to_owned(),
    }
}

fn of_term(term: &Term) -> String {
    format!("{} ({})\n\n{}\n", term.id, term.kind.as_str(), term.text)
}

/// `NAME` or `NAME@VERSION`.
fn spec(word: &str) -> Option<(PackageName, Option<Version>)> {
    match word.split_once('@') {
        Some((name, version)) => Some((PackageName::parse(name)?, Some(Version::parse(version)?))),
        None => Some((PackageName::parse(word)?, None)),
    }
}

/// A word that means nothing here.
fn unknown<'a>(word: &'a str, packages: impl Iterator<Item = &'a str>) -> Failure {
    let ids = CHECKS.iter().map(|check| check.id).chain(TERMS.iter().map(|term| term.id));
    if catalogue().iter().any(|known| known.id == word) {
        return Failure::new(Kind::Usage, format!("check `{word}` is not supported by this version"))
            .help("`cargo provenance explain --list` lists those that are");
    }
    let name = word.split('@').next().unwrap_or(word);
    let near = nearest(word, ids).or_else(|| nearest(name, packages));
    let failure =
        Failure::new(Kind::Usage, format!("`{word}` is neither a finding nor a package of this workspace"));
    match near {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("`cargo provenance explain --list` lists every finding"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn policy(text: &str) -> Policy {
        Policy::parse(format!("version = 1\n{text}").as_bytes(), Path::new("p"), catalogue())
            .expect("a policy")
    }

    #[test]
    fn what_is_in_force_is_told_with_its_line() {
        let policy = policy("[checks]\nversion-too-new = { level = \"note\", days = 3 }\n");
        let check = checks::check("version-too-new").expect("a check");
        let text = of_check(check, &policy, &Cooldown::default());
        assert!(text.contains("level    note, set in Provenance.toml:3"), "{text}");
        assert!(text.contains("days     3, set in Provenance.toml:3"), "{text}");
        assert!(text.contains("fixes-advisory false, the default; takes `true` or `false`"), "{text}");
        let young =
            of_check(checks::check("crate-too-young").expect("a check"), &policy, &Cooldown::default());
        assert!(young.contains("deny-days 30, the default; takes a number of days"), "{young}");
        let license = of_check(checks::check("license").expect("a check"), &policy, &Cooldown::default());
        assert!(license.contains("accept   by an `[[exception]]` of `license`"), "{license}");
        let missing =
            of_check(checks::check("license-missing").expect("a check"), &policy, &Cooldown::default());
        assert!(missing.contains("--accept 'PACKAGE@VERSION:license-missing=REASON'"), "{missing}");
        let noted = of_check(check, &policy, &Cooldown::default());
        assert!(noted.contains("accept   not needed"), "{noted}");
        let firm = checks::check("archive-link").expect("a check");
        assert_eq!(in_force(firm, &policy).1, "nobody may wave it through");
        assert!(of_check(firm, &policy, &Cooldown::default()).contains("accept   nobody can"));
    }

    #[test]
    fn everything_is_listed_once() {
        let text = list(&policy(""));
        for id in CHECKS.iter().map(|check| check.id).chain(TERMS.iter().map(|term| term.id)) {
            let lines = text.lines().filter(|line| line.starts_with("  "));
            let lines = lines.filter(|line| line.split_whitespace().next() == Some(id));
            assert_eq!(lines.count(), 1, "{id}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_met_with_a_suggestion() {
        for (word, expected) in [
            ("version-to-new", "did you mean `version-too-new`?"),
            ("not-pined", "did you mean `not-pinned`?"),
            ("sered", "did you mean `serde`?"),
            ("zzzzzzzzzzzzzzzzz", "`cargo provenance explain --list` lists every finding"),
            ("name-edit", "`cargo provenance explain --list` lists those that are"),
        ] {
            assert_eq!(unknown(word, ["serde"].into_iter()).help, [expected], "{word}");
        }
    }
}
