//! What rustc read, by its own account, and whether it may have come from there.
//!
//! The dep-info of rustc (`rustc_interface::passes::write_out_deps`) has a rule for each output, `OUT: INPUT…`, an empty
//! rule for each input, `INPUT:`, and comments. Spaces in names are written `\ `; a line feed is not escaped, so a name
//! with one could pass for something else. Both lists must therefore be the same, and every line must be one of these.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use provenance_build::tree::Layout;

use super::Refusal;

/// Bytes of one dep-info file: a crate of 10,000 files with long paths, each named for every output and once more.
pub(super) const BYTES: u64 = 64 * 1024 * 1024;

/// Where the sources of the package that is compiled may come from. All paths are canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Territory {
    /// First-party code: the workspace, and members beside it.
    Member {
        /// The repository of the workspace and the directories of members outside it.
        roots: Vec<PathBuf>,
        /// The cargo home, which holds third-party code even where it lies in the repository.
        cargo_home: Option<PathBuf>,
    },
    /// A pinned tree.
    Pinned {
        /// Its root.
        tree: PathBuf,
        /// What its digest covers.
        layout: Layout,
        /// The workspace root.
        workspace: PathBuf,
        /// The cargo home, which holds other packages even where it lies in the workspace.
        cargo_home: Option<PathBuf>,
    },
}

/// Files of the build itself. All paths are canonical.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outputs {
    /// `OUT_DIR` of the package.
    out_dir: Option<PathBuf>,
    /// The directory that cargo builds in: a file there is no source, whoever put it there, unless a build script did.
    build: Option<PathBuf>,
}

impl Outputs {
    /// `out_dir` is what the environment says, which an entry of `[env]` can set for a package that has no build script. So
    /// it counts only where cargo puts such folders: below the directory that cargo builds in.
    pub(super) fn new(out_dir: Option<PathBuf>, build: Option<PathBuf>) -> Self {
        let outputs = Self { out_dir: None, build };
        Self { out_dir: out_dir.filter(|out_dir| outputs.is_generated(out_dir)), ..outputs }
    }

    // `build/PACKAGE-HASH/out/…` below the directory that cargo builds in, or `build/PACKAGE/HASH/out/…` in its new layout, of
    // any package: a build script may hand its folder on to those who depend on it.
    fn is_generated(&self, input: &Path) -> bool {
        let inside = self.build.as_ref().and_then(|build| input.strip_prefix(build).ok());
        let mut names = inside.into_iter().flat_map(Path::iter);
        names.any(|name| name == "build") && names.skip(1).take(2).any(|name| name == "out")
    }
}

/// What is said of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It may be read.
    Fine,
    /// It lies in the pinned tree and its digest leaves it out.
    NotCovered,
    /// It lies elsewhere.
    Outside,
}

impl Territory {
    /// Judges one input.
    pub(super) fn rule(&self, input: &Path, outputs: &Outputs) -> Ruling {
        if outputs.out_dir.as_ref().is_some_and(|out_dir| input.starts_with(out_dir)) {
            return Ruling::Fine;
        }
        if outputs.is_generated(input) {
            return Ruling::Fine;
        }
        match self {
            Self::Member { roots, cargo_home } => {
                let is_own = roots.iter().any(|root| input.starts_with(root));
                if is_own && !is_below(input, cargo_home) { Ruling::Fine } else { Ruling::Outside }
            }
            Self::Pinned { tree, layout, workspace, cargo_home } => match input.strip_prefix(tree) {
                Ok(inside) if is_covered(inside, *layout) => Ruling::Fine,
                Ok(_) => Ruling::NotCovered,
                // Packages that lie beside each other are each other's strangers.
                Err(_) if *layout == Layout::Directory && is_beside(input, tree) => Ruling::Outside,
                Err(_) if is_below(input, cargo_home) || is_below(input, &outputs.build) => Ruling::Outside,
                // Where cargo builds if nobody says otherwise, though something else made the directory.
                Err(_) if input.starts_with(workspace.join("target")) => Ruling::Outside,
                Err(_) if input.starts_with(workspace) => Ruling::Fine,
                Err(_) => Ruling::Outside,
            },
        }
    }
}

fn is_below(input: &Path, directory: &Option<PathBuf>) -> bool {
    directory.as_ref().is_some_and(|directory| input.starts_with(directory))
}

