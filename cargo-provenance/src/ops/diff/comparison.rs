//! Compares files in memory: which differ, what each could do, and which of their lines.
//!
//! What is compared may be made to keep a diff busy: one file of a million short lines, or thousands of files. Work is bounded
//! by lines and bytes and not by the clock, so that the same two packages always give the same answer. A file beyond the bounds
//! is named with its digests, never passed over.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::content::Content;
use super::risk::{self, Roles, Seen};
use super::{View, manifest};
use crate::model::{Fate, Lines, Stretch, differing};
use crate::report::files::{Body, Change, FileDiff, Files, Hunk, Risk, Side};

/// Bytes of a file that is shown line by line: more than any hand-written source.
const FILE_BYTES: usize = 1024 * 1024;
/// Lines of both sides of a file between the first and the last that differs: the slowest input known takes a second for these.
pub(in crate::ops) const FILE_LINES: usize = 100_000;
/// The same for all files together.
const ALL_LINES: usize = 400_000;
/// Lines and bytes of all files that are shown line by line: more than anybody reads, and what memory and a pager can take.
const ALL_SHOWN: usize = 1_000_000;
const ALL_BYTES: usize = 48 * 1024 * 1024;

/// A file on one side.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    pub(super) executable: bool,
}

/// A file of two sides, of which at least one has it.
#[derive(Clone, Debug)]
pub(super) struct Pair<'a> {
    pub(super) path: String,
    pub(super) old: Option<Item<'a>>,
    pub(super) new: Option<Item<'a>>,
}

/// What the two sides are called in a patch, each to stand before a path.
pub(super) type Names<'a> = (&'a str, &'a str);

/// Compares files, and sorts what differs by what it could do.
pub(super) fn compare(pairs: Vec<Pair<'_>>, roles: &Roles, names: Names<'_>, view: &View) -> Files {
    let brought_in = brought_in(&pairs, roles);
    let wanted = pairs.into_iter().filter(|pair| view.wants(&pair.path));
    let mut found = wanted
        .filter_map(|pair| {
            let change = change(&pair)?;
            let seen =
                |item: &Option<Item<'_>>| item.as_ref().map(|item| Content::of(&pair.path, &item.bytes));
            let contents = (seen(&pair.old), seen(&pair.new));
            Some(Examined { change, contents, pair })
        })
        .map(|examined| {
            let (risk, notes) = examined.risk(roles);
            let is_code = risk == Risk::Generated && brought_in.contains(&&*examined.pair.path);
            (if is_code { Risk::Source } else { risk }, notes, examined)
        })
        .collect::<Vec<_>>();
    found.sort_by(|(a, _, one), (b, _, other)| (a, &one.pair.path).cmp(&(b, &other.pair.path)));
    let mut budget = Budget { lines: ALL_LINES, shown: ALL_SHOWN, bytes: ALL_BYTES };
    // The budget is spent in this order, so that what is risky is shown.
    let list = found.into_iter().map(|(risk, notes, it)| it.told(risk, notes, names, view, &mut budget));
    Files { list: list.collect(), shown: view.shown }
}

