//! The tree digest: BLAKE3 over the sorted list of a package's files.
//!
//! One line per entry, sorted by the bytes of the path:
//!
//! - a regular file: `<64 hex digits: BLAKE3 of its bytes>`, two spaces, `<path>`, `\n`;
//! - a symbolic link that stays inside a git checkout: `link <64 hex digits: BLAKE3 of its target>`, two spaces, `<path>`, `\n`.
//!
//! Both heads have a fixed width, so that no choice of names or targets makes two trees share a list. Paths are relative
//! to the package root, `/`-separated, UTF-8, without control characters. Modes, times and empty directories do not count.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::digest::TreeDigest;
use crate::error::Error;
use crate::limits;

/// How a directory came to be, which decides what may lie in it and what the digest leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// `git/checkouts/NAME-HASH/REV`: the whole checkout without anything named `.git`; links that stay inside are
    /// listed; `.cargo-ok` at the root must be there and empty, and is left out, as it is beside a submodule's `.git`.
    Checkout,
    /// A package of a directory source (`cargo vendor`): regular files; `.cargo-checksum.json` at the root left out.
    Directory,
    /// A path package: the package directory without `target` at its root and without anything named `.git`.
    Path,
    /// `registry/src/HOST-HASH/NAME-VERSION`: regular files; `.cargo-ok` at the root must hold what cargo writes.
    Registry,
}

/// The files of a tree with their hashes, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    entries: Vec<Entry>,
}

/// One line of a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Path relative to the package root, `/`-separated.
    pub path: String,
    /// What lies there.
    pub content: Content,
}

/// What lies at a path of a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// A regular file with its BLAKE3 hash.
    File([u8; 32]),
    /// A symbolic link that stays inside a git checkout, with its target.
    Link(String),
}

/// Why a directory has no digest: something lies there that a package of this layout cannot hold. This is drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unacceptable {
    /// Path relative to the package root, made printable; `.` for the root itself.
    pub path: String,
    /// What is wrong with it: a lowercase fragment.
    pub what: String,
}

impl Tree {
    /// Makes a tree of entries in any order; a path that stands twice, a path with control characters, an empty, `.`
    /// or `..` component, or a backslash is unacceptable, and so is a link that leaves the tree or leads into `.git`.
    pub fn new(mut entries: Vec<Entry>) -> Result<Self, Unacceptable> {
        if entries.len() > limits::TREE_FILES {
            return Err(unacceptable(".", format!("more than {} files", limits::TREE_FILES)));
        }
        entries.sort_unstable_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
        for entry in &entries {
            if let Some(what) = flaw(&entry.path) {
                return Err(unacceptable(&entry.path, what));
            }
        }
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].path == pair[1].path) {
            return Err(unacceptable(&pair[0].path, "stands there twice"));
        }
        check_links(&entries)?;
        Ok(Self { entries })
    }

    /// The entries, sorted by the bytes of the path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The digest over all entries.
    pub fn digest(&self) -> TreeDigest {
        let mut lines = String::new();
        for entry in &self.entries {
            match &entry.content {
                Content::File(hash) => lines.push_str(&TreeDigest::from_bytes(*hash).hex()),
                Content::Link(target) => {
                    lines.push_str("link ");
                    lines.push_str(&blake3::hash(target.as_bytes()).to_hex());
                }
            }
            lines.push_str("  ");
            lines.push_str(&entry.path);
            lines.push('\n');
        }
        TreeDigest::from_bytes(*blake3::hash(lines.as_bytes()).as_bytes())
    }
}