// What `provenance_build::tree` hashes; where it looks at the disk to decide, nothing is taken for covered.
fn is_covered(inside: &Path, layout: Layout) -> bool {
    let first = inside.components().next();
    let begins = |name: &str| first == Some(Component::Normal(name.as_ref()));
    let has = |name: &str| inside.components().any(|component| component == Component::Normal(name.as_ref()));
    match layout {
        Layout::Checkout => !has(".git") && !has(".cargo-ok"),
        Layout::Directory => !begins(".cargo-checksum.json"),
        Layout::Path => !has(".git") && !begins("target"),
        Layout::Registry => !begins(".cargo-ok"),
    }
}

fn is_beside(input: &Path, tree: &Path) -> bool {
    tree.parent().is_some_and(|parent| input.starts_with(parent))
}

/// How the lines begin that are no rules (`rustc_interface::passes::write_out_deps`).
const COMMENTS: [&str; 2] = ["# env-dep:", "# checksum:"];

/// The inputs that a dep-info file names.
pub(super) fn read(text: &str) -> Result<BTreeSet<PathBuf>, Refusal> {
    let unclear = |line: &str| {
        Refusal::new(
            format!("rustc's dep-info has a line that is not understood: `{}`", line.escape_debug()),
            "look for file names with line feeds among the sources of this package",
        )
    };
    let (mut needed, mut listed) = (BTreeSet::new(), BTreeSet::new());
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        // A name never begins so: rustc escapes its blanks.
        if line.is_empty() || COMMENTS.iter().any(|comment| line.starts_with(comment)) {
            continue;
        }
        if line.starts_with('#') {
            return Err(unclear(line));
        }
        match line.strip_suffix(':') {
            Some(name) => listed.extend(words(name)),
            None => {
                let (_, inputs) = line.split_once(": ").ok_or_else(|| unclear(line))?;
                needed.extend(words(inputs));
            }
        }
    }
    if let Some(odd) = needed.symmetric_difference(&listed).next() {
        return Err(unclear(odd));
    }
    Ok(needed.into_iter().map(PathBuf::from).collect())
}

