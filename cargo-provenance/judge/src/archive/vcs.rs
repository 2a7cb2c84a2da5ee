//! `.cargo_vcs_info.json`: the commit that `cargo package` packed, if it knew one.

use serde::Deserialize;

/// The file's name, at the package root.
pub(super) const FILE: &str = ".cargo_vcs_info.json";

/// Bytes of the file: cargo writes a commit and a path.
const BYTES: usize = 64 * 1024;

/// What a package says about the commit that it was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vcs {
    /// It names a commit.
    Commit {
        /// Its hash.
        id: String,
        /// Whether the packed files differ from it.
        dirty: bool,
        /// Where the package lies in the repository, `/`-separated, empty for its root; `None` where an old cargo did not say.
        path: Option<String>,
    },
    /// It says nothing.
    Missing,
    /// What it says names no commit; a lowercase fragment that says why.
    Unreadable(&'static str),
}

#[derive(Deserialize)]
struct File {
    git: Git,
    path_in_vcs: Option<String>,
}

#[derive(Deserialize)]
struct Git {
    sha1: String,
    #[serde(default)]
    dirty: bool,
}

/// Reads the bytes of the file.
pub(super) fn read(bytes: &[u8]) -> Vcs {
    if bytes.len() > BYTES {
        return Vcs::Unreadable("it is larger than anything that cargo writes");
    }
    let Ok(File { git: Git { sha1: id, dirty }, path_in_vcs: path }) = serde_json::from_slice(bytes) else {
        return Vcs::Unreadable("it has not the form that cargo writes");
    };
    // SHA-1, or SHA-256 in a repository that uses it.
    if !matches!(id.len(), 40 | 64) || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Vcs::Unreadable("what it has in the place of a commit is none");
    }
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':']);
    if path.as_ref().is_some_and(|path| !path.is_empty() && !path.split('/').all(is_name)) {
        return Vcs::Unreadable("the path that it has leads nowhere in a repository");
    }
    Vcs::Commit { id, dirty, path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read_as_every_cargo_wrote_it() {
        let id = "0123456789abcdef0123456789abcdef01234567".to_owned();
        for (text, dirty, path) in [
            ("{\"git\":{\"sha1\":\"ID\"}}", false, None),
            ("{\"git\":{\"sha1\":\"ID\",\"dirty\":true},\"path_in_vcs\":\"a/b\"}", true, Some("a/b")),
            (
                "{\n \"git\": { \"sha1\": \"ID\", \"dirty\": false }, \"later\": [], \"path_in_vcs\": \"\" }",
                false,
                Some(""),
            ),
        ] {
            let text = text.replace("ID", &id);
            assert_eq!(
                read(text.as_bytes()),
                Vcs::Commit { id: id.clone(), dirty, path: path.map(str::to_owned) },
                "{text}"
            );
        }
    }

    #[test]
    fn what_names_no_commit_is_told_apart() {
        let deep = "[".repeat(60_000);
        let large = format!("{{\"git\":{{\"sha1\":\"{}\"}}}}{}", "a".repeat(40), " ".repeat(70_000));
        for text in [
            "",
            "{}",
            "{\"git\":{}}",
            "{\"git\":{\"sha1\":\"HEAD\"}}",
            "{\"git\":{\"sha1\":\"0123456789abcdef0123456789abcdef0123456g\"}}",
            "{\"git\":{\"sha1\":3}}",
            "{\"git\":{\"sha1\":\"0123456789abcdef0123456789abcdef01234567\"},\"path_in_vcs\":\"../x\"}",
            "{\"git\":{\"sha1\":\"0123456789abcdef0123456789abcdef01234567\"},\"path_in_vcs\":\"/x\"}",
            "{\"git\":{\"sha1\":\"0123456789abcdef0123456789abcdef01234567\"},\"path_in_vcs\":\"a\\\\b\"}",
            deep.as_str(),
            large.as_str(),
        ] {
            assert!(matches!(read(text.as_bytes()), Vcs::Unreadable(_)), "{text:.60}");
        }
    }
}