/// Reads and hashes a directory. The outer error is IO that says nothing about the bytes: the directory is not there.
/// What lies there but cannot be listed, read or accepted is [`Unacceptable`].
pub fn read(directory: &Path, layout: Layout) -> Result<Result<Tree, Unacceptable>, Error> {
    let kind = fs::symlink_metadata(directory).map_err(|e| Error::io("read", directory, e))?.file_type();
    if !kind.is_dir() {
        let what = if kind.is_symlink() { "is a link" } else { "is not a directory" };
        return Ok(Err(unacceptable(".", what)));
    }
    let mut walk =
        Walk { layout, entries: Vec::new(), seen: 0, buffer: Vec::with_capacity(AT_ONCE as usize) };
    Ok(check_marker(directory, layout)
        .and_then(|()| walk.directory(directory, "", 0))
        .and_then(|()| Tree::new(walk.entries)))
}

/// Bytes of a file that are held in memory.
const AT_ONCE: u64 = 128 * 1024;

struct Walk {
    layout: Layout,
    entries: Vec<Entry>,
    seen: usize,
    buffer: Vec<u8>,
}

impl Walk {
    /// Adds what lies in `directory`, whose path relative to the root is `prefix` (empty or with a slash at its end).
    fn directory(&mut self, directory: &Path, prefix: &str, depth: usize) -> Result<(), Unacceptable> {
        if depth > limits::TREE_DEPTH {
            return Err(unacceptable(prefix, format!("deeper than {} directories", limits::TREE_DEPTH)));
        }
        let cannot =
            |e| unacceptable(if depth == 0 { "." } else { prefix }, format!("could not be listed: {e}"));
        for entry in fs::read_dir(directory).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            let name = entry.file_name();
            if self.leaves_out(directory, &name, depth) {
                continue;
            }
            self.seen += 1;
            if self.seen > limits::TREE_FILES {
                return Err(unacceptable(".", format!("more than {} files", limits::TREE_FILES)));
            }
            let Some(name) = name.to_str() else {
                let path = format!("{prefix}{}", name.to_string_lossy());
                return Err(unacceptable(&path, "its name is not UTF-8"));
            };
            let mut path = format!("{prefix}{name}");
            let cannot = |what: &str, e| format!("could not be {what}: {e}");
            let kind = entry.file_type().map_err(|e| unacceptable(&path, cannot("read", e)))?;
            let content = if kind.is_dir() {
                path.push('/');
                self.directory(&entry.path(), &path, depth + 1)?;
                continue;
            } else if kind.is_file() {
                let hash = self.hash(&entry.path()).map_err(|e| unacceptable(&path, cannot("read", e)))?;
                Content::File(hash)
            } else if kind.is_symlink() && self.layout == Layout::Checkout {
                let target =
                    fs::read_link(entry.path()).map_err(|e| unacceptable(&path, cannot("read", e)))?;
                match target.into_os_string().into_string() {
                    Ok(target) => Content::Link(target),
                    Err(_) => return Err(unacceptable(&path, "links to a name that is not UTF-8")),
                }
            } else {
                let what = if kind.is_symlink() { "is a link" } else { "is not a regular file" };
                return Err(unacceptable(&path, what));
            };
            self.entries.push(Entry { path, content });
        }
        Ok(())
    }

    fn leaves_out(&self, directory: &Path, name: &OsStr, depth: usize) -> bool {
        match self.layout {
            Layout::Checkout if name == ".cargo-ok" && depth > 0 => {
                // Cargo marks submodules, too, since some version.
                let marker = fs::symlink_metadata(directory.join(name));
                directory.join(".git").exists() && marker.is_ok_and(|m| m.is_file() && m.len() == 0)
            }
            Layout::Checkout => name == ".git" || name == ".cargo-ok",
            Layout::Directory => depth == 0 && name == ".cargo-checksum.json",
            Layout::Path => name == ".git" || (depth == 0 && name == "target"),
            Layout::Registry => depth == 0 && name == ".cargo-ok",
        }
    }

    fn hash(&mut self, file: &Path) -> io::Result<[u8; 32]> {
        let mut file = File::open(file)?;
        self.buffer.clear();
        file.by_ref().take(AT_ONCE).read_to_end(&mut self.buffer)?;
        // Hashing most files in one go spares unoptimised builds the incremental hasher.
        if (self.buffer.len() as u64) < AT_ONCE {
            return Ok(*blake3::hash(&self.buffer).as_bytes());
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.buffer).update_reader(file)?;
        Ok(*hasher.finalize().as_bytes())
    }
}

