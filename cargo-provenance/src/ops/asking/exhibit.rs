//! What a person sees before a question: how the file that a finding is about differs from that of the version before, or how it
//! begins.

use std::sync::OnceLock;

use provenance_build::manifest::{Basis, Pin};
use provenance_build::{LockedPackage, Lockfile};

use super::Pending;
use crate::archive::Archive;
use crate::collect::entrants;
use crate::collect::situation::Situation;
use crate::model::{Lines, Network, differing};
use crate::ops::diff::FILE_LINES;
use crate::report::plural;
use crate::report::progress::Progress;
use crate::survey::Sources;
use crate::vet::{Judgment, Needs, checks};

/// Checks whose findings are about the build scripts, whichever files those are.
const BUILD_SCRIPTS: [&str; 2] = ["build-script-changed", "build-script-new"];

/// Lines of a difference, and of a file that is new: a few screens, more than which nobody reads at a prompt.
const DIFF_LINES: usize = 200;
const FIRST_LINES: usize = 60;

/// Characters of a line: what is hidden beyond the edge of a screen is told.
const LINE_CHARS: usize = 400;

/// Bytes of a file that is compared line by line, as for `diff`.
const FILE_BYTES: usize = 1024 * 1024;

/// Where the packages of a question come from.
pub(in crate::ops) struct Exhibit<'a> {
    pub(in crate::ops) situation: &'a Situation,
    pub(in crate::ops) network: Network,
    pub(in crate::ops) progress: &'a dyn Progress,
}

impl Exhibit<'_> {
    /// What there is to see of a finding; empty where it is about no file.
    pub(in crate::ops) fn show(&self, pending: &Pending<'_>) -> String {
        let Pending { finding, package, before } = pending;
        // An advisory is not worth a download.
        let check = checks::check(finding.id);
        if !check.is_some_and(|check| Needs::OF_CONTENTS.contains(&check.needs)) || package.checksum.is_none()
        {
            return String::new();
        }
        let Some(new) = self.archive(package) else { return String::new() };
        let old = before.and_then(|pin| Some((pin, self.archive(&locked(pin))?)));
        let named = finding.subject.as_deref().filter(|path| new.file(path).is_some());
        let paths = match named {
            Some(path) => vec![path.to_owned()],
            None if BUILD_SCRIPTS.contains(&finding.id) => Sources::of_archive(&new).build_scripts,
            None => vec![],
        };
        paths.iter().map(|path| file(path, &new, old.as_ref().map(|(pin, old)| (*pin, old)))).collect()
    }

    /// The archive of a package, proven once more: it is no longer at hand, since those of a whole graph do not fit into memory.
    fn archive(&self, package: &LockedPackage) -> Option<Archive> {
        let lockfile = Lockfile { version: 4, packages: vec![package.clone()] };
        let alone = Situation { lockfile, ..self.situation.clone() };
        let kept = OnceLock::new();
        let inspect = |_: usize, contents: crate::collect::records::Contents<'_>| {
            if let Some(archive) = contents.archive {
                let _ = kept.set(archive.clone());
            }
            Judgment::default()
        };
        let proofs = entrants::prove(&alone, self.network, &[0], &inspect, self.progress);
        proofs.ok().filter(|proofs| proofs.proven.iter().all(Result::is_ok))?;
        kept.into_inner()
    }
}

/// A file of a package, beside the one of the version before.
fn file(path: &str, new: &Archive, old: Option<(&Pin, &Archive)>) -> String {
    let Some(content) = new.file(path) else { return String::new() };
    match old.map(|(pin, old)| (pin, old.file(path))) {
        Some((pin, Some(old))) => format!("`{path}` since {}:\n{}", standing(pin), difference(old, content)),
        Some((pin, None)) => {
            format!("`{path}`, which {} does not have:\n{}", pin.id().short(), beginning(content))
        }
        None => format!("`{path}`:\n{}", beginning(content)),
    }
}

/// A pinned package as a lockfile would name it.
fn locked(pin: &Pin) -> LockedPackage {
    LockedPackage { id: pin.id(), checksum: pin.checksum, dependencies: vec![], line: 0 }
}

