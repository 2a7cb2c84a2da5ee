//! Walks somebody through what they review, file by file: what runs at build time first, and what takes no part in a build last,
//! named and not opened unless they want to see it.

use provenance_build::{PackageName, Version};

use super::Person;
use crate::audit::VetVersion;
use crate::model::Surroundings;
use crate::ops::diff::{self, Reading};
use crate::report::dialog::Question;
use crate::report::failure::{Failure, Kind};
use crate::report::files::{FileDiff, Files, Risk, Shown};
use crate::report::progress::Progress;
use crate::report::{Outcome, Report, plural};

/// Names of files that are listed at once.
const LISTED: usize = 40;

/// What somebody answers who walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Back,
    Next,
    Open,
    Stop,
    /// To the file of this number, counted from 1.
    To(usize),
}

impl Step {
    fn parse(answer: Option<&str>) -> Option<Self> {
        match answer.map(|answer| answer.trim().to_ascii_lowercase()).as_deref() {
            // Nobody answers any more.
            None | Some("q" | "quit" | "s" | "stop") => Some(Self::Stop),
            Some("" | "n" | "next") => Some(Self::Next),
            Some("b" | "back") => Some(Self::Back),
            Some("o" | "open") => Some(Self::Open),
            Some(number) => number.parse().ok().filter(|number| *number > 0).map(Self::To),
        }
    }
}

/// Walks through a version, or what changed since another one. Whether somebody came to the end of it.
pub(super) fn through(
    surroundings: &Surroundings,
    name: &PackageName,
    (from, to): (Option<&VetVersion>, &VetVersion),
    person: Person<'_>,
    progress: &dyn Progress,
) -> Result<bool, Failure> {
    let (from, to) = (from.map(published).transpose()?, published(to)?);
    let Reading { mut report, aside } = diff::reading(surroundings, name, from.as_ref(), &to, progress)?;
    let files = std::mem::take(&mut report.files.list);
    if report.outcome != Outcome::Fine {
        show(person, &report)?;
        return Ok(false);
    }
    let (aside, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| aside.contains(&file.path));
    report.step("Reading", summary(&files, &aside));
    // Said once the archives are at hand, and not as the end of a command.
    report.conclusion = String::new();
    report.counts.clear();
    show(person, &report)?;
    let mut opened = vec![];
    let mut at = 0;
    loop {
        let list = files.iter().chain(&opened).collect::<Vec<_>>();
        let step = match list.get(at) {
            Some(file) => {
                one(person, file, at + 1, list.len())?;
                ask(
                    person,
                    "",
                    &format!(
                        "{} of {}: Enter: go on, b: back, NUMBER: to a file, q: stop > ",
                        at + 1,
                        list.len()
                    ),
                )
            }
            // What was opened was seen.
            None if aside.is_empty() || !opened.is_empty() => return Ok(true),
            None => ask(person, &folded(&aside), "Enter: go on, o: open them, b: back, q: stop > "),
        };
        match step {
            Step::Stop => return Ok(false),
            Step::Next if at >= list.len() => return Ok(true),
            Step::Next => at += 1,
            Step::Back => at = at.saturating_sub(1),
            Step::Open if at >= list.len() => opened.clone_from(&aside),
            // They come last.
            Step::Open => at = list.len(),
            Step::To(number) => at = number.min(list.len()).saturating_sub(1),
        }
    }
}

/// The number of a version that was published: what there is of a commit lies in a repository, and no archive has it.
fn published(version: &VetVersion) -> Result<Version, Failure> {
    let commit = version.git.as_deref().unwrap_or_default();
    let number = Version::parse(&version.semver.to_string()).filter(|_| commit.is_empty());
    number.ok_or_else(|| {
        Failure::new(Kind::Usage, format!("the files of `{version}` are not shown here")).help(format!(
            "read them with `git show {commit}` in its repository, then record the review with `--yes`"
        ))
    })
}

/// Asks until the answer is one.
fn ask(person: Person<'_>, shown: &str, prompt: &str) -> Step {
    let mut shown = shown;
    loop {
        let answer = person.dialog.ask(&Question { finding: None, shown, prompt });
        match Step::parse(answer.as_deref()) {
            Some(step) => return step,
            None => shown = "",
        }
    }
}