// Names between spaces that are not escaped.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![];
    let mut word = String::new();
    for piece in text.split(' ') {
        match piece.strip_suffix('\\') {
            Some(piece) => {
                word.push_str(piece);
                word.push(' ');
            }
            None => {
                word.push_str(piece);
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(text: &str) -> Option<Vec<String>> {
        let names = read(text).ok()?;
        Some(names.into_iter().map(|name| name.display().to_string()).collect())
    }

    #[test]
    fn inputs_are_read_as_rustc_writes_them() {
        let text = "/t/a.d: src/lib.rs src/a\\ b.rs\n\n/t/liba.rlib: src/lib.rs src/a\\ b.rs\n\n\
                    src/lib.rs:\nsrc/a\\ b.rs:\n\n# env-dep:CARGO_PKG_VERSION=1.0.0\n";
        assert_eq!(names(text), Some(vec!["src/a b.rs".to_owned(), "src/lib.rs".to_owned()]));
        assert_eq!(
            names("C:\\t\\a.d: C:\\s\\lib.rs\r\nC:\\s\\lib.rs:\r\n"),
            Some(vec!["C:\\s\\lib.rs".to_owned()])
        );
        assert_eq!(names(""), Some(vec![]));
    }

    #[test]
    fn a_line_feed_in_a_name_hides_nothing() {
        for name in
            ["/t/ok\n/../../evil.rs", "/t/ok\n/evil.rs:", "/t/ok\n#", "/t/ok\na: b", "/t/ok\n\n/evil.rs:\n"]
        {
            let text = format!("/o/a.d: src/lib.rs {name}\n\nsrc/lib.rs:\n{name}:\n");
            let read = names(&text);
            let told = read.as_ref().is_some_and(|names| names.iter().all(|name| name == "src/lib.rs"));
            assert!(!told, "{name:?} gives {read:?}");
        }
    }

    #[test]
    fn only_what_the_pin_covers_may_be_read() {
        let pinned = |layout| Territory::Pinned {
            tree: PathBuf::from("/home/r/src/i/a-1.0.0"),
            layout,
            workspace: PathBuf::from("/ws"),
            cargo_home: Some(PathBuf::from("/ws/.cargo-home")),
        };
        let out_dir = PathBuf::from("/ws/target/debug/build/a-1f/out");
        let outputs = Outputs::new(Some(out_dir), Some(PathBuf::from("/ws/target")));
        let tree = "/home/r/src/i/a-1.0.0";
        for (layout, input, ruling) in [
            (Layout::Registry, format!("{tree}/src/lib.rs"), Ruling::Fine),
            (Layout::Registry, format!("{tree}/.git/x.rs"), Ruling::Fine),
            (Layout::Registry, format!("{tree}/.cargo-ok"), Ruling::NotCovered),
            (Layout::Registry, "/home/r/src/i/a-1.0.0x/src/lib.rs".to_owned(), Ruling::Outside),
            (Layout::Registry, "/home/r/src/i/b-1.0.0/src/lib.rs".to_owned(), Ruling::Outside),
            (Layout::Checkout, format!("{tree}/sub/.git/x.rs"), Ruling::NotCovered),
            (Layout::Checkout, format!("{tree}/sub/.cargo-ok"), Ruling::NotCovered),
            (Layout::Directory, format!("{tree}/.cargo-checksum.json"), Ruling::NotCovered),
            (Layout::Directory, format!("{tree}/.gitignore"), Ruling::Fine),
            (Layout::Directory, "/home/r/src/i/b/src/lib.rs".to_owned(), Ruling::Outside),
            (Layout::Path, format!("{tree}/target/x.rs"), Ruling::NotCovered),
            (Layout::Path, format!("{tree}/src/target/x.rs"), Ruling::Fine),
            (Layout::Registry, "/ws/target/debug/build/a-1f/out/x.rs".to_owned(), Ruling::Fine),
            (Layout::Registry, "/ws/target/debug/build/b-1f/out/x.rs".to_owned(), Ruling::Fine),
            (Layout::Registry, "/ws/target/debug/x.rs".to_owned(), Ruling::Outside),
            (Layout::Registry, "/ws/target/debug/build/b/1f/out/x.rs".to_owned(), Ruling::Fine),
            (Layout::Registry, "/ws/target/build/x.rs".to_owned(), Ruling::Outside),
            (Layout::Registry, "/ws/.cargo-home/registry/src/i/b/x.rs".to_owned(), Ruling::Outside),
            (Layout::Registry, "/ws/config.rs".to_owned(), Ruling::Fine),
            (Layout::Registry, "/tmp/x.rs".to_owned(), Ruling::Outside),
        ] {
            assert_eq!(pinned(layout).rule(Path::new(&input), &outputs), ruling, "{layout:?} {input}");
        }
        let member = Territory::Member {
            roots: vec![PathBuf::from("/ws")],
            cargo_home: Some(PathBuf::from("/ws/.cargo-home")),
        };
        assert_eq!(member.rule(Path::new("/ws/target/x.wasm"), &outputs), Ruling::Fine);
        assert_eq!(member.rule(Path::new("/tmp/x.rs"), &outputs), Ruling::Outside);
        let foreign = Path::new("/ws/.cargo-home/registry/src/i/a-1.0.0/src/lib.rs");
        assert_eq!(member.rule(foreign, &outputs), Ruling::Outside);
    }

    #[test]
    fn an_out_dir_counts_only_where_cargo_puts_it() {
        for (out_dir, counts) in [
            ("/t/debug/build/a-1f/out", true),
            ("/t/x86_64-unknown-linux-gnu/release/build/a-1f/out", true),
            ("/", false),
            ("/t", false),
            ("/tmp/build/a/out", false),
        ] {
            let outputs = Outputs::new(Some(PathBuf::from(out_dir)), Some(PathBuf::from("/t")));
            assert_eq!(outputs.out_dir.is_some(), counts, "{out_dir}");
        }
    }

    // As rustc writes it (`rustc_interface::passes::write_out_deps`), line feeds included.
    fn written(inputs: &[String]) -> String {
        let escaped = inputs.iter().map(|input| input.replace(' ', "\\ ")).collect::<Vec<_>>();
        let rules = ["a.d", "liba.rlib"].map(|out| format!("{out}: {}\n\n", escaped.join(" ")));
        let listed = escaped.iter().map(|input| format!("{input}:\n")).collect::<String>();
        format!("{}{listed}\n# env-dep:X=y\n", rules.concat())
    }

    #[test]
    fn a_name_that_begins_a_line_like_a_comment_hides_nothing() {
        for name in ["\n#", "\n# x", "\n# env-dep:x"] {
            let inputs = [name, "#", "/tmp/evil.rs"].map(str::to_owned);
            assert!(read(&written(&inputs)).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn every_input_that_rustc_read_is_named_or_the_text_is_refused(
            inputs in proptest::collection::vec("[a-c/.:# \n\\\\]{1,8}", 1..4),
        ) {
            if let Ok(read) = read(&written(&inputs)) {
                for input in inputs.iter().filter(|input| !input.contains(['\n', '\\'])) {
                    // Spaces at an end are beyond the format.
                    let is_plain = input.trim() == input && !input.contains("  ");
                    prop_assert!(!is_plain || read.contains(Path::new(input)), "{:?} of {:?}", input, read);
                }
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = read(&text);
        }
    }
}
