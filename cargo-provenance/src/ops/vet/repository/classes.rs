//! What each file of a package is to the commit that it was made from.
//!
//! `cargo package` copies files as they are, with a few exceptions: it rewrites `Cargo.toml` and keeps the author's beside it, writes
//! `Cargo.lock` and `.cargo_vcs_info.json`, copies a license or a readme from above the package, and puts files in the
//! place of links. Whatever else differs was not made of that commit.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::Document;

use crate::archive::{self, Archive, Declared, File, Origin, Original};

/// Links that are followed on the way to one file: what Linux follows, and more than anybody nests.
const LINKS: usize = 40;

/// What a file of a package is to its commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// The commit has another file in its place.
    Differs,
    /// The commit has no such file.
    Extra,
    /// It would lie in a submodule, which was not fetched.
    Submodule,
    /// Only its line ends are other ones.
    LineEnds,
    /// Cargo copied it from above the package: from this file of the commit.
    Copied(String),
    /// Cargo wrote it.
    Rewritten,
    /// The commit has it.
    Identical,
}

/// What a commit has under a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// A file of this BLAKE3 hash.
    File([u8; 32]),
    /// A link.
    Link(String),
}

/// Files of a commit that cargo may have copied into a package, by their names there.
type Above = BTreeMap<String, Vec<String>>;

/// The files of a commit.
pub(super) struct Commit<'a> {
    /// Everything, by its path.
    pub(super) nodes: BTreeMap<String, Node>,
    /// The paths of submodules.
    pub(super) submodules: &'a [String],
    /// Reads a file.
    pub(super) read: &'a dyn Fn(&str) -> Vec<u8>,
}

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    /// Where the package lies in the repository; empty for its root.
    pub(super) prefix: String,
    /// The files of the package, worst first.
    pub(super) files: Vec<(Class, String)>,
    /// What the packaged manifest has that cargo cannot have made of the commit's, a line each.
    pub(super) deviations: Vec<String>,
    /// How many files of the commit are not in the package.
    pub(super) left_out: usize,
}

