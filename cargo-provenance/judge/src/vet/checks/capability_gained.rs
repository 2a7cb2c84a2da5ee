//! `capability-gained`: a library that can do more than the version before.

use super::of_code;
use crate::model::Evidence;
use crate::policy::{Firmness, Level};
use crate::survey::{Code, What};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "capability-gained",
    group: Group::RunTime,
    needs: Needs::Survey,
    level: Level::Note,
    firmness: Firmness::Free,
    parameters: &[],
    since: 3,
    docs: "\
A library that can do something which the version before it could not.

Open connections, start programs, write files, read the environment, load libraries, run assembly.

Code that is taken over gains what it needs for the theft: onering 1.4.1 (2026-06) had never used the network. A patch release
that gains connections or programs is up for review; that is one in 700 of them. Where that version is not at hand, such a package is
not judged.

Read where the new code stands, and whether the release is about it.",
    judge,
};

/// What a library can do, what an acceptance calls it, and how it is said.
const CAPABILITIES: &[(What, &str, &str)] = &[
    (What::Net, "net", "open connections"),
    (What::Exec, "exec", "start programs"),
    (What::FileWrite, "fs-write", "write files"),
    (What::Env, "env", "read the environment"),
    (What::Dlopen, "dlopen", "load libraries"),
    (What::Asm, "asm", "run assembly"),
];

fn judge(dossier: &Dossier<'_>, _: &Ground<'_>) -> Vec<Observation> {
    let Some(code) = of_code::code(dossier) else { return vec![] };
    let previous = match &dossier.previous {
        Evidence::Absent => return vec![],
        Evidence::Known(previous) => previous,
        Evidence::Unavailable(why) => return unknown(dossier, code, why),
    };
    let (now, before) = (&code.run_time, &previous.survey.code.run_time);
    let (name, version) = (dossier.id.short(), previous.version);
    let is_patch = is_patch(version.as_str(), dossier.id.version.as_str());
    let gained = CAPABILITIES.iter().filter(|(what, ..)| now.has(*what) && !before.has(*what));
    let seen = gained.map(|(what, subject, can)| {
        let seen = Observation::new(format!("`{name}` can {can}, and {version} could not")).on(*subject);
        let seen = now.all(*what).take(2).fold(seen, |seen, it| seen.note(of_code::place(it)));
        match is_patch && matches!(what, What::Net | What::Exec) {
            true => seen.at(Level::Review).help("read whether the release is about it before you accept it"),
            false => seen,
        }
    });
    seen.collect()
}

/// What may be new and cannot be told. Only what would be up for review leaves it open.
fn unknown(dossier: &Dossier<'_>, code: &Code, why: &str) -> Vec<Observation> {
    let version = dossier.id.version.as_str();
    let is_patch = dossier.replaces.is_none_or(|before| is_patch(before.as_str(), version));
    let grave = CAPABILITIES.iter().filter(|(what, ..)| is_patch && matches!(what, What::Net | What::Exec));
    let name = dossier.id.short();
    let seen = grave.filter(|(what, ..)| code.run_time.has(*what)).map(|(_, subject, can)| {
        let what = format!("`{name}` can {can}, and whether that is new is not known");
        Observation::new(what).on(*subject).undecided(why)
    });
    seen.collect()
}

/// Whether a version only mends another one, as far as its number says.
fn is_patch(before: &str, after: &str) -> bool {
    let numbers =
        |text: &str| semver::Version::parse(text).ok().map(|version| (version.major, version.minor));
    numbers(before).is_some() && numbers(before) == numbers(after)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, library, release};
    use super::*;
    use crate::finding::Weight;

    fn found(before: (&str, &str), now: &str) -> Vec<(String, Weight)> {
        let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
        case.archive(library(now));
        case.before(before.0, library(before.1));
        let findings = case.judged().findings.into_iter().filter(|finding| finding.id == CHECK.id);
        findings.map(|finding| (finding.subject.unwrap_or_default(), finding.weight)).collect()
    }

    #[test]
    fn what_is_gained_weighs_more_in_a_patch_release() {
        let net = "fn f() { std::net::TcpStream::connect(a); }";
        let more = "fn f() { std::net::TcpStream::connect(a); std::fs::write(a, b); }";
        assert_eq!(found(("1.0.0-a", ""), net), [("net".to_owned(), Weight::Review)]);
        assert_eq!(found(("0.9.0", ""), net), [("net".to_owned(), Weight::Note)]);
        assert_eq!(found(("1.0.0-a", net), more), [("fs-write".to_owned(), Weight::Note)]);
        assert_eq!(found(("1.0.0-a", more), net), []);
        // Only its own tests gain it.
        assert_eq!(found(("1.0.0-a", ""), &format!("#[cfg(test)] mod t {{ {net} }}")), []);
    }

    #[test]
    fn what_cannot_be_compared_is_open_where_it_could_be_up_for_review() {
        let open = |now: &str| {
            let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
            case.archive(library(now));
            case.before = Evidence::Unavailable("it is not at hand".to_owned());
            case.judged().open.iter().any(|open| open.checks.contains(&CHECK.id))
        };
        assert!(open("fn f() { std::net::TcpStream::connect(a); }"));
        assert!(!open("fn f() { std::fs::write(a, b); }"));
    }
}