/// Which files that cargo writes are named by what may be code: then they may be code, too, whoever wrote them.
fn brought_in(pairs: &[Pair<'_>], roles: &Roles) -> Vec<&'static str> {
    let code = pairs.iter().filter_map(|pair| {
        let item = pair.new.as_ref();
        let (risk, _) =
            risk::of(&pair.path, roles, None, seen(item, item.map(|it| Content::of(&pair.path, &it.bytes))));
        let is_code = !matches!(risk, Risk::Generated | Risk::Manifest | Risk::Other);
        item.filter(|_| is_code).map(|item| &*item.bytes)
    });
    let code = code.collect::<Vec<_>>();
    let names = |name: &&str| code.iter().any(|bytes| memchr::memmem::find(bytes, name.as_bytes()).is_some());
    risk::GENERATED.into_iter().filter(names).collect()
}

fn change(pair: &Pair<'_>) -> Option<Change> {
    match (&pair.old, &pair.new) {
        (None, None) => None,
        (None, Some(_)) => Some(Change::Added),
        (Some(_), None) => Some(Change::Removed),
        (Some(old), Some(new)) if old.bytes != new.bytes => Some(Change::Changed),
        (Some(old), Some(new)) => (old.executable != new.executable).then_some(Change::Mode),
    }
}

/// A file that differs, and what each side is.
struct Examined<'a> {
    pair: Pair<'a>,
    change: Change,
    contents: (Option<Content>, Option<Content>),
}

/// What may still be compared line by line.
#[derive(Clone, Copy)]
struct Budget {
    lines: usize,
    shown: usize,
    bytes: usize,
}

impl Budget {
    /// What is left after a file of so many bytes, of whose lines so many differ; nothing where that is too much.
    fn after(self, bytes: usize, differing: usize, is_one_sided: bool) -> Option<Self> {
        Some(Self {
            // A file that only one side has is shown as it is.
            lines: if is_one_sided { self.lines } else { self.lines.checked_sub(differing)? },
            shown: self.shown.checked_sub(differing)?,
            bytes: self.bytes.checked_sub(bytes)?,
        })
    }
}

impl Examined<'_> {
    fn risk(&self, roles: &Roles) -> (Risk, Vec<String>) {
        let (old, new) =
            (seen(self.pair.old.as_ref(), self.contents.0), seen(self.pair.new.as_ref(), self.contents.1));
        risk::of(&self.pair.path, roles, old, new)
    }

    fn told(
        self,
        risk: Risk,
        notes: Vec<String>,
        names: Names<'_>,
        view: &View,
        budget: &mut Budget,
    ) -> FileDiff {
        let Self { pair, change, contents } = self;
        let side = |item: &Option<Item<'_>>, content: Option<Content>, before: &str| {
            item.as_ref().zip(content).map(|(item, content)| Side {
                name: format!("{before}{}", pair.path),
                bytes: item.bytes.len(),
                sha256: hex(&Sha256::digest(&item.bytes)),
                content: content.as_str(),
                executable: item.executable,
            })
        };
        let (old, new) = (side(&pair.old, contents.0, names.0), side(&pair.new, contents.1, names.1));
        let mut notes = notes;
        if risk == Risk::Manifest {
            let (old, new) = (pair.old.as_ref(), pair.new.as_ref());
            notes.extend(manifest::changes(old.map(|it| &*it.bytes), new.map(|it| &*it.bytes)));
        }
        let (body, added, removed) = match risk {
            Risk::Generated if !view.names(&pair.path) => {
                let why = format!("cargo writes it; to see it, add `-- {}`", pair.path);
                (Body::LeftOut(why), 0, 0)
            }
            _ => body(&pair, contents, view.context, budget),
        };
        FileDiff { path: pair.path, risk, change, notes, old, new, added, removed, body }
    }
}

fn seen<'a>(item: Option<&'a Item<'_>>, content: Option<Content>) -> Option<Seen<'a>> {
    let (item, content) = item.zip(content)?;
    Some(Seen { bytes: &item.bytes, content, executable: item.executable })
}

/// The lines of a file that differ, or why they are not shown; and how many are new and gone.
fn body(
    pair: &Pair<'_>,
    contents: (Option<Content>, Option<Content>),
    context: usize,
    budget: &mut Budget,
) -> (Body, usize, usize) {
    let left_out = |why: &str| (Body::LeftOut(why.to_owned()), 0, 0);
    let is_text = |content: Option<Content>| matches!(content, None | Some(Content::Text));
    if !is_text(contents.0) || !is_text(contents.1) {
        return left_out("it is no text");
    }
    let bytes = |item: &Option<Item<'_>>| item.as_ref().map_or(0, |item| item.bytes.len());
    let size = bytes(&pair.old).max(bytes(&pair.new));
    if size > FILE_BYTES {
        return left_out("it is larger than what is compared line by line");
    }
    let text = |item: &'_ Option<Item<'_>>| {
        item.as_ref().map_or(Ok(String::new()), |item| std::str::from_utf8(&item.bytes).map(str::to_owned))
    };
    let (Ok(old), Ok(new)) = (text(&pair.old), text(&pair.new)) else { return left_out("it is no text") };
    let differing = differing(&old, &new);
    if differing > FILE_LINES {
        return left_out("it has more lines that differ than are compared");
    }
    let size = bytes(&pair.old) + bytes(&pair.new);
    let Some(left) = budget.after(size, differing, old.is_empty() || new.is_empty()) else {
        return left_out("more differs than is compared at once; name a file or a folder behind `--`");
    };
    *budget = left;
    let stretches = Lines::compare(&old, &new).stretches(context);
    let lines = || stretches.iter().flat_map(|stretch| &stretch.lines);
    let count = |wanted: Fate| lines().filter(|(fate, _)| *fate == wanted).count();
    (Body::Hunks(stretches.iter().map(hunk).collect()), count(Fate::New), count(Fate::Gone))
}

