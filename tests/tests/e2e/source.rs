//! `source`: every commit that changes the workspace is signed by an allowed signer, whatever the repository says of itself.

mod attacks;
mod hooks;
mod ranges;
mod trust;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tests::files;
use tests::process::Run;
use tests::{Output, Sandbox};

/// A repository with signers, and its people's keys outside of it.
pub(crate) struct Repo<'s> {
    pub(crate) sandbox: &'s Sandbox,
    pub(crate) root: PathBuf,
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

impl<'s> Repo<'s> {
    /// A repository whose first commit lists Alice, and whose second begins there.
    pub(crate) fn new(sandbox: &'s Sandbox) -> Self {
        Self::with(sandbox, "repository", &[], &["alice"])
    }

    pub(crate) fn with(sandbox: &'s Sandbox, name: &str, init: &[&str], people: &[&str]) -> Self {
        let repo = Self { sandbox, root: sandbox.path(name) };
        std::fs::create_dir_all(&repo.root).expect("a directory");
        repo.git(&["init", "--quiet"]).args(init).ok();
        let lines = people.iter().map(|name| repo.line(name, "")).collect::<String>();
        repo.write("allowed_signers", &lines);
        repo.commit("alice", "signers");
        repo.write("Provenance.toml", &policy(&repo.id("HEAD")));
        repo.commit("alice", "policy");
        repo
    }

    /// The public key of somebody, made where it is not there yet. What follows a dash is its kind.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        let file = self.sandbox.path("keys").join(name);
        if !file.exists() {
            std::fs::create_dir_all(file.parent().expect("inside")).expect("a directory");
            let kind = name.split_once('-').map_or("ed25519", |(_, kind)| kind);
            let keygen = self.sandbox.outer_program("ssh-keygen", &self.root);
            keygen.args(["-q", "-t", kind, "-N", "", "-C", name, "-f"]).args([&file]).ok();
        }
        file.with_file_name(format!("{name}.pub"))
    }

    /// Somebody's line for `allowed_signers`.
    pub(crate) fn line(&self, name: &str, options: &str) -> String {
        let text = files::read(&self.key(name));
        let key = text.split(' ').take(2).collect::<Vec<_>>().join(" ");
        format!("{}@example.org {options} {}\n", person(name), key.trim())
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> Run {
        self.sandbox.git(&self.root).args(arguments)
    }

    /// Git as somebody, who signs with the key of that name.
    pub(crate) fn git_as(&self, name: &str, arguments: &[&str]) -> Run {
        let key = self.key(name);
        let settings = [
            format!("user.name={name}"),
            format!("user.email={}@example.org", person(name)),
            "gpg.format=ssh".to_owned(),
            format!("gpg.ssh.program={}", self.sandbox.outer_path("ssh-keygen").display()),
            format!("user.signingKey={}", key.display()),
            "commit.gpgSign=true".to_owned(),
            "tag.gpgSign=true".to_owned(),
        ];
        let run = settings.iter().fold(self.git(&[]), |run, setting| run.args(["-c", setting]));
        run.args(arguments)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        files::write(&self.root.join(file), text);
    }

    /// Commits everything, signed by somebody.
    #[track_caller]
    pub(crate) fn commit(&self, name: &str, message: &str) -> String {
        self.git(&["add", "--all", "--force"]).ok();
        self.git_as(name, &["commit", "--quiet", "--allow-empty", "--message", message]).ok();
        self.id("HEAD")
    }

    /// Changes a file and commits, signed by somebody.
    #[track_caller]
    pub(crate) fn change(&self, name: &str) -> String {
        let file = self.root.join("data");
        let old = if file.exists() { files::read(&file) } else { String::new() };
        files::write(&file, format!("{old}{name}\n"));
        self.commit(name, &format!("by {name}"))
    }

    /// Puts a raw commit there, and the branch on it.
    #[track_caller]
    pub(crate) fn raw(&self, text: &[u8]) -> String {
        let file = self.sandbox.path("raw-object");
        files::write(&file, text);
        let written =
            self.git(&["hash-object", "-t", "commit", "-w", "--stdin", "--literally"]).input(&file).ok();
        let id = written.stdout.trim().to_owned();
        self.git(&["update-ref", "refs/heads/main", &id]).ok();
        id
    }

    /// The bytes of a commit, as text.
    pub(crate) fn text(&self, revision: &str) -> String {
        self.git(&["cat-file", "commit", revision]).ok().stdout
    }

    #[track_caller]
    pub(crate) fn id(&self, revision: &str) -> String {
        self.git(&["rev-parse", revision]).ok().stdout.trim().to_owned()
    }

    pub(crate) fn source(&self, arguments: &[&str]) -> Output {
        self.sandbox.provenance(&self.root).args(["source"]).args(arguments).run()
    }

    /// Expects that it is refused for this.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str], id: &str) -> Output {
        self.source(arguments).code(5).stderr_has(&format!("error[{id}]"))
    }
}

