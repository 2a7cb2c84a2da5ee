//! Acceptances at the terminal: where nothing but findings that are up for review stands in the way, a person is asked about one
//! after the other, and shown first what changed. What is answered is what `--accept` would have said.

mod exhibit;

use provenance_build::manifest::Pin;
use provenance_build::{LockedPackage, Lockfile, Manifest};

pub(super) use self::exhibit::Exhibit;
use crate::finding::{Finding, Weight};
use crate::report::dialog::{Dialog, Question};
use crate::vet::waiver::{self, Accept};

/// How often somebody may give a reason that is none.
const PATIENCE: usize = 5;

/// The words that end asking.
const NO: [&str; 5] = ["", "n", "no", "q", "quit"];

/// Words that are no reason.
const YES: [&str; 4] = ["ok", "okay", "y", "yes"];

/// A finding that waits for a person's word.
pub(super) struct Pending<'a> {
    pub(super) finding: &'a Finding,
    pub(super) package: &'a LockedPackage,
    /// The pin that this package takes the place of.
    pub(super) before: Option<&'a Pin>,
}

/// The findings that a person can accept; none where anything else refuses.
pub(super) fn acceptable<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Vec<&'f Finding> {
    let refusing = findings.into_iter().filter(|finding| finding.weight != Weight::Note);
    let refusing = refusing.collect::<Vec<_>>();
    let can_be = |finding: &&Finding| finding.weight == Weight::Review && waiver::may_be_waived(finding);
    if refusing.iter().all(can_be) { refusing } else { vec![] }
}

/// The pin whose place a package takes: of the same source, and no longer locked.
pub(super) fn before<'m>(
    manifest: &'m Manifest,
    lockfile: &Lockfile,
    package: &LockedPackage,
) -> Option<&'m Pin> {
    let id = &package.id;
    let is_locked = |pin: &Pin| lockfile.packages.iter().any(|package| package.id == pin.id());
    let pins =
        manifest.packages.iter().filter(|pin| pin.name == id.name && pin.source() == id.source.as_ref());
    let gone = pins.filter(|pin| !is_locked(pin)).collect::<Vec<_>>();
    let mut same = gone.iter().filter(|pin| super::limiting::line(&pin.id()) == super::limiting::line(id));
    match (same.next(), same.next(), &gone[..]) {
        (Some(only), None, _) | (None, None, [only]) => Some(only),
        _ => None,
    }
}