/// Shows one file, with its place among all.
fn one(person: Person<'_>, file: &FileDiff, number: usize, all: usize) -> Result<(), Failure> {
    let mut report = Report::new("certify");
    let lines = match (file.added, file.removed) {
        (0, 0) => String::new(),
        (added, removed) => format!(", {added} added, {removed} removed"),
    };
    let what =
        format!("{number} of {all}: {} ({}, {}{lines})", file.path, file.risk.as_str(), file.change.as_str());
    report.step("File", what);
    report.files = Files { list: vec![file.clone()], shown: Shown::Patch };
    show(person, &report)
}

fn show(person: Person<'_>, report: &Report) -> Result<(), Failure> {
    (person.show)(report).map_err(|error| {
        Failure::new(Kind::Undecided, "what is to be reviewed could not be shown").caused_by(&error)
    })
}

/// What there is to read: `12 files, 340 lines: 1 build script, 3 with unsafe; 7 files aside`.
fn summary(files: &[FileDiff], aside: &[FileDiff]) -> String {
    let lines = files.iter().map(|file| file.added + file.removed).sum::<usize>();
    let risks = [Risk::BuildScript, Risk::ProcMacro, Risk::Manifest, Risk::Unsafe, Risk::Binary];
    let count = |risk: Risk| files.iter().filter(|file| file.risk == risk).count();
    let risky = risks.map(|risk| (risk, count(risk))).into_iter().filter(|(_, number)| *number > 0);
    let risky = risky.map(|(risk, number)| format!("{number} {}", risk.as_str())).collect::<Vec<_>>();
    let mut text = format!("{}, {}", plural(files.len(), "file"), plural(lines, "line"));
    if !risky.is_empty() {
        text += &format!(": {}", risky.join(", "));
    }
    if !aside.is_empty() {
        text += &format!("; and {} that no build needs", plural(aside.len(), "file"));
    }
    text
}

/// The names of files that are not opened.
fn folded(aside: &[FileDiff]) -> String {
    let mut text = format!(
        "{} that no build needs, and that nothing which is compiled names:\n",
        plural(aside.len(), "file")
    );
    for file in aside.iter().take(LISTED) {
        let FileDiff { path, added, removed, change, .. } = file;
        text += &format!("  {} ({}, {added} added, {removed} removed)\n", one_line(path), change.as_str());
    }
    if aside.len() > LISTED {
        text += &format!("  … and {} more\n", aside.len() - LISTED);
    }
    text
}

/// A path may hold a line break, which would look like another file.
fn one_line(path: &str) -> String {
    path.replace(['\n', '\r'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::report::dialog::Dialog;

    #[test]
    fn an_answer_is_a_step_and_whoever_went_away_stops() {
        for (answer, step) in [
            (None, Some(Step::Stop)),
            (Some("q"), Some(Step::Stop)),
            (Some(" "), Some(Step::Next)),
            (Some("B"), Some(Step::Back)),
            (Some("o"), Some(Step::Open)),
            (Some("12"), Some(Step::To(12))),
            (Some("0"), None),
            (Some("yes"), None),
        ] {
            assert_eq!(Step::parse(answer), step, "{answer:?}");
        }
    }

    #[test]
    fn a_commit_is_not_taken_for_the_version_that_was_published() {
        let version = |text: &str| VetVersion::parse(text).expect(text);
        assert_eq!(published(&version("1.0.0-rc.1")).expect("published").as_str(), "1.0.0-rc.1");
        let commit = "a".repeat(40);
        let refused = published(&version(&format!("1.0.0@git:{commit}"))).expect_err("a commit");
        assert!(refused.help[0].contains(&format!("`git show {commit}`")), "{:?}", refused.help);
    }

    /// Somebody who does not know the letters.
    struct Puzzled(RefCell<Vec<&'static str>>);

    impl Dialog for Puzzled {
        fn ask(&self, _: &Question<'_>) -> Option<String> {
            self.0.borrow_mut().pop().map(str::to_owned)
        }
    }

    #[test]
    fn what_is_no_answer_is_asked_again() {
        let dialog = Puzzled(RefCell::new(vec!["b", "what", "-1"]));
        let person = Person { dialog: &dialog, show: &|_| Ok(()) };
        assert_eq!(ask(person, "", ""), Step::Back);
        assert_eq!(ask(person, "", ""), Step::Stop);
    }
}
