//! What the checks say of ordinary crates: nothing that denies, and hardly anything that a person has to look at.
//!
//! The crates follow from a rule, so that nobody chooses them: the third-party packages of this repository's own `Cargo.lock`, and
//! the newest version of those 100 crates that most packages depend on, in that lockfile and in five that were published with
//! well-known programs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_lock::Lockfile;
use serde_json::Value;

use super::Plan;
use crate::repository::{self, Failure};
use crate::scratch::Scratch;

/// Programs that were published with their lockfile.
const PUBLISHED: [&str; 5] =
    ["bat@0.22.1", "cargo-deny@0.14.3", "mdbook@0.4.21", "nu@0.60.0", "ripgrep@13.0.0"];

/// So many of the crates that others depend on are judged.
const POPULAR: usize = 100;

/// The share of crates that a person may have to look at.
const REVIEWED: f64 = 0.02;

/// What time mends by itself, and nobody could list by name for long: 2 % of newest versions are under a week old, and 2.6 % of
/// crates under a year.
const YOUNG: [&str; 2] = ["crate-too-young", "version-too-new"];

/// What is recorded of a fifth of all crates and says nothing against them.
const PRESENCE: [&str; 2] = ["build-script-new", "proc-macro-new"];

/// The findings that are known, a line each: check and crate.
const EXPECTED: &str = "xtask/bench/expected-findings.txt";

/// Judges the corpus and compares what is said with what is expected.
pub(super) fn run(plan: &Plan, tool: &Path) -> Result<(), Failure> {
    let folder = plan.cache.join("corpus");
    let scratch = Scratch::new(&folder, tool)?;
    let outside = folder.join("outside");
    // No advisory database: a vulnerable version is no false alarm.
    repository::write(&outside.join("Provenance.toml"), "version = 1\n\n[advisories]\ndatabases = []\n")?;
    let own = lockfile(&repository::root().join("Cargo.lock"))?;
    let mut lockfiles = vec![];
    for program in PUBLISHED {
        // Cargo downloads and unpacks what it tells of.
        repository::output(scratch.cargo(&outside).args(["info", "--quiet", program]))?;
        lockfiles.push(lockfile(&scratch.source_of(&program.replace('@', "-"))?.join("Cargo.lock"))?);
    }
    let mut wanted = third_parties(&own);
    wanted.extend(popular(lockfiles.iter().chain([&own])).into_iter().map(|name| (name, None)));
    let names = wanted.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
    println!("corpus: {} crates", names.len());
    let specs = wanted.iter().map(|(name, version)| match version {
        Some(version) => format!("{name}@{version}"),
        None => name.clone(),
    });
    let mut vet = scratch.command(tool, &outside);
    vet.args(["provenance", "vet", "--message-format", "json"]).args(specs);
    let answer = vet.output().map_err(|error| repository::not_started(&vet, &error))?;
    let (crates, said) = findings(&String::from_utf8_lossy(&answer.stdout), &names)?;
    let expected = repository::read(&repository::root().join(EXPECTED))?;
    let expected = expected.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    judge(crates, &said, &expected.map(str::to_owned).collect())
}

fn lockfile(path: &Path) -> Result<Lockfile, Failure> {
    Lockfile::load(path).map_err(|error| Failure::new(format!("`{}`: {error}", path.display())))
}

/// The packages of a lockfile that come from crates.io.
fn third_parties(lockfile: &Lockfile) -> BTreeSet<(String, Option<String>)> {
    let published = lockfile
        .packages
        .iter()
        .filter(|package| package.source.as_ref().is_some_and(|source| source.is_default_registry()));
    published.map(|package| (package.name.to_string(), Some(package.version.to_string()))).collect()
}

/// The crates that most packages depend on; between equals the alphabet decides.
fn popular<'a>(lockfiles: impl Iterator<Item = &'a Lockfile>) -> Vec<String> {
    let mut dependents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lockfiles.flat_map(|lockfile| &lockfile.packages) {
        let published = package.dependencies.iter().filter(|it| it.source.is_none() || is_published(it));
        for dependency in published {
            let dependent = format!("{} {}", package.name, package.version);
            dependents.entry(dependency.name.to_string()).or_default().insert(dependent);
        }
    }
    let mut ranked = dependents.into_iter().map(|(name, by)| (name, by.len())).collect::<Vec<_>>();
    ranked.sort_by(|(name, by), (other, others)| others.cmp(by).then(name.cmp(other)));
    ranked.into_iter().take(POPULAR).map(|(name, _)| name).collect()
}

fn is_published(dependency: &cargo_lock::Dependency) -> bool {
    dependency.source.as_ref().is_some_and(|source| source.is_default_registry())
}

/// A finding: its weight, its check, its crate.
type Said = (String, String, String);