/// Asks about one finding after the other, `show`ing first what there is to see of each. Nothing comes of it unless all are
/// accepted: whatever is not stands in the way of the rest.
pub(super) fn ask(
    dialog: &dyn Dialog,
    pending: &[Pending<'_>],
    show: &dyn Fn(&Pending<'_>) -> String,
) -> Option<Vec<Accept>> {
    let accepts = pending.iter().map(|pending| {
        let finding = pending.finding;
        let key = waiver::key(finding);
        let prompt = format!("Accept `{key}` of {}? reason (empty: no): ", pending.package.id.short());
        let mut shown = show(pending);
        for _ in 0..PATIENCE {
            let answer = dialog.ask(&Question { finding: Some(finding), shown: &shown, prompt: &prompt })?;
            let word = answer.trim().to_ascii_lowercase();
            if NO.contains(&&*word) {
                return None;
            }
            if YES.contains(&&*word) {
                shown = "why? the reason is written into the pin\n".to_owned();
                continue;
            }
            match Accept::of(finding, answer.trim()) {
                Ok(accept) => return Some(accept),
                Err(why) => shown = format!("{why}\n"),
            }
        }
        None
    });
    accepts.collect::<Option<Vec<_>>>().filter(|accepts| !accepts.is_empty())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use provenance_build::name::CRATES_IO;
    use provenance_build::{PackageId, PackageName, Source, Version};

    use super::*;

    /// Somebody with answers, who remembers what was asked.
    struct Somebody {
        answers: RefCell<Vec<&'static str>>,
        asked: RefCell<Vec<String>>,
    }

    impl Dialog for Somebody {
        fn ask(&self, question: &Question<'_>) -> Option<String> {
            self.asked.borrow_mut().push(format!("{}{}", question.shown, question.prompt));
            let mut answers = self.answers.borrow_mut();
            (!answers.is_empty()).then(|| answers.remove(0).to_owned())
        }
    }

    fn package(version: &str) -> LockedPackage {
        let id = PackageId {
            name: PackageName::parse("dep").expect("a name"),
            version: Version::parse(version).expect("a version"),
            source: Source::parse(CRATES_IO),
        };
        LockedPackage { id, checksum: None, dependencies: vec![], line: 1 }
    }

    fn finding(id: &'static str, weight: Weight, subject: Option<&str>) -> Finding {
        let mut finding = Finding::new(id, weight, "x").about(package("1.0.0").id);
        finding.subject = subject.map(str::to_owned);
        finding
    }

    fn asked(answers: &[&'static str]) -> (Option<Vec<String>>, Vec<String>) {
        let somebody = Somebody { answers: RefCell::new(answers.to_vec()), asked: RefCell::default() };
        let findings = [
            finding("unsound", Weight::Review, Some("RUSTSEC-2026-0001")),
            finding("license-missing", Weight::Review, None),
        ];
        let package = package("1.0.0");
        let pending = findings.each_ref().map(|finding| Pending { finding, package: &package, before: None });
        let accepts = ask(&somebody, &pending, &|_| String::new());
        let words = accepts
            .map(|all| all.iter().map(|it| format!("{}={}", it.words(), it.reason)).collect::<Vec<_>>());
        (words, somebody.asked.into_inner())
    }

    #[test]
    fn an_answer_is_what_the_flag_would_have_said() {
        let (accepts, asked) = asked(&["not reached", " we asked them "]);
        let expected =
            ["dep@1.0.0:unsound/RUSTSEC-2026-0001=not reached", "dep@1.0.0:license-missing=we asked them"];
        assert_eq!(accepts.expect("accepted"), expected);
        for text in expected {
            let accept = Accept::parse(text).expect("a flag");
            assert_eq!(format!("{}={}", accept.words(), accept.reason), text);
        }
        assert_eq!(asked[0], "Accept `unsound/RUSTSEC-2026-0001` of dep v1.0.0? reason (empty: no): ");
        assert_eq!(asked.len(), 2);
    }

    #[test]
    fn nothing_comes_of_it_unless_all_are_accepted() {
        for (answers, questions) in [
            (&[""][..], 1),
            (&["  "], 1),
            (&["q"], 1),
            (&[], 1),
            (&["yes, we know", ""], 2),
            (&["yes, we know", "q"], 2),
            (&["yes, we know"], 2),
        ] {
            let (accepts, asked) = asked(answers);
            assert_eq!((accepts, asked.len()), (None, questions), "{answers:?}");
        }
    }

    #[test]
    fn what_is_no_reason_is_asked_again_a_few_times() {
        let (accepts, questions) = asked(&["REASON", "a\u{1b}[31m", "a reason", "another"]);
        assert_eq!(accepts.expect("accepted").len(), 2);
        assert!(questions[1].starts_with("put your own reason"), "{questions:?}");
        assert!(questions[2].contains("control characters"), "{questions:?}");
        assert_eq!(asked(&["REASON"; 9]), (None, asked(&["REASON"; 5]).1));
    }

    #[test]
    fn nothing_is_asked_where_anything_else_refuses() {
        let review = || finding("unsound", Weight::Review, Some("RUSTSEC-2026-0001"));
        let note = finding("vcs-missing", Weight::Note, None);
        assert_eq!(acceptable(&[review(), note.clone()]).len(), 1);
        assert!(acceptable(&[review(), finding("version-too-new", Weight::Denial, None)]).is_empty());
        // Nobody may wave that through, whatever its weight.
        assert!(acceptable(&[review(), finding("archive-mode", Weight::Review, None)]).is_empty());
        assert!(acceptable(&[note]).is_empty());
    }
}