/// Checks the file by which cargo remembers that it finished the directory. Registry packages: `{"v":1}` since cargo
/// 1.71 (`sources/registry/mod.rs`, `LockMetadata`); git checkouts: an empty file (`sources/git/utils.rs`, `mark_ok`).
fn check_marker(directory: &Path, layout: Layout) -> Result<(), Unacceptable> {
    let expected: &[u8] = match layout {
        Layout::Checkout => b"",
        Layout::Registry => br#"{"v":1}"#,
        Layout::Directory | Layout::Path => return Ok(()),
    };
    let path = directory.join(".cargo-ok");
    let what = match fs::symlink_metadata(&path) {
        Err(_) => "is missing: cargo did not finish this directory",
        Ok(metadata) if !metadata.is_file() => "is not a regular file",
        // No longer than a few bytes, so that the whole of it may be read.
        Ok(metadata)
            if metadata.len() == expected.len() as u64 && fs::read(&path).is_ok_and(|it| it == expected) =>
        {
            return Ok(());
        }
        Ok(_) => "does not hold what cargo writes",
    };
    Err(unacceptable(".cargo-ok", what))
}

/// What is wrong with a path, if anything.
fn flaw(path: &str) -> Option<&'static str> {
    // Control characters are U+0000 to U+001F and U+007F to U+009F, which is C2 80 to C2 9F in UTF-8.
    let bytes = path.as_bytes();
    let control = |(at, &byte): (usize, &u8)| {
        byte < 0x20 || byte == 0x7f || (byte == 0xc2 && bytes.get(at + 1).is_some_and(|&next| next < 0xa0))
    };
    if bytes.iter().enumerate().any(control) {
        Some("its name has control characters")
    } else if bytes.contains(&b'\\') {
        Some("its name has a backslash")
    } else if path.split('/').any(|component| matches!(component, "" | "." | "..")) {
        Some("is not a plain relative path")
    } else {
        None
    }
}

fn check_links(entries: &[Entry]) -> Result<(), Unacceptable> {
    let links = entries
        .iter()
        .filter_map(|entry| match &entry.content {
            Content::Link(target) => Some((entry.path.as_str(), target.as_str())),
            Content::File(_) => None,
        })
        .collect::<BTreeMap<_, _>>();
    links.iter().try_for_each(|(path, target)| match link_flaw(path, target, &links) {
        Some(what) => Err(unacceptable(path, what)),
        None => Ok(()),
    })
}

/// Follows a link as the operating system would, but only by the names and links of this tree.
fn link_flaw(path: &str, target: &str, links: &BTreeMap<&str, &str>) -> Option<&'static str> {
    // Linux gives up after 40 links, macOS after 32, Windows after 63: what needs more leads nowhere.
    let mut budget = 64;
    let mut place = path.split('/').collect::<Vec<_>>();
    let mut ahead = vec![];
    let mut follow = Some(target);
    loop {
        if let Some(target) = follow.take() {
            if target.is_empty() || target.contains(|c: char| c.is_control() || c == '\\') {
                return Some("links to a name with a backslash or control characters");
            }
            if target.starts_with('/') || target.as_bytes().get(1) == Some(&b':') {
                return Some("links to an absolute path");
            }
            place.pop();
            ahead.extend(target.rsplit('/'));
        }
        match ahead.pop() {
            None => return None,
            Some("" | ".") => {}
            Some("..") if place.is_empty() => return Some("links out of the checkout"),
            Some(name) if name.eq_ignore_ascii_case(".git") => {
                return Some("links into `.git`, which is not hashed");
            }
            Some("..") => {
                place.pop();
            }
            Some(name) if name.eq_ignore_ascii_case(".git") => return Some("links into `.git`"),
            Some(name) => {
                place.push(name);
                follow = links.get(place.join("/").as_str()).copied();
                budget -= u32::from(follow.is_some());
                if budget == 0 {
                    return None;
                }
            }
        }
    }
}