/// The version that is compared with, and what people said of it.
fn standing(pin: &Pin) -> String {
    let said = match (&pin.accepted[..], pin.trust.basis) {
        ([.., last], _) => format!("accepted by {} on {}: {}", last.by, last.on, last.reason),
        ([], Basis::Baseline) => "there at `init`, nobody has looked at it yet".to_owned(),
        ([], Basis::Audit) => "reviewed".to_owned(),
        ([], Basis::Publisher) => "its publisher is trusted".to_owned(),
        ([], Basis::Accepted | Basis::Policy) => "it passed every check".to_owned(),
    };
    format!("v{} ({said})", pin.version)
}

fn text(content: &[u8]) -> Option<&str> {
    std::str::from_utf8(content).ok().filter(|text| text.len() <= FILE_BYTES)
}

fn difference(old: &[u8], new: &[u8]) -> String {
    if old == new {
        return "  no difference\n".to_owned();
    }
    let (Some(old), Some(new)) = (text(old), text(new)) else {
        return format!("  {} and {} bytes that are no text to show\n", old.len(), new.len());
    };
    match differing(old, new) {
        number if number > FILE_LINES => {
            return format!("  {number} lines differ, which are too many to compare\n");
        }
        _ => {}
    }
    let hunks = Lines::compare(old, new).stretches(3).iter().map(ToString::to_string).collect::<String>();
    bounded(&hunks, DIFF_LINES)
}

fn beginning(content: &[u8]) -> String {
    match text(content) {
        Some("") => "  nothing in it\n".to_owned(),
        Some(text) => bounded(text, FIRST_LINES),
        None => format!("  {} bytes that are no text to show\n", content.len()),
    }
}

/// So many lines, and how many more there are.
fn bounded(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for line in text.lines().take(most) {
        let cut = line.char_indices().nth(LINE_CHARS).map(|(at, _)| at);
        shown.push_str("  ");
        shown.push_str(&line[..cut.unwrap_or(line.len())]);
        if let Some(cut) = cut {
            shown.push_str(&format!(" … {} more", plural(line[cut..].chars().count(), "character")));
        }
        shown.push('\n');
    }
    let more = text.lines().count().saturating_sub(most);
    if more > 0 {
        shown.push_str(&format!("  … {} more\n", plural(more, "line")));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_changed_and_little_else() {
        let old = (0..50).map(|number| format!("line {number}\n")).collect::<String>();
        let new = old.replace("line 25\n", "evil\n");
        let shown = difference(old.as_bytes(), new.as_bytes());
        assert!(shown.contains("  -line 25\n  +evil\n"), "{shown}");
        assert!(!shown.contains("line 10"), "{shown}");
        assert_eq!(difference(b"a\n", b"a\n"), "  no difference\n");
        assert_eq!(difference(b"\xff", b"a\n"), "  1 and 2 bytes that are no text to show\n");
    }

    #[test]
    fn nobody_is_drowned() {
        let long = "x\n".repeat(10_000);
        assert_eq!(beginning(long.as_bytes()).lines().count(), FIRST_LINES + 1);
        assert!(beginning(long.as_bytes()).ends_with("… 9940 lines more\n"));
        let shown = difference(b"", long.as_bytes());
        assert_eq!(shown.lines().count(), DIFF_LINES + 1);
        // What is hidden far to the right is told.
        let wide = format!("let x;{}evil()", " ".repeat(LINE_CHARS));
        let shown = beginning(wide.as_bytes());
        assert!(shown.trim_end().ends_with("… 12 characters more"), "{shown}");
        assert_eq!(beginning(b""), "  nothing in it\n");
        assert_eq!(beginning(&vec![b'x'; FILE_BYTES + 1]), "  1048577 bytes that are no text to show\n");
    }

    #[test]
    fn lines_of_two_letters_without_end_keep_no_question_waiting() {
        let lines = |odd: usize| {
            let letters = (0..FILE_BYTES / 2).map(|at| ["a\n", "b\n", "b\n"][(at * at / odd) % 3]);
            letters.collect::<String>()
        };
        let shown = difference(lines(7).as_bytes(), lines(11).as_bytes());
        assert!(shown.ends_with("lines differ, which are too many to compare\n"), "{shown}");
    }

    #[test]
    fn files_that_differ_everywhere_are_compared_in_no_time() {
        let lines = |seed: u64| {
            (0..60_000_u64).map(|at| format!("{}\n", (at * 7919 + seed) % 65_537)).collect::<String>()
        };
        // An exact answer would take minutes.
        let begun = std::time::Instant::now();
        difference(lines(1).as_bytes(), lines(2).as_bytes());
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
