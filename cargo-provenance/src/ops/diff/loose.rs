//! A directory that has no digest, because something lies in it that no package of its kind can hold: its other files are
//! listed all the same, so that one link does not hide an edit beside it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use provenance_build::limits;
use provenance_build::tree::{Content, Entry, Layout};

/// Lists what can be listed, sorted by path. What is neither a file nor a link, or cannot be read, is left out.
pub(super) fn list(directory: &Path, layout: Layout) -> Vec<Entry> {
    let mut entries = vec![];
    walk(directory, "", layout, &mut |path, file, kind| {
        let content = if kind.is_symlink() {
            fs::read_link(file).map(|target| Content::Link(target.to_string_lossy().into_owned()))
        } else {
            hash(file).map(Content::File)
        };
        entries.extend(content.map(|content| Entry { path: path.to_owned(), content }));
        (entries.len() < limits::TREE_FILES).then_some(())
    });
    entries.sort_unstable_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    entries
}

fn hash(file: &Path) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(file)?)?;
    Ok(*hasher.finalize().as_bytes())
}

/// Shows every file and link below `directory` to `each`, without following links; the walk ends when `each` answers
/// with nothing.
fn walk(
    directory: &Path,
    prefix: &str,
    layout: Layout,
    each: &mut impl FnMut(&str, &Path, fs::FileType) -> Option<()>,
) -> Option<()> {
    if prefix.matches('/').count() > limits::TREE_DEPTH {
        return Some(());
    }
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if leaves_out(layout, &name, prefix.is_empty()) {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), layout, each)?;
        } else if kind.is_file() || kind.is_symlink() {
            each(&path, &entry.path(), kind)?;
        }
    }
    Some(())
}

/// What a tree of this layout never has.
fn leaves_out(layout: Layout, name: &str, top: bool) -> bool {
    match layout {
        Layout::Checkout => name == ".git" || name == ".cargo-ok",
        Layout::Directory => top && name == ".cargo-checksum.json",
        Layout::Path => name == ".git" || (top && name == "target"),
        Layout::Registry => top && name == ".cargo-ok",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_beside_what_cannot_be_accepted_is_listed() {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs::create_dir(folder.path().join("src")).expect("folder");
        for (file, text) in [("src/lib.rs", "a"), ("build.rs", "b"), (".cargo-ok", "{\"v\":1}")] {
            fs::write(folder.path().join(file), text).expect(file);
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc", folder.path().join("x")).expect("link");
        let found = list(folder.path(), Layout::Registry);
        let expected = |text: &str| Content::File(*blake3::hash(text.as_bytes()).as_bytes());
        assert_eq!(found[0], Entry { path: "build.rs".into(), content: expected("b") });
        assert_eq!(found[1], Entry { path: "src/lib.rs".into(), content: expected("a") });
        #[cfg(unix)]
        assert_eq!(found[2], Entry { path: "x".into(), content: Content::Link("/etc".into()) });
    }
}