fn unacceptable(path: &str, what: impl Into<String>) -> Unacceptable {
    let path = path.strip_suffix('/').unwrap_or(path);
    Unacceptable { path: path.escape_debug().to_string(), what: what.into() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A directory with files (`path`, `content`); parent directories are made.
    fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("temporary directory");
        for (path, content) in files {
            let file = directory.path().join(path);
            fs::create_dir_all(file.parent().expect("has a parent")).expect("made");
            fs::write(file, content).expect("written");
        }
        directory
    }

    fn file(path: &str, content: &str) -> Entry {
        Entry { path: path.to_owned(), content: Content::File(*blake3::hash(content.as_bytes()).as_bytes()) }
    }

    fn link(path: &str, target: &str) -> Entry {
        Entry { path: path.to_owned(), content: Content::Link(target.to_owned()) }
    }

    fn accepted(directory: &Path, layout: Layout) -> Tree {
        read(directory, layout).expect("no IO error").expect("acceptable")
    }

    fn refused(directory: &Path, layout: Layout) -> String {
        let refusal = read(directory, layout).expect("no IO error").expect_err("unacceptable");
        format!("{}: {}", refusal.path, refusal.what)
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.entries().iter().map(|entry| entry.path.as_str()).collect()
    }

    #[test]
    fn the_digest_is_the_hash_of_the_documented_list() {
        let tree = Tree::new(vec![file("src/lib.rs", "b"), file("Cargo.toml", "a"), link("l", "src")])
            .expect("fine");
        let hex = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        let list = format!("{}  Cargo.toml\nlink {}  l\n{}  src/lib.rs\n", hex("a"), hex("src"), hex("b"));
        assert_eq!(tree.digest().hex(), hex(&list));
    }

    #[test]
    fn paths_are_sorted_by_bytes_not_by_component() {
        let tree =
            Tree::new(vec![file("a/b", ""), file("a-b", ""), file("a.b", ""), file("B", "")]).expect("fine");
        assert_eq!(paths(&tree), ["B", "a-b", "a.b", "a/b"]);
    }

    #[test]
    fn odd_names_are_refused() {
        for bad in [
            "", "/a", "a/", "a//b", ".", "a/./b", "../a", "a/..", "a\\b", "a\nb", "a\u{7f}", "a\u{85}b",
            "\u{0}",
        ] {
            assert!(Tree::new(vec![file(bad, "")]).is_err(), "{bad:?}");
        }
        for good in ["é", "a b", "..a", "a..", "\u{a0}", "日本"] {
            assert!(Tree::new(vec![file(good, "")]).is_ok(), "{good:?}");
        }
        assert!(Tree::new(vec![file("a", "1"), file("b", ""), file("a", "2")]).is_err());
    }

    #[test]
    fn links_that_leave_the_checkout_are_refused() {
        let others = || vec![file("d/e/f", ""), link("up", "d/e"), link("d/out", ".."), link("loop", "loop")];
        for (path, target) in [
            ("l", "d/e/f"),
            ("l", "missing/x"),
            ("d/l", "../up/f"),
            ("l", "up/../../d"),
            ("l", "loop"),
            ("d/e/l", "../.."),
        ] {
            let entries = [others(), vec![link(path, target)]].concat();
            assert!(Tree::new(entries).is_ok(), "{path} -> {target}");
        }
        for (path, target) in [
            ("l", "/etc/passwd"),
            ("l", ".."),
            ("l", "../x"),
            ("d/l", "../../x"),
            ("l", "d/out/../x"),
            ("l", "up/../../../x"),
            ("l", "C:/x"),
            ("l", ""),
            ("l", "a\\b"),
            ("l", ".git/description"),
            ("l", "d/.GIT/x"),
            ("l", "a\nb"),
        ] {
            let entries = [others(), vec![link(path, target)]].concat();
            assert!(Tree::new(entries).is_err(), "{path} -> {target}");
        }
    }

    #[test]
    fn each_layout_leaves_out_what_cargo_adds() {
        let files = [("Cargo.toml", "a"), ("src/lib.rs", "b"), ("src/target/x", "c"), ("src/.cargo-ok", "d")];
        let expected = ["Cargo.toml", "src/.cargo-ok", "src/lib.rs", "src/target/x"];
        for (layout, added) in [
            (Layout::Registry, &[(".cargo-ok", r#"{"v":1}"#)][..]),
            (Layout::Directory, &[(".cargo-checksum.json", "{}")]),
            (Layout::Checkout, &[(".cargo-ok", ""), (".git/HEAD", "x"), ("src/.git", "gitdir: x")]),
            (Layout::Path, &[("target/debug/x", "x"), (".git/HEAD", "x"), ("src/.git/HEAD", "x")]),
        ] {
            let directory = directory(&[&files[..], added].concat());
            fs::create_dir(directory.path().join("empty")).expect("made");
            assert_eq!(paths(&accepted(directory.path(), layout)), expected, "{layout:?}");
        }
        // What belongs to one layout is a file like any other in the next.
        let vendored = directory(&[("Cargo.toml", "a"), (".cargo-ok", ""), ("target/x", ""), (".git/x", "")]);
        let expected = [".cargo-ok", ".git/x", "Cargo.toml", "target/x"];
        assert_eq!(paths(&accepted(vendored.path(), Layout::Directory)), expected);
    }

    #[test]
    fn only_an_empty_marker_of_a_submodule_is_left_out() {
        let directory = directory(&[
            (".cargo-ok", ""),
            ("plain/.cargo-ok", ""),
            ("sub/.git/HEAD", ""),
            ("sub/.cargo-ok", ""),
            ("odd/.git", "gitdir: x"),
            ("odd/.cargo-ok", "x"),
        ]);
        let tree = accepted(directory.path(), Layout::Checkout);
        assert_eq!(paths(&tree), ["odd/.cargo-ok", "plain/.cargo-ok"]);
    }

    #[test]
    fn a_directory_that_cargo_did_not_finish_is_refused() {
        for content in
            [None, Some(""), Some("ok"), Some("{\"v\":2}"), Some("{\"v\":1}\n"), Some("{ \"v\":1}")]
        {
            let directory = directory(&[("Cargo.toml", "a")]);
            if let Some(content) = content {
                fs::write(directory.path().join(".cargo-ok"), content).expect("written");
            }
            assert!(refused(directory.path(), Layout::Registry).starts_with(".cargo-ok: "), "{content:?}");
            let fine = read(directory.path(), Layout::Checkout).expect("no IO error").is_ok();
            assert_eq!(fine, content == Some(""), "{content:?}");
        }
    }

    #[test]
    fn a_missing_directory_is_an_error_and_a_file_is_unacceptable() {
        let directory = directory(&[("file", "")]);
        assert!(read(&directory.path().join("missing"), Layout::Path).is_err());
        assert_eq!(refused(&directory.path().join("file"), Layout::Path), ".: is not a directory");
    }

    #[test]
    fn contents_of_every_size_hash_as_blake3_says() {
        let sizes = [0, 1, 1024, 131_071, 131_072, 131_073, 262_144, 300_000];
        let directory = tempfile::tempdir().expect("temporary directory");
        for size in sizes {
            let content = (0..size).map(|n| n as u8).collect::<Vec<_>>();
            fs::write(directory.path().join(size.to_string()), &content).expect("written");
        }
        for entry in accepted(directory.path(), Layout::Path).entries() {
            let content = fs::read(directory.path().join(&entry.path)).expect("read");
            assert_eq!(entry.content, Content::File(*blake3::hash(&content).as_bytes()), "{}", entry.path);
        }
    }

    #[cfg(unix)]
    mod unix {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::{PermissionsExt, symlink};
        use std::os::unix::net::UnixListener;

        use super::*;

        #[test]
        fn links_are_refused_outside_checkouts_and_listed_inside() {
            let directory = directory(&[("src/lib.rs", "a"), (".cargo-ok", "")]);
            symlink("src", directory.path().join("link")).expect("made");
            for layout in [Layout::Directory, Layout::Path] {
                assert_eq!(refused(directory.path(), layout), "link: is a link");
            }
            let tree = accepted(directory.path(), Layout::Checkout);
            assert_eq!(tree.entries()[0], link("link", "src"));
            symlink("../..", directory.path().join("src/out")).expect("made");
            assert_eq!(refused(directory.path(), Layout::Checkout), "src/out: links out of the checkout");
        }

        #[test]
        fn a_linked_root_or_marker_is_refused() {
            let directory = directory(&[("real/Cargo.toml", "a"), ("ok", r#"{"v":1}"#)]);
            symlink("real", directory.path().join("link")).expect("made");
            assert_eq!(refused(&directory.path().join("link"), Layout::Path), ".: is a link");
            symlink("../ok", directory.path().join("real/.cargo-ok")).expect("made");
            let refusal = refused(&directory.path().join("real"), Layout::Registry);
            assert_eq!(refusal, ".cargo-ok: is not a regular file");
        }

        #[test]
        fn sockets_and_names_that_are_not_utf8_are_refused() {
            let directory = directory(&[]);
            let socket = UnixListener::bind(directory.path().join("socket")).expect("bound");
            assert_eq!(refused(directory.path(), Layout::Directory), "socket: is not a regular file");
            drop(socket);
            fs::remove_file(directory.path().join("socket")).expect("removed");
            fs::write(directory.path().join(OsStr::from_bytes(b"a\xff\x1b")), "").expect("written");
            assert_eq!(
                refused(directory.path(), Layout::Directory),
                "a\u{fffd}\\u{1b}: its name is not UTF-8"
            );
        }

        #[test]
        fn what_cannot_be_read_is_refused() {
            let directory = directory(&[("src/lib.rs", "a")]);
            let src = directory.path().join("src");
            fs::set_permissions(&src, fs::Permissions::from_mode(0o000)).expect("set");
            // Root reads everything, so the refusal only shows for others.
            if fs::read_dir(&src).is_err() {
                assert!(refused(directory.path(), Layout::Directory).starts_with("src: could not be listed"));
            }
            fs::set_permissions(&src, fs::Permissions::from_mode(0o755)).expect("set");
        }

        #[test]
        fn a_tree_that_is_too_deep_is_refused() {
            let directory = directory(&[]);
            let deep = vec!["d"; limits::TREE_DEPTH + 2].join("/");
            fs::create_dir_all(directory.path().join(deep)).expect("made");
            assert!(refused(directory.path(), Layout::Directory).contains("deeper than"));
        }
    }

    proptest! {
        #[test]
        fn any_entries_are_judged_without_panic(
            paths in proptest::collection::vec(("[a-c./]{1,6}|\\PC{0,4}", "[a-c./]{0,8}|\\PC{0,4}", any::<bool>()), 0..12)
        ) {
            let entries = paths.into_iter().map(|(path, target, links)| if links {
                link(&path, &target)
            } else {
                file(&path, &target)
            });
            if let Ok(tree) = Tree::new(entries.collect()) {
                let mut reversed = tree.entries().to_vec();
                reversed.reverse();
                prop_assert_eq!(Tree::new(reversed).expect("same entries").digest(), tree.digest());
            }
        }
    }
}