/// Whose key it is: what stands before a dash or a digit.
fn person(name: &str) -> &str {
    name.split(|c: char| c == '-' || c.is_ascii_digit()).next().unwrap_or(name)
}

pub(crate) fn policy(since: &str) -> String {
    format!("version = 1\n[source]\nsigners = \"allowed_signers\"\nsince = \"{since}\"\n")
}

/// What other programs say of a commit: git, and ssh-keygen by hand. `None` where the script is not there.
#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
pub(crate) fn judged_elsewhere(repo: &Repo<'_>, revision: &str, signers: &Path) -> Option<bool> {
    let data = std::env::var_os("PROVENANCE_TEST_DATA").filter(|data| !data.is_empty()).map(PathBuf::from);
    let script = data
        .as_ref()
        .and_then(|data| data.parent())
        .map(|shared| shared.join("verifiers/verify_git_commit.sh"));
    let Some(script) = script.filter(|script| script.exists()) else {
        assert!(
            std::env::var_os("CI").is_none(),
            "the shared verifiers are not there: in CI nothing is skipped"
        );
        eprintln!("SKIPPED: the shared verifiers are not there, `verify_git_commit.sh` was not run");
        return None;
    };
    let path = std::env::var("PATH").unwrap_or_default();
    let run = repo.sandbox.outer_program("bash", &repo.root).env("PATH", path).args([&script]);
    let output = run.args([&repo.root]).args([revision]).args([signers]).run();
    Some(output.code_in(&[0, 1]).exit_code() == Some(0))
}

#[test]
fn signed_commits_pass_as_git_and_openssh_say() {
    for init in [&[][..], &["--object-format=sha256"]] {
        let sandbox = Sandbox::new();
        let people = ["alice", "bob-ecdsa", "carol-rsa"];
        let repo = Repo::with(&sandbox, "repository", init, &people);
        let ids = people.map(|name| repo.change(name));
        repo.source(&["-v"])
            .code(0)
            .stderr_has("4 commits are signed by allowed signers")
            .stderr_has("by bob@example.org (SHA256:");
        for id in &ids {
            let listed = ["-c", "gpg.ssh.allowedSignersFile=allowed_signers", "verify-commit", id];
            repo.git_as("alice", &listed).ok();
            // The script knows the header of short names alone.
            if init.is_empty() {
                assert_ne!(
                    judged_elsewhere(&repo, id, &repo.root.join("allowed_signers")),
                    Some(false),
                    "{id}"
                );
            }
        }
        let json = repo.source(&["--message-format", "json"]).code(0);
        json.stdout_has("\"command\":\"source\"").stdout_has("\"outcome\":\"fine\"");
    }
}

#[test]
fn in_a_detached_work_tree_and_with_a_base_from_the_pipeline() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let base = repo.id("HEAD");
    let head = repo.change("alice");
    let elsewhere = sandbox.path("elsewhere");
    repo.git(&["worktree", "add", "--quiet", "--detach"]).args([&elsewhere]).args([&head]).ok();
    let run = |arguments: &[&str]| sandbox.provenance(&elsewhere).args(["source"]).args(arguments).run();
    run(&[]).code(0).stderr_has("2 commits are");
    run(&["--since", &base]).code(0).stderr_has("1 commit is signed");
    run(&["--since", &head]).code(0).stderr_has("0 commits are");
    run(&["--since", &"0".repeat(40)]).code(2).stderr_has("stands for none");
    run(&["--since", "nowhere"]).code(2);
    run(&["--since", &"1".repeat(40)]).code(3).stderr_has("the history was rewritten");
}

#[test]
fn without_a_beginning_or_signers_nothing_is_said() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.write("Provenance.toml", "version = 1\n[source]\nsigners = \"allowed_signers\"\n");
    repo.source(&[]).code(2).stderr_has("nothing says since when").stderr_has("--since REV");
    repo.write("Provenance.toml", "version = 1\n");
    let first = repo.id("HEAD~1");
    repo.source(&["--since", &first]).code(2).stderr_has("names nobody who may sign");
    repo.write("Provenance.toml", "version = 1\n[source]\nsigners = \"allowed_signers\"\n");
    repo.write("allowed_signers", "alice@example.org ssh-ed25519 broken\n");
    let broken = repo.commit("alice", "broken");
    repo.source(&["--since", &broken])
        .code(2)
        .stderr_has("`allowed_signers`: line 1: a key that cannot be read");
}
