//! What a file that differs could do. The order of a comparison follows from it and nothing else does, so that a wrong guess hides
//! nothing.

use provenance_build::tree::Layout;
use toml_edit::DocumentMut;

use super::content::Content;
use crate::archive::{self, Build};
use crate::report::files::Risk;

/// Files that cargo writes when it packages.
pub(super) const GENERATED: [&str; 4] =
    [".cargo-checksum.json", ".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// Folders at the top that a dependent never compiles.
const ASIDE: [&str; 9] = [".github", "benches", "ci", "doc", "docs", "examples", "fuzz", "test", "tests"];

/// Which files of a package run at build time, on either side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Roles {
    scripts: Vec<String>,
    library: Vec<String>,
    proc_macro: bool,
}

impl Roles {
    /// Takes what a manifest says into account. One that cannot be read says nothing.
    pub(super) fn add(&mut self, manifest: Option<&[u8]>) {
        let Some(Ok(declared)) = manifest.map(archive::read_manifest) else { return };
        self.proc_macro |= declared.proc_macro;
        let plain = |path: String| path.trim_start_matches("./").to_owned();
        let document =
            manifest.and_then(|bytes| std::str::from_utf8(bytes).ok()?.parse::<DocumentMut>().ok());
        let library = document.as_ref().and_then(|document| document.get("lib")?.get("path")?.as_str());
        self.library.extend(library.map(|path| plain(path.to_owned())));
        if let Build::Scripts(scripts) = declared.build {
            self.scripts.extend(scripts.into_iter().map(plain));
        }
    }

    /// A script itself, under its own name or that of cargo's default, or what lies in its folder: modules of it.
    fn runs(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let beside = |script: &String| match script.rsplit_once('/') {
            Some((folder, _)) if folder != "src" => path.starts_with(&format!("{folder}/")),
            _ => false,
        };
        name.eq_ignore_ascii_case("build.rs")
            || path.starts_with("build/")
            || self.scripts.iter().any(|script| script == path || beside(script))
    }
}

/// A file on one side, as far as its risk goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) content: Content,
    pub(super) executable: bool,
}