/// What `vet` said in JSON lines. That it could not judge something is a failure: it would look like silence.
fn findings(text: &str, wanted: &BTreeSet<String>) -> Result<(usize, Vec<Said>), Failure> {
    let (mut said, mut judged) = (vec![], vec![]);
    for line in text.lines() {
        let value: Value = serde_json::from_str(line)
            .map_err(|error| Failure::new(format!("`vet` wrote no JSON: {error}: {line}")))?;
        if value["verb"] == "Vetting" {
            let name = value["message"].as_str().unwrap_or_default().split(' ').next();
            judged.extend(name.map(str::to_owned));
        }
        if value["reason"] == "error" {
            return Err(Failure::new(format!("`vet` failed: {}", value)));
        }
        if value["reason"] != "finding" {
            continue;
        }
        let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
        let package = value["package"]["name"].as_str().unwrap_or_default().to_owned();
        if text("id") == "not-judged" || package.is_empty() {
            return Err(Failure::new(format!("not everything could be judged: {}", text("message"))));
        }
        said.push((text("weight"), text("id"), package));
    }
    let is_whole = text.lines().last().is_some_and(|line| line.contains("\"reason\":\"summary\""));
    let missing = wanted.iter().filter(|name| !judged.contains(name)).cloned().collect::<Vec<_>>();
    match is_whole && missing.is_empty() {
        true => Ok((judged.len(), said)),
        false => Err(Failure::new(format!("`vet` said nothing of {}", missing.join(", ")))),
    }
}

fn judge(crates: usize, said: &[Said], expected: &BTreeSet<String>) -> Result<(), Failure> {
    let of = |wanted: &str| {
        let of_weight =
            said.iter().filter(|(weight, id, _)| weight == wanted && !YOUNG.contains(&id.as_str()));
        of_weight.map(|(_, id, package)| format!("{id} {package}")).collect::<BTreeSet<_>>()
    };
    let young = said.iter().filter(|(_, id, _)| YOUNG.contains(&id.as_str())).count();
    let (denied, reviewed, noted) = (of("denial"), of("review"), of("note"));
    let is_presence = |line: &&String| PRESENCE.iter().any(|id| line.starts_with(&format!("{id} ")));
    let suspected = reviewed.iter().filter(|line| !is_presence(line));
    let suspected = suspected.filter_map(|line| line.split(' ').nth(1)).collect::<BTreeSet<_>>();
    let share = suspected.len() as f64 / crates.max(1) as f64;
    println!("  denied                {}", denied.len());
    println!(
        "  up for review         {} crates, {:.1} % (at most {:.0} %)",
        suspected.len(),
        share * 100.0,
        REVIEWED * 100.0
    );
    println!("  noted                 {}", noted.len());
    println!("  too young today       {young}, {:.1} %", young as f64 / crates.max(1) as f64 * 100.0);
    let mut wrong = denied.iter().map(|line| format!("denied: {line}")).collect::<Vec<_>>();
    wrong.extend(reviewed.difference(expected).map(|line| format!("not expected: {line}")));
    let gone = expected.difference(&reviewed).cloned().collect::<Vec<_>>();
    if !gone.is_empty() {
        println!("  expected and not seen {}", gone.join(", "));
    }
    if share > REVIEWED {
        wrong.push(format!("{} of {crates} crates are up for review", suspected.len()));
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!("false alarms:\n  {}", wrong.join("\n  ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(level: &str, id: &str, package: &str) -> Said {
        (level.to_owned(), id.to_owned(), package.to_owned())
    }

    #[test]
    fn a_denial_an_unknown_review_and_too_many_of_them_fail() {
        let expected = BTreeSet::from(["license-missing old".to_owned()]);
        let fine = [
            said("note", "vcs-missing", "a"),
            said("denial", "version-too-new", "b"),
            said("review", "license-missing", "old"),
        ];
        assert!(judge(100, &fine, &expected).is_ok());
        assert!(judge(40, &fine, &expected).is_err());
        for more in [said("denial", "archive-link", "a"), said("review", "build-net", "a")] {
            assert!(judge(100, &[&fine[..], &[more]].concat(), &expected).is_err());
        }
    }

    #[test]
    fn what_was_not_judged_is_no_silence() {
        let start =
            "{\"reason\":\"start\"}\n{\"reason\":\"step\",\"verb\":\"Vetting\",\"message\":\"a v1.0.0\"}\n";
        let end = "{\"reason\":\"summary\"}\n";
        let (one, two) = (BTreeSet::from(["a".to_owned()]), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        assert!(
            findings(&format!("{start}{end}"), &one)
                .is_ok_and(|(crates, said)| crates == 1 && said.is_empty())
        );
        assert!(findings(start, &one).is_err());
        assert!(findings(&format!("{start}{end}"), &two).is_err());
        let open = "{\"reason\":\"finding\",\"id\":\"not-judged\",\"package\":{\"name\":\"a\"}}\n";
        assert!(findings(&format!("{start}{open}{end}"), &one).is_err());
    }

    #[test]
    fn the_crates_that_most_packages_depend_on_come_first() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\"c\"]\n\n\
            [[package]]\nname = \"b\"\nversion = \"1.0.0\"\ndependencies = [\"a\", \"c\"]\n\n\
            [[package]]\nname = \"c\"\nversion = \"1.0.0\"\n";
        let lockfile: Lockfile = text.parse().expect("a lockfile");
        assert_eq!(popular([&lockfile].into_iter()), ["c", "a"]);
    }
}