impl Commit<'_> {
    /// Compares a package with the commit. `path` is where it says that it lies.
    pub(super) fn compare(&self, archive: &Archive, path: Option<&str>) -> Compared {
        let original = archive.file(ORIGINAL).or_else(|| archive.file(MANIFEST)).unwrap_or_default();
        let prefix = path.map_or_else(|| self.place_of(original), str::to_owned);
        let packed = archive.files().map(|file| file.path).collect::<BTreeSet<_>>();
        let above = self.named_above(original, &prefix, &packed);
        let deviations = self.deviations(archive, &prefix);
        let rewritten = match (packed.contains(ORIGINAL), deviations.is_empty()) {
            (false, _) => None,
            (true, true) => Some(Class::Rewritten),
            (true, false) => Some(Class::Differs),
        };
        let class = |file: File<'_>| {
            let class = match (&rewritten, file.path) {
                (Some(class), MANIFEST) => class.clone(),
                _ => self.class(&file, &prefix, &above),
            };
            (class, file.path.to_owned())
        };
        let mut files = archive.files().map(class).collect::<Vec<_>>();
        files.sort();
        let below = |path: &&String| {
            let inner = path.strip_prefix(&prefix).map(|inner| inner.trim_start_matches('/'));
            inner.is_some_and(|inner| !packed.contains(inner))
        };
        let left_out = self.nodes.keys().filter(below).count();
        Compared { prefix, files, deviations, left_out }
    }

    fn class(&self, file: &File<'_>, prefix: &str, above: &Above) -> Class {
        let hash = *blake3::hash(file.content).as_bytes();
        let path = match file.path {
            VCS => return Class::Rewritten,
            ORIGINAL => MANIFEST,
            path => path,
        };
        let counterpart = self.resolve(&join(prefix, path));
        let same = |at: &String| self.nodes.get(at) == Some(&Node::File(hash));
        match counterpart {
            Some(at) if same(&at) => Class::Identical,
            _ if path == LOCK => Class::Rewritten,
            Some(at) if without_returns(&(self.read)(&at)) == without_returns(file.content) => {
                Class::LineEnds
            }
            Some(_) => Class::Differs,
            None => {
                let copied = above.get(path).into_iter().flatten().find(|at| same(at));
                let whole = join(prefix, path);
                let within = |module: &String| {
                    whole.strip_prefix(module.as_str()).is_some_and(|rest| rest.starts_with('/'))
                };
                match copied {
                    Some(at) => Class::Copied(at.clone()),
                    None if self.submodules.iter().any(within) => Class::Submodule,
                    None => Class::Extra,
                }
            }
        }
    }

    /// The files above the package that cargo may have copied into it: what its manifest names as license or readme, and what
    /// lies in a folder above, which a workspace can name for all of its members. No code is among them.
    fn named_above(&self, original: &[u8], prefix: &str, packed: &BTreeSet<&str>) -> Above {
        let text = std::str::from_utf8(original).unwrap_or_default();
        let document = Document::parse(text).ok();
        let package = document.as_ref().and_then(|document| document.get("package"));
        let named = ["license-file", "readme"].iter().filter_map(|key| package?.get(key)?.as_str());
        let mut above = named.filter_map(|path| self.resolve(&join(prefix, path))).collect::<Vec<_>>();
        let folders =
            prefix.match_indices('/').map(|(at, _)| &prefix[..at]).chain((!prefix.is_empty()).then_some(""));
        for folder in folders {
            let lies_in = |path: &&String| join(folder, base(path)) == **path;
            above.extend(self.nodes.keys().filter(lies_in).filter_map(|path| self.resolve(path)));
        }
        above.retain(|path| !path.ends_with(".rs") && base(path) != MANIFEST && packed.contains(base(path)));
        above.into_iter().fold(Above::new(), |mut by_name, path| {
            by_name.entry(base(&path).to_owned()).or_default().push(path);
            by_name
        })
    }

    /// Where a path leads once links are followed; `None` where there is no file. Nothing leads out of the repository.
    fn resolve(&self, path: &str) -> Option<String> {
        let mut ahead = path.rsplit('/').map(str::to_owned).collect::<Vec<_>>();
        let (mut place, mut links) = (String::new(), 0);
        while let Some(part) = ahead.pop() {
            match part.as_str() {
                "" | "." => {}
                ".." => place = place.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned(),
                name => {
                    let next = join(&place, name);
                    match self.nodes.get(&next) {
                        Some(Node::Link(target)) => {
                            links += 1;
                            if links > LINKS || target.starts_with('/') {
                                return None;
                            }
                            ahead.extend(target.rsplit('/').map(str::to_owned));
                        }
                        _ => place = next,
                    }
                }
            }
        }
        matches!(self.nodes.get(&place), Some(Node::File(_))).then_some(place)
    }

    /// Where a package lies whose cargo did not write that down: at the manifest that is its own, else at the root.
    fn place_of(&self, original: &[u8]) -> String {
        let hash = *blake3::hash(original).as_bytes();
        let is_it = |(path, node): &(&String, &Node)| base(path) == MANIFEST && **node == Node::File(hash);
        let found = self.nodes.iter().find(is_it);
        found
            .and_then(|(path, _)| path.rsplit_once('/'))
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    }

    /// What the packaged manifest has that cargo makes neither of the author's nor of their workspace's.
    fn deviations(&self, archive: &Archive, prefix: &str) -> Vec<String> {
        let workspace = self.workspace(prefix);
        match archive.original(workspace.as_deref()) {
            Original::Missing => vec![],
            Original::Unreadable(why) => vec![format!("its `Cargo.toml.orig` {why}")],
            Original::Known(mut deviations) => {
                let declared = archive.file(ORIGINAL).and_then(|bytes| archive::read_manifest(bytes).ok());
                let inherits =
                    |it: &Declared| it.dependencies.iter().any(|it| it.origin == Origin::Inherited);
                if workspace.is_none() && declared.is_some_and(|declared| inherits(&declared)) {
                    let lost = "its dependencies come from a workspace that the commit does not have";
                    deviations.push(lost.to_owned());
                }
                deviations
            }
        }
    }

    /// The manifest of the workspace of a package.
    fn workspace(&self, prefix: &str) -> Option<Vec<u8>> {
        let folders = std::iter::successors(Some(prefix), |folder| {
            (!folder.is_empty()).then(|| folder.rsplit_once('/').map_or("", |(above, _)| above))
        });
        folders.filter_map(|folder| self.resolve(&join(folder, MANIFEST))).find_map(|manifest| {
            let bytes = (self.read)(&manifest);
            let document = Document::parse(std::str::from_utf8(&bytes).ok()?).ok()?;
            document.get("workspace")?.as_table_like()?;
            drop(document);
            Some(bytes)
        })
    }
}

const MANIFEST: &str = "Cargo.toml";
const ORIGINAL: &str = "Cargo.toml.orig";
const LOCK: &str = "Cargo.lock";
const VCS: &str = ".cargo_vcs_info.json";

fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A text with line feeds alone; what is no text has none that mean anything.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    if bytes.contains(&0) {
        return bytes.to_vec();
    }
    let mut out = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{Sample, id};

    const PACKAGED: &str = "[package]\nname = \"dep\"\nversion = \"1.0.0\"\n";

    fn compare(package: &[(&str, &str)], commit: &[(&str, &str)], path: Option<&str>) -> Compared {
        compare_with(package, commit, path, &[])
    }

    fn compare_with(
        package: &[(&str, &str)],
        commit: &[(&str, &str)],
        path: Option<&str>,
        submodules: &[String],
    ) -> Compared {
        let id = id("dep");
        let sample = package
            .iter()
            .fold(Sample::empty(&id), |sample, (path, text)| sample.file(path, text.as_bytes()));
        let archive = archive::read(&sample.build(), &id).expect("an honest archive");
        let node = |(path, text): &(&str, &str)| {
            let node = match text.strip_prefix("-> ") {
                Some(target) => Node::Link(target.to_owned()),
                None => Node::File(*blake3::hash(text.as_bytes()).as_bytes()),
            };
            ((*path).to_owned(), node)
        };
        let read = |path: &str| {
            let found = commit.iter().find(|(at, _)| *at == path);
            found.map(|(_, text)| text.as_bytes().to_vec()).unwrap_or_default()
        };
        Commit { nodes: commit.iter().map(node).collect(), submodules, read: &read }.compare(&archive, path)
    }

    fn class<'c>(compared: &'c Compared, path: &str) -> &'c Class {
        &compared.files.iter().find(|(_, at)| at == path).expect(path).0
    }

    #[test]
    fn what_cargo_does_is_told_from_what_somebody_did() {
        let original = "[package]\nname = 'dep'\nversion = '1.0.0'\nreadme = '../../README.md'\n";
        let package = [
            (".cargo_vcs_info.json", "{}"),
            ("Cargo.lock", "generated"),
            ("Cargo.toml", PACKAGED),
            ("Cargo.toml.orig", original),
            ("LICENSE", "license"),
            ("README.md", "readme"),
            ("build.rs", "evil"),
            ("src/lib.rs", "lib\r\n"),
            ("src/linked/a.rs", "a"),
            ("src/new.rs", "new"),
            ("vendor/c.c", "c"),
            ("x.rs", "the same as above"),
        ];
        let commit = [
            ("Cargo.toml", "[workspace]"),
            ("LICENSE", "license"),
            ("README.md", "readme"),
            ("crates/dep/Cargo.toml", original),
            ("crates/dep/build.rs", "honest"),
            ("crates/dep/src/lib.rs", "lib\n"),
            ("crates/dep/src/linked", "-> ../../shared"),
            ("crates/dep/tests/all.rs", ""),
            ("crates/shared/a.rs", "a"),
            ("x.rs", "the same as above"),
        ];
        let compared = compare_with(&package, &commit, Some("crates/dep"), &["crates/dep/vendor".to_owned()]);
        for (path, expected) in [
            (".cargo_vcs_info.json", Class::Rewritten),
            ("Cargo.lock", Class::Rewritten),
            ("Cargo.toml", Class::Rewritten),
            ("Cargo.toml.orig", Class::Identical),
            ("LICENSE", Class::Copied("LICENSE".into())),
            ("README.md", Class::Copied("README.md".into())),
            ("build.rs", Class::Differs),
            ("src/lib.rs", Class::LineEnds),
            ("src/linked/a.rs", Class::Identical),
            ("src/new.rs", Class::Extra),
            ("vendor/c.c", Class::Submodule),
            // Code is never taken from elsewhere.
            ("x.rs", Class::Extra),
        ] {
            assert_eq!(class(&compared, path), &expected, "{path}");
        }
        assert_eq!(compared.files[0].1, "build.rs");
        assert_eq!(compared.left_out, 2);
    }

    #[test]
    fn the_place_is_found_by_the_manifest_where_it_is_not_written_down() {
        let package = [("Cargo.toml", PACKAGED), ("src/lib.rs", "")];
        let commit =
            [("Cargo.toml", "[workspace]"), ("deep/dep/Cargo.toml", PACKAGED), ("deep/dep/src/lib.rs", "")];
        let compared = compare(&package, &commit, None);
        assert_eq!(compared.prefix, "deep/dep");
        assert!(compared.files.iter().all(|(class, _)| *class == Class::Identical));
        assert_eq!(compare(&package, &[("Cargo.toml", "x")], None).prefix, "");
    }

    #[test]
    fn another_manifest_in_the_commit_is_a_difference() {
        let package = [
            ("Cargo.toml", PACKAGED),
            ("Cargo.toml.orig", "[package]\nname='dep'\n[dependencies]\nevil='1'"),
        ];
        let compared = compare(&package, &[("Cargo.toml", "[package]\nname='dep'\n")], Some(""));
        assert_eq!(class(&compared, "Cargo.toml.orig"), &Class::Differs);
        // Without an original, the manifest itself is the author's.
        let compared = compare(&package[..1], &[("Cargo.toml", "[package]\nname='dep'\n")], Some(""));
        assert_eq!(class(&compared, "Cargo.toml"), &Class::Differs);
    }

    #[test]
    fn an_inherited_dependency_is_what_the_workspace_means() {
        let original = "[package]\nname='dep'\nversion='1.0.0'\n[dependencies]\na.workspace = true\nb.workspace = true\n";
        let packaged = |a: &str| {
            format!(
                "{PACKAGED}[dependencies.a]\nversion='1'\n{a}[dependencies.b]\nversion='1'\npackage='c'\n"
            )
        };
        let root = "[workspace.dependencies]\na = '1'\nb = { version = '1', package = 'c' }\n";
        let commit = [("Cargo.toml", root), ("dep/Cargo.toml", original)];
        for (a, number) in [("", 0), ("package='evil'\n", 1)] {
            let manifest = packaged(a);
            let package = [("Cargo.toml", manifest.as_str()), ("Cargo.toml.orig", original)];
            assert_eq!(compare(&package, &commit, Some("dep")).deviations.len(), number, "{a}");
        }
        let manifest = packaged("");
        let package = [("Cargo.toml", manifest.as_str()), ("Cargo.toml.orig", original)];
        assert_eq!(compare(&package, &commit[1..], Some("dep")).deviations.len(), 1);
    }

    #[test]
    fn a_manifest_that_follows_from_no_manifest_of_the_commit_was_not_written_by_cargo() {
        let original = "[package]\nname='dep'\nversion.workspace=true\nedition.workspace=true\n\
                        [dependencies]\na = { workspace = true, features = ['y'] }\n";
        let root = "[workspace.package]\nversion = '1.0.0'\nedition = '2021'\n\
                    [workspace.dependencies]\na = { version = '1', features = ['x'], default-features = false }\n";
        let commit = [("Cargo.toml", root), ("dep/Cargo.toml", original)];
        let honest = format!(
            "{PACKAGED}edition='2021'\n[lib]\nname='dep'\npath='src/lib.rs'\n\
             [dependencies.a]\nversion='1'\nfeatures=['x','y']\ndefault-features=false\n"
        );
        for (old, new, expected) in [
            ("", "", None),
            ("src/lib.rs", "tests/x.rs", Some("its library is `tests/x.rs`, and was `src/lib.rs`")),
            ("2021", "2018", Some("its edition is `2018`, and was `2021`")),
            (
                "version='1'",
                "version='=1.2.3'",
                Some("its dependency `a` is required as `=1.2.3`, and was `1`"),
            ),
            ("'y'", "'y','evil'", Some("its dependency `a` has the feature `evil`")),
            ("'x',", "", Some("its dependency `a` lacks the feature `x`")),
            ("default-features=false", "", Some("its dependency `a` has the default features")),
            (
                "default-features=false",
                "default-features=false\nregistry-index='https://evil.example/'",
                Some("its dependency `a` comes from the registry `https://evil.example/`"),
            ),
            (".a]", ".b]", Some("it has the dependency `b`")),
        ] {
            let manifest = honest.replace(old, new);
            let manifest = if old.is_empty() { honest.clone() } else { manifest };
            let package = [("Cargo.toml", manifest.as_str()), ("Cargo.toml.orig", original)];
            let compared = compare(&package, &commit, Some("dep"));
            assert_eq!(compared.deviations.first().map(String::as_str), expected, "{manifest}");
            let meant = if expected.is_some() { Class::Differs } else { Class::Rewritten };
            assert_eq!(class(&compared, "Cargo.toml"), &meant, "{manifest}");
        }
    }

    #[test]
    fn links_that_go_nowhere_or_in_circles_lead_to_no_file() {
        let package = [("Cargo.toml", PACKAGED), ("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")];
        let commit = [
            ("Cargo.toml", PACKAGED),
            ("a", "-> b"),
            ("b", "-> a"),
            ("c", "-> /etc/passwd"),
            ("d", "-> ../../../../outside/../d2"),
            ("d2", "1"),
        ];
        let compared = compare(&package, &commit, Some(""));
        for path in ["a", "b", "c"] {
            assert_eq!(class(&compared, path), &Class::Extra, "{path}");
        }
        // Nothing lies above the root: the path ends inside.
        assert_eq!(class(&compared, "d"), &Class::Identical);
    }

    #[test]
    fn a_return_counts_unless_it_ends_a_line() {
        assert_eq!(without_returns(b"a\r\nb\rc\r\n"), b"a\nb\rc\n");
        assert_eq!(without_returns(b"a\r\n\0"), b"a\r\n\0");
    }
}