/// What a file could do, and what to note about that.
pub(super) fn of(
    path: &str,
    roles: &Roles,
    old: Option<Seen<'_>>,
    new: Option<Seen<'_>>,
) -> (Risk, Vec<String>) {
    let mut notes = vec![];
    let was = |what: fn(&Seen<'_>) -> bool| old.as_ref().is_some_and(what);
    let is = |what: fn(&Seen<'_>) -> bool| new.as_ref().is_some_and(what);
    let executable: fn(&Seen<'_>) -> bool = |seen| seen.executable;
    let packed: fn(&Seen<'_>) -> bool = |seen| matches!(seen.content, Content::Packed(_));
    if is(executable) && !was(executable) {
        notes.push(format!("`{path}` can be executed now"));
    }
    let is_rust = path.to_ascii_lowercase().ends_with(".rs");
    let unsafes = |seen: Option<Seen<'_>>| seen.map_or(0, |seen| words(seen.bytes, b"unsafe"));
    let (before, after) = if is_rust { (unsafes(old), unsafes(new)) } else { (0, 0) };
    if after > before {
        notes.push(format!("`{path}` has more `unsafe` than before: {after}, was {before}"));
    }
    if let Some(Content::Packed(name)) = new.map(|seen| seen.content) {
        notes.push(format!("`{path}` is {name}"));
    }
    let top = path.split('/').next().unwrap_or(path);
    let is_aside = path.contains('/') && ASIDE.iter().any(|folder| top.eq_ignore_ascii_case(folder));
    let is_root =
        roles.library.iter().any(|library| library == path) || roles.scripts.iter().any(|it| it == path);
    let risk = if GENERATED.contains(&path) && !is_root {
        Risk::Generated
    } else if path.rsplit('/').next() == Some("Cargo.toml") {
        if path == "Cargo.toml" { Risk::Manifest } else { Risk::Other }
    } else if roles.runs(path) {
        Risk::BuildScript
    } else if is(packed) || (is(executable) && !was(executable)) {
        Risk::Binary
    } else if roles.proc_macro && is_rust && !is_aside {
        Risk::ProcMacro
    } else if after > before {
        Risk::Unsafe
    } else if (is_aside || is_prose(path)) && !is_root {
        Risk::Other
    } else {
        Risk::Source
    };
    (risk, notes)
}

/// Documentation and what tools of the author read. Anything may be included by code; what looks like code is not among them.
fn is_prose(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let ends = [".md", ".txt", ".adoc", ".rst", ".png", ".svg", ".jpg", ".gif"];
    ends.iter().any(|end| name.ends_with(end))
        || ["license", "licence", "copying", "readme", "changelog", "authors", "notice", "."]
            .iter()
            .any(|start| name.starts_with(start))
}

/// How often a word stands in a text, as a whole word.
fn words(text: &[u8], word: &[u8]) -> usize {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    text.split(|byte| !is_part(byte)).filter(|part| *part == word).count()
}

/// What vendoring leaves out is no difference of a vendored package.
pub(super) fn is_dropped(layout: Layout, path: &str) -> bool {
    layout == Layout::Directory
        && path.split('/').any(|part| matches!(part, ".git" | ".gitignore" | ".gitattributes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8]) -> Option<Seen<'_>> {
        Some(Seen { bytes, content: Content::of("a", bytes), executable: false })
    }

    fn risk(roles: &Roles, path: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> Risk {
        of(path, roles, old.and_then(seen), new.and_then(seen)).0
    }

    #[test]
    fn what_runs_at_build_time_comes_first() {
        let mut roles = Roles::default();
        roles.add(Some(b"[package]\nname = 'a'\nbuild = './make/gen.rs'\n"));
        for (path, expected) in [
            ("build.rs", Risk::BuildScript),
            ("Build.rs", Risk::BuildScript),
            ("inner/build.rs", Risk::BuildScript),
            ("build/probe.rs", Risk::BuildScript),
            ("make/gen.rs", Risk::BuildScript),
            ("make/deep/part.rs", Risk::BuildScript),
            ("Cargo.toml", Risk::Manifest),
            ("fuzz/Cargo.toml", Risk::Other),
            ("src/lib.rs", Risk::Source),
            ("src/table.bin", Risk::Source),
            ("tests/all.rs", Risk::Other),
            ("tests.rs", Risk::Source),
            ("README.md", Risk::Other),
            ("LICENSE-MIT", Risk::Other),
            ("Cargo.lock", Risk::Generated),
            (".cargo_vcs_info.json", Risk::Generated),
            ("Cargo.toml.orig", Risk::Generated),
        ] {
            assert_eq!(risk(&roles, path, Some(b"a"), Some(b"b")), expected, "{path}");
        }
    }

    #[test]
    fn a_script_in_src_does_not_make_all_of_src_one() {
        let mut roles = Roles::default();
        roles.add(Some(b"package.build = 'src/build.rs'"));
        assert_eq!(risk(&roles, "src/build.rs", None, Some(b"x")), Risk::BuildScript);
        assert_eq!(risk(&roles, "src/lib.rs", None, Some(b"x")), Risk::Source);
    }

    #[test]
    fn a_script_that_only_one_side_names_counts() {
        let mut roles = Roles::default();
        roles.add(Some(b"[package]"));
        roles.add(Some(b"[package]\nbuild = 'run.rs'"));
        roles.add(Some(b"no toml at all ["));
        roles.add(None);
        assert_eq!(risk(&roles, "run.rs", None, Some(b"x")), Risk::BuildScript);
    }

    #[test]
    fn all_of_a_procedural_macro_runs_but_its_tests() {
        let mut roles = Roles::default();
        roles.add(Some(b"[lib]\nproc-macro = true"));
        assert_eq!(risk(&roles, "src/deep/x.rs", Some(b"a"), Some(b"b")), Risk::ProcMacro);
        assert_eq!(risk(&roles, "tests/x.rs", Some(b"a"), Some(b"b")), Risk::Other);
    }

    #[test]
    fn more_unsafe_than_before_is_told_from_words_that_hold_it() {
        let roles = Roles::default();
        for (old, new, expected) in [
            ("", "unsafe { x() }", Risk::Unsafe),
            ("unsafe {}", "unsafe {}", Risk::Source),
            ("", "#![forbid(unsafe_code)]", Risk::Source),
            ("unsafe unsafe", "unsafe", Risk::Source),
            ("", "let is_unsafe = 1; // unsafely", Risk::Source),
        ] {
            assert_eq!(
                risk(&roles, "src/a.rs", Some(old.as_bytes()), Some(new.as_bytes())),
                expected,
                "{new}"
            );
        }
    }

    #[test]
    fn a_program_is_one_wherever_it_lies_and_whatever_it_is_called() {
        let roles = Roles::default();
        let elf = b"\x7fELF\x02\x01\x01\0";
        for path in ["tests/data.txt", "README.md", "src/lib.rs"] {
            let (risk, notes) = of(path, &roles, None, seen(elf));
            assert_eq!(risk, Risk::Binary, "{path}");
            assert!(notes[0].contains("ELF"), "{notes:?}");
            assert_ne!(of(path, &roles, seen(elf), None).0, Risk::Binary);
        }
        let script = Seen { executable: true, ..seen(b"#!/bin/sh\n").expect("seen") };
        let (risk, notes) = of("run.txt", &roles, seen(b"#!/bin/sh\n"), Some(script));
        assert_eq!((risk, notes.len()), (Risk::Binary, 1));
    }
}
