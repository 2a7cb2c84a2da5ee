//! Exports of commits, made of repositories that git itself writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use provenance_build::tree::Content;

use super::command::FOREIGN_VARIABLES;
use super::*;

/// A cargo home with bare repositories below `git/db`.
struct Home {
    directory: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    /// Commits files (`None`: a submodule at this commit is there already) and keeps the repository as cargo does.
    fn commit(&self, name: &str, files: &[(&str, &str)], links: &[(&str, &str)]) -> String {
        let work = self.directory.path().join(name);
        git(self.directory.path(), &["init", "--quiet", "--initial-branch=main", name]);
        for (path, text) in files {
            let path = work.join(path);
            fs::create_dir_all(path.parent().expect("inside")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
        git(&work, &["add", "--all", "--force"]);
        for (path, commit) in links {
            git(&work, &["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
        }
        git(&work, &["commit", "--quiet", "--message=x"]);
        let bare = self.bare(name);
        fs::create_dir_all(bare.parent().expect("inside")).expect("a directory");
        git(&work, &["clone", "--quiet", "--bare", "--no-hardlinks", ".", &bare.to_string_lossy()]);
        git(&work, &["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn bare(&self, name: &str) -> PathBuf {
        self.directory.path().join("git/db").join(format!("{name}-0123456789abcdef"))
    }

    fn read(&self, commit: &str) -> Result<Vec<(String, String)>, GitError> {
        let export = Databases::of(self.directory.path())?.export(commit)?;
        let show = |entry: &tree::Entry| {
            let content = match &entry.content {
                Content::File(_) => fs::read_to_string(export.directory().join(&entry.path)).expect("a file"),
                Content::Link(target) => format!("-> {target}"),
            };
            (entry.path.clone(), content)
        };
        Ok(export.tree().entries().iter().map(show).collect())
    }
}

pub(super) fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    for variable in FOREIGN_VARIABLES {
        command.env_remove(variable);
    }
    let output = command
        .current_dir(directory)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
        .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.org")])
        .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.org")])
        .args(["-c", "core.autocrlf=false", "-c", "core.safecrlf=false"])
        .args(arguments)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_commit_is_exported_as_cargo_checks_it_out() {
    let home = Home::new();
    let files = [
        (
            ".gitattributes",
            "*.bat eol=crlf\nsubst export-subst\nhidden export-ignore\nx.enc working-tree-encoding=UTF-16\n",
        ),
        ("Cargo.toml", "[package]\n"),
        ("a.bat", "one\n"),
        ("hidden", "h\n"),
        ("inner/.gitattributes", "*.ps1 eol=crlf\n"),
        ("inner/b.ps1", "two\n"),
        ("subst", "$Format:%H$\n"),
    ];
    let commit = home.commit("plain", &files, &[]);
    let mut expected = owned(&files);
    for (path, text) in &mut expected {
        if path.ends_with(".bat") || path.ends_with(".ps1") {
            *text = text.replace('\n', "\r\n");
        }
    }
    assert_eq!(home.read(&commit).expect("exported"), expected);
}

#[cfg(unix)]
#[test]
fn a_link_is_listed_and_one_that_leaves_the_checkout_is_refused() {
    let home = Home::new();
    for (name, target, fine) in [("in", "src/lib.rs", true), ("out", "../../etc/passwd", false)] {
        let work = home.directory.path().join(name);
        fs::create_dir_all(&work).expect("a directory");
        std::os::unix::fs::symlink(target, work.join("link")).expect("a link");
        let commit = home.commit(name, &[("src/lib.rs", "")], &[]);
        match home.read(&commit) {
            Ok(entries) if fine => {
                assert_eq!(entries, owned(&[("link", "-> src/lib.rs"), ("src/lib.rs", "")]))
            }
            Err(GitError::Unacceptable { path, .. }) if !fine => assert_eq!(path, "link"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn submodules_are_exported_unless_they_are_not_to_be_updated() {
    let home = Home::new();
    let inner = home.commit("inner", &[("data", "d\n")], &[]);
    let outer = home.commit(
        "outer",
        &[
            ("Cargo.toml", ""),
            (
                ".gitmodules",
                "[submodule \"a\"]\n\tpath = sub/a\n\turl = ./a\n[submodule \"b\"]\n\tpath = b\n\turl = ./b\n\tupdate = none\n",
            ),
        ],
        &[("sub/a", &inner), ("b", &inner)],
    );
    let paths: Vec<_> = home.read(&outer).expect("exported").into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [".gitmodules", "Cargo.toml", "sub/a/.cargo-ok", "sub/a/data"]);
}

#[test]
fn what_the_repository_configures_is_not_obeyed() {
    let home = Home::new();
    let files = [(".gitattributes", "* filter=evil\n"), ("file", "good\n")];
    let commit = home.commit("configured", &files, &[]);
    let bare = home.bare("configured");
    git(&bare, &["config", "filter.evil.smudge", "echo evil"]);
    git(&bare, &["config", "core.autocrlf", "true"]);
    fs::create_dir_all(bare.join("info")).expect("a directory");
    fs::write(bare.join("info/attributes"), "* eol=crlf\n").expect("a file");
    let good = git(&bare, &["rev-parse", &format!("{commit}:file")]);
    fs::write(bare.join("evil"), "evil\n").expect("a file");
    let evil = git(&bare, &["hash-object", "-w", "evil"]);
    git(&bare, &["update-ref", &format!("refs/replace/{}", good.trim()), evil.trim()]);
    assert_eq!(git(&bare, &["cat-file", "blob", good.trim()]), "evil\n", "the attack works on plain git");
    assert_eq!(home.read(&commit).expect("exported"), owned(&files));
}

#[test]
fn an_object_with_other_content_than_its_name_says_is_found() {
    // The commit, its tree and its blob, each exchanged for another object of the same kind.
    for path in ["", "^{tree}", ":file"] {
        let home = Home::new();
        let commit = home.commit("good", &[("file", "good\n"), ("more", "m\n")], &[]);
        let other = home.commit("evil", &[("file", "evil\n")], &[]);
        let (good, evil) = (home.bare("good"), home.bare("evil"));
        for bare in [&good, &evil] {
            loosen(bare);
        }
        let victim = git(&good, &["rev-parse", &format!("{commit}{path}")]);
        let attacker = git(&evil, &["rev-parse", &format!("{other}{path}")]);
        let object = |bare: &Path, id: &str| bare.join("objects").join(&id[..2]).join(id[2..].trim());
        let target = object(&good, &victim);
        fs::remove_file(&target).expect("removed");
        fs::copy(object(&evil, &attacker), &target).expect("exchanged");
        // The other repository must not be able to heal the damage.
        fs::remove_dir_all(&evil).expect("removed");
        match home.read(&commit) {
            Err(GitError::Incomplete { .. }) => {}
            other => panic!("`{path}`: {other:?}"),
        }
    }
}

/// Unpacks every object of a repository, so that single ones can be exchanged.
fn loosen(bare: &Path) {
    let packs = bare.join("objects/pack");
    let moved = bare.join("moved");
    if let Ok(entries) = fs::read_dir(&packs) {
        fs::create_dir_all(&moved).expect("a directory");
        for entry in entries.flatten() {
            fs::rename(entry.path(), moved.join(entry.file_name())).expect("moved");
        }
        for entry in fs::read_dir(&moved).expect("there").flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "pack") {
                let script = format!("git unpack-objects -q < '{}'", entry.path().display());
                let status = Command::new("sh").arg("-c").arg(script).current_dir(bare).status();
                assert!(status.expect("a shell").success());
            }
        }
    }
}

#[test]
fn a_commit_that_is_not_there_is_incomplete() {
    let home = Home::new();
    let absent = "0123456789".repeat(4);
    for name in ["first", "second"] {
        match home.read(&absent) {
            Err(GitError::Incomplete { commit, .. }) => assert_eq!(commit, absent),
            other => panic!("{other:?}"),
        }
        home.commit(name, &[("file", "")], &[]);
    }
}

#[test]
fn files_of_another_commit_are_read_from_a_subdirectory() {
    let scratch = tempfile::tempdir().expect("a directory");
    let root = scratch.path();
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    let below = root.join("below");
    fs::create_dir_all(&below).expect("a directory");
    fs::write(root.join("file"), "above\n").expect("a file");
    fs::write(below.join("file"), "old\n").expect("a file");
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--message=old"]);
    git(root, &["tag", "v1"]);
    let old = git(root, &["rev-parse", "HEAD"]);
    fs::write(below.join("file"), "new\n").expect("a file");
    fs::create_dir(below.join("folder")).expect("a directory");
    fs::write(below.join("folder/x"), "").expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", below.join("link")).expect("a link");
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--message=new"]);

    for name in ["v1", "HEAD~1", "main~1", old.trim()] {
        let revision = Revision::find(&below, name).expect("a commit");
        assert_eq!(revision.commit(), old.trim());
        assert_eq!(revision.file("file").expect("readable").as_deref(), Some(&b"old\n"[..]));
        assert_eq!(revision.file("absent").expect("readable"), None);
        assert_eq!(revision.file("*").expect("readable"), None);
    }
    let new = Revision::find(&below, "HEAD").expect("a commit");
    for path in [
        "folder",
        #[cfg(unix)]
        "link",
    ] {
        assert!(matches!(new.file(path), Err(GitError::File { .. })), "{path}");
    }
}

#[test]
fn a_tag_with_the_name_of_a_branch_decides_nothing() {
    let scratch = tempfile::tempdir().expect("a directory");
    let root = scratch.path();
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    git(root, &["commit", "--quiet", "--allow-empty", "--message=x"]);
    let old = git(root, &["rev-parse", "HEAD"]).trim().to_owned();
    git(root, &["update-ref", "refs/remotes/origin/main", &old]);
    git(root, &["commit", "--quiet", "--allow-empty", "--message=y"]);
    git(root, &["pack-refs", "--all"]);
    let is_ambiguous = |name: &str| matches!(Revision::find(root, name), Err(GitError::Ambiguous { .. }));
    let short = &old[..8];
    let names = ["origin/main", "origin/main~0", "origin/main^{commit}", "main@{0}", short];
    for name in names {
        assert!(!is_ambiguous(name), "{name}");
    }
    for tag in ["origin/main", "main", short, &old] {
        git(root, &["update-ref", &format!("refs/tags/{tag}"), "HEAD"]);
    }
    for name in names {
        assert!(is_ambiguous(name), "{name}");
    }
    let around = super::Repository::around(root).expect("a repository");
    assert!(matches!(around.commit("origin/main"), Err(GitError::Ambiguous { .. })));
    for name in ["refs/remotes/origin/main", &old] {
        assert_eq!(Revision::find(root, name).expect("a commit").commit(), old);
    }
    assert!(Revision::find(root, "HEAD").is_ok());
}

#[test]
fn a_hostile_revision_is_refused_and_nothing_is_run() {
    let scratch = tempfile::tempdir().expect("a directory");
    let root = scratch.path();
    let trap = root.join("trap");
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    git(root, &["commit", "--quiet", "--allow-empty", "--message=x"]);
    for key in ["core.fsmonitor", "core.pager", "core.sshCommand", "core.hooksPath"] {
        git(root, &["config", key, &format!("touch '{}'", trap.display())]);
    }
    let upload = format!("--upload-pack=touch '{}'", trap.display());
    for name in ["unknown", "HEAD..main", "..", "", "-h", upload.as_str(), "HEAD^{tree}", "0123456"] {
        assert!(matches!(Revision::find(root, name), Err(GitError::Revision { .. })), "{name}");
    }
    let elsewhere = tempfile::tempdir().expect("a directory");
    assert!(matches!(Revision::find(elsewhere.path(), "HEAD"), Err(GitError::NoRepository { .. })));
    assert!(Revision::find(root, "HEAD").is_ok());
    assert!(!trap.exists());
}