fn hunk(stretch: &Stretch<'_>) -> Hunk {
    let mut lines = vec![];
    for (fate, line) in &stretch.lines {
        lines.push(format!("{}{}", fate.sign(), line.strip_suffix('\n').unwrap_or(line)));
        if !line.ends_with('\n') {
            lines.push("\\ No newline at end of file".to_owned());
        }
    }
    let side = |side| (Stretch::first(side), side.1);
    Hunk { old: side(stretch.old), new: side(stretch.new), lines }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::files::Shown;

    fn item(bytes: &[u8]) -> Option<Item<'_>> {
        Some(Item { bytes: Cow::Borrowed(bytes), executable: false })
    }

    fn pair<'a>(path: &str, old: Option<&'a [u8]>, new: Option<&'a [u8]>) -> Pair<'a> {
        Pair { path: path.to_owned(), old: old.and_then(item), new: new.and_then(item) }
    }

    fn compared(pairs: Vec<Pair<'_>>) -> Vec<FileDiff> {
        compare(pairs, &Roles::default(), ("a/", "b/"), &View::default()).list
    }

    #[test]
    fn the_riskiest_comes_first_and_equal_files_do_not_come() {
        let elf = b"\x7fELF\x01\x01\x01\0";
        let list = compared(vec![
            pair("Cargo.lock", Some(b"a"), Some(b"b")),
            pair("README.md", Some(b"a"), Some(b"b")),
            pair("src/b.rs", Some(b"a"), Some(b"b")),
            pair("src/a.rs", None, Some(b"b")),
            pair("tests/x.bin", None, Some(elf)),
            pair("src/u.rs", Some(b"a"), Some(b"unsafe")),
            pair("Cargo.toml", Some(b"[package]"), Some(b"[package]\nlinks = 'x'\n")),
            pair("same", Some(b"a"), Some(b"a")),
            pair("build.rs", Some(b"a"), None),
        ]);
        let paths = list.iter().map(|file| file.path.as_str()).collect::<Vec<_>>();
        assert_eq!(
            paths,
            [
                "build.rs",
                "Cargo.toml",
                "src/u.rs",
                "tests/x.bin",
                "src/a.rs",
                "src/b.rs",
                "README.md",
                "Cargo.lock"
            ]
        );
        assert_eq!(list[1].notes, ["it links `x` now, was nothing"]);
        assert!(
            matches!(&list[7].body, Body::LeftOut(why) if why.ends_with("`-- Cargo.lock`")),
            "{:?}",
            list[7]
        );
    }

    #[test]
    fn lines_are_numbered_as_git_numbers_them() {
        let old = (1..=9).map(|n| format!("{n}\n")).collect::<String>();
        let new = old.replace("5\n", "five\nand\n").replace("9\n", "9");
        let list = compared(vec![pair("a.rs", Some(old.as_bytes()), Some(new.as_bytes()))]);
        let Body::Hunks(hunks) = &list[0].body else { panic!("{list:?}") };
        assert_eq!((hunks.len(), hunks[0].old, hunks[0].new), (1, (2, 8), (2, 9)));
        assert_eq!(
            hunks[0].lines,
            [
                " 2",
                " 3",
                " 4",
                "-5",
                "+five",
                "+and",
                " 6",
                " 7",
                " 8",
                "-9",
                "+9",
                "\\ No newline at end of file"
            ]
        );
        assert_eq!((list[0].added, list[0].removed), (3, 2));
        let new = compared(vec![pair("a.rs", None, Some(b"x\r\ny\rz\n"))]);
        let Body::Hunks(hunks) = &new[0].body else { panic!("{new:?}") };
        assert_eq!((hunks[0].old, hunks[0].new), ((0, 0), (1, 2)));
        assert_eq!(hunks[0].lines, ["+x\r", "+y\rz"]);
    }

    #[test]
    fn code_in_a_file_that_cargo_is_said_to_write_is_shown_as_code() {
        let mut roles = Roles::default();
        roles.add(Some(b"[package]\nbuild = './Cargo.lock'\n[lib]\npath = '.cargo_vcs_info.json'\n"));
        let pairs = vec![
            pair("Cargo.lock", Some(b"a\n"), Some(b"b\n")),
            pair(".cargo_vcs_info.json", Some(b"a\n"), Some(b"b\n")),
            pair("Cargo.toml.orig", Some(b"a\n"), Some(b"b\n")),
            // It did not change itself.
            pair(
                "src/a.rs",
                Some(b"include!(\"../Cargo.toml.orig\")"),
                Some(b"include!(\"../Cargo.toml.orig\")"),
            ),
        ];
        let list = compare(pairs, &roles, ("a/", "b/"), &View::default()).list;
        let found = list.iter().map(|file| (&*file.path, file.risk)).collect::<Vec<_>>();
        let expected = [
            ("Cargo.lock", Risk::BuildScript),
            (".cargo_vcs_info.json", Risk::Source),
            ("Cargo.toml.orig", Risk::Source),
        ];
        assert_eq!(found, expected);
        assert!(list.iter().all(|file| matches!(file.body, Body::Hunks(_))), "{list:?}");
    }

    #[test]
    fn only_the_mode_may_differ() {
        let mut pair = pair("x.txt", Some(b"a"), Some(b"a"));
        pair.new.as_mut().expect("there").executable = true;
        let list = compared(vec![pair]);
        assert_eq!((list[0].change, list[0].risk), (Change::Mode, Risk::Binary));
    }

    #[test]
    fn what_would_keep_a_diff_busy_is_only_named() {
        let long = vec![b'x'; FILE_BYTES + 1];
        let short = "a\nb\n".repeat(FILE_LINES / 4 + 1);
        let other = "b\nb\na\n".repeat(FILE_LINES / 6 + 1);
        let list = compared(vec![
            pair("a.rs", None, Some(&long)),
            pair("b.rs", Some(short.as_bytes()), Some(other.as_bytes())),
            pair("c.rs", Some(b"a\n"), Some(b"b\n")),
        ]);
        let left_out = list.iter().map(|file| matches!(file.body, Body::LeftOut(_))).collect::<Vec<_>>();
        assert_eq!(left_out, [true, true, false]);
        // A long file in which one line changed is no trouble.
        let old = (0..FILE_LINES).map(|n| format!("{n}\n")).collect::<String>();
        let new = old.replace("\n777\n", "\nseven\n");
        let list = compared(vec![pair("a.rs", Some(old.as_bytes()), Some(new.as_bytes()))]);
        assert_eq!((list[0].added, list[0].removed), (1, 1));
    }

    #[test]
    fn many_files_together_have_a_bound_and_the_risky_ones_are_shown() {
        let long = vec![b'x'; FILE_BYTES];
        let many = "\n".repeat(FILE_LINES);
        for (text, number) in [(&long[..], ALL_BYTES / FILE_BYTES), (many.as_bytes(), ALL_SHOWN / FILE_LINES)]
        {
            let paths = (0..number + 2).map(|n| format!("src/{n:03}.rs"));
            let mut pairs = paths.map(|path| pair(&path, None, Some(text))).collect::<Vec<_>>();
            pairs.push(pair("build.rs", None, Some(b"fn main() {}\n")));
            let list = compared(pairs);
            assert!(matches!(list[0].body, Body::Hunks(_)), "{:?}", list[0].path);
            let left_out = list.iter().filter(|file| matches!(file.body, Body::LeftOut(_))).count();
            // The build script takes its part of the room.
            assert_eq!(left_out, 3);
        }
    }

    #[test]
    fn paths_choose_files_and_what_is_named_is_shown() {
        let view =
            View { paths: vec!["src".into(), "Cargo.lock".into(), "t/*.rs".into()], ..View::default() };
        let pairs = ["src/a.rs", "srcs.rs", "Cargo.lock", "t/x.rs", "t/u/x.rs"];
        let pairs = pairs.iter().map(|path| pair(path, None, Some(b"x\n"))).collect();
        let list = compare(pairs, &Roles::default(), ("a/", "b/"), &view).list;
        let paths = list.iter().map(|file| file.path.as_str()).collect::<Vec<_>>();
        assert_eq!(paths, ["src/a.rs", "t/x.rs", "Cargo.lock"]);
        assert!(list.iter().all(|file| matches!(file.body, Body::Hunks(_))));
        assert_eq!(view.shown, Shown::Patch);
    }
}
