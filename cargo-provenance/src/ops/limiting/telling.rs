//! What a person is told of what enters and of what is held back.

use std::collections::BTreeSet;

use provenance_build::Lockfile;

use super::Held;
use super::change::{self, Entry};
use crate::collect::records::Record;
use crate::finding::{Finding, Weight};
use crate::model::{Clock, Date, Evidence};
use crate::report::Report;
use crate::vet::{Demand, checks, release, waiver};

/// What was held back: each package that has another version than cargo took first, and why.
pub(in crate::ops) fn told(first: &Lockfile, last: &Lockfile, held: &[Held]) -> Vec<Held> {
    let because = held.iter().map(|held| held.name.as_str()).collect::<BTreeSet<_>>();
    let because = because.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let told = change::moved(first, last).into_iter().map(|(from, to)| {
        let mut own = held.iter().filter(|held| held.name == from.name);
        let known = own.clone().find(|held| held.refused == from.version).or_else(|| own.next());
        let (why, findings) = match known {
            Some(held) => (held.why.clone(), held.findings.clone()),
            None => (format!("it goes with what is held back of {because}"), vec![]),
        };
        Held { name: from.name, refused: from.version, at: to.version, why, findings }
    });
    told.collect()
}

/// Tells what enters, or takes the place of something.
pub(in crate::ops) fn tell_entering(report: &mut Report, entry: &Entry, record: &Record, now: Clock) {
    let published = record.release.known().and_then(|release| release.published);
    let age = match published {
        Some(published) => format!("published {}", release::ago(published, now)),
        None => "age unknown".to_owned(),
    };
    let (verb, from) = match &entry.replaces {
        Some(version) => ("Changing", format!("v{version} -> ")),
        None => ("Entering", String::new()),
    };
    let (name, version, source) = (&entry.id.name, &entry.id.version, entry.id.source.as_ref());
    let source = source.filter(|s| !s.is_crates_io()).map(|s| format!(" ({s})")).unwrap_or_default();
    report.step(verb, format!("{name} {from}v{version}{source}, {age}, for {}", entry.chain));
}

/// Tells of what stays, and is required to be more than before.
pub(in crate::ops) fn tell_raised(report: &mut Report, record: &Record, before: &Demand) {
    if let Evidence::Known(now) = &record.demand {
        report.step("Requiring", format!("{} of {}, {}", now.line(), record.id.short(), asked(before)));
    }
}

/// What a package was required to be.
pub(in crate::ops) fn asked(before: &Demand) -> String {
    match (before.criteria.is_empty(), before.why.is_empty()) {
        (false, _) => format!("`{}` was required of it before", before.line()),
        (true, false) => "nothing was required of it before".to_owned(),
        (true, true) => "nobody can tell what was required of it before".to_owned(),
    }
}

/// Tells what is held back.
pub(in crate::ops) fn tell_held(report: &mut Report, held: &[Held], now: Clock) {
    for held in held {
        report.step("Holding", format!("{} at v{}, not v{}: {}", held.name, held.at, held.refused, held.why));
        // What a person may accept or allow is shown with the words for it: then the newest version would come in.
        let for_a_person = |finding: &&Finding| {
            let check = checks::check(finding.id);
            finding.weight == Weight::Review
                || check.is_some_and(|check| !check.may_another_release_pass(finding.weight))
        };
        for finding in held.findings.iter().filter(for_a_person) {
            let mut note = finding.clone();
            waiver::tell_ways(std::slice::from_mut(&mut note), Date::of_seconds(now.0), "");
            note.weight = Weight::Note;
            if !report.findings.contains(&note) {
                report.findings.push(note);
            }
        }
    }
    report.count("held-back", held.len());
}

#[cfg(test)]
mod tests {
    use provenance_build::{PackageName, Version};

    use super::*;

    fn lockfile(packages: &[(&str, &str)]) -> Lockfile {
        let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        let checksum = "00".repeat(32);
        let packages = packages.iter().map(|(name, version)| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}\nchecksum = \"{checksum}\"\n")
        });
        let text = format!("version = 4\n\n{}", packages.collect::<Vec<_>>().join("\n"));
        Lockfile::parse(text.as_bytes(), std::path::Path::new("Cargo.lock")).expect("a lockfile")
    }

    #[test]
    fn every_package_that_cargo_took_another_version_of_is_told() {
        let version = |text: &str| Version::parse(text).expect("a version");
        let held = Held {
            name: PackageName::parse("inner").expect("a name"),
            refused: version("1.2.0"),
            at: version("1.1.0"),
            why: "version-too-new".to_owned(),
            findings: vec![],
        };
        let first = lockfile(&[("inner", "1.2.0"), ("new", "1.0.0"), ("outer", "1.2.0"), ("same", "1.0.0")]);
        let last = lockfile(&[("inner", "1.0.9"), ("outer", "1.1.0"), ("same", "1.0.0"), ("same", "2.0.0")]);
        let told = told(&first, &last, &[held]);
        let lines = told.iter().map(|it| format!("{} {} {}: {}", it.name, it.at, it.refused, it.why));
        assert_eq!(
            lines.collect::<Vec<_>>(),
            [
                "inner 1.0.9 1.2.0: version-too-new",
                "outer 1.1.0 1.2.0: it goes with what is held back of `inner`"
            ]
        );
    }
}
