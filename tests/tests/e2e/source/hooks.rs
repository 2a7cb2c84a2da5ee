//! `source install-hooks`.

use tests::{Sandbox, files};

use super::Repo;

#[test]
fn the_hooks_ask_before_a_commit_and_before_a_push() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let remote = sandbox.path("remote");
    sandbox.git(&repo.root).args(["init", "--quiet", "--bare"]).args([&remote]).ok();
    repo.git(&["remote", "add", "origin"]).args([&remote]).ok();
    let install = |more: &[&str]| {
        repo.source(&["install-hooks"]).code(0).stderr_has("2 hooks").code(if more.is_empty() {
            0
        } else {
            1
        })
    };
    install(&[]);
    install(&[]);
    // Not set up to sign.
    repo.write("data", "x");
    repo.git(&["add", "--all"]).ok();
    let commit = ["commit", "--quiet", "--message=x"];
    repo.git(&commit)
        .run()
        .fails()
        .stderr_has("error[signing-not-set-up]")
        .stderr_has("git config commit.gpgSign true");
    // With a key that is listed for nobody, and for somebody else.
    repo.git_as("mallory", &commit).run().fails().stderr_has("is not listed for `mallory@example.org`");
    let other = ["-c", "user.email=bob@example.org", "commit", "--quiet", "--message=x"];
    repo.git_as("alice", &other).run().fails().stderr_has("is listed for `alice@example.org`");
    repo.git_as("alice", &commit).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    // Somebody goes around the first hook, and meets the second.
    repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "--message=nothing"]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
    repo.write("data", "evil");
    repo.git(&["add", "--all"]).ok();
    repo.git(&["commit", "--quiet", "--no-verify", "--message=evil"]).ok();
    repo.git(&["push", "--quiet", "origin", "main"]).run().fails().stderr_has("error[commit-unsigned]");
    repo.git(&["push", "--quiet", "origin", "main~1:refs/heads/other"]).ok();
    repo.git(&["push", "--quiet", "origin", ":refs/heads/other"]).ok();
    repo.source(&["install-hooks", "--uninstall"]).code(0).stderr_has("2 hooks taken away");
    repo.git(&["push", "--quiet", "origin", "main"]).ok();
}

#[test]
fn somebody_elses_hook_stays_and_the_line_for_it_is_shown() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let hook = repo.root.join(".git/hooks/pre-push");
    files::script(&hook, "exit 0\n");
    let before = files::read(&hook);
    let output = repo.source(&["install-hooks"]).code(1).stderr_has("error[hook-foreign]");
    drop(output.stderr_has("source hook pre-push \"$@\"; fi) || exit 1"));
    assert_eq!(files::read(&hook), before);
    assert!(repo.root.join(".git/hooks/pre-commit").exists());
    repo.source(&["install-hooks", "--uninstall"]).code(0).stderr_has("1 hook taken away");
    assert_eq!(files::read(&hook), before);
}

#[test]
fn the_folder_that_is_configured_counts_unless_others_share_it() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let elsewhere = sandbox.path("my hooks");
    repo.git(&["config", "core.hooksPath"]).args([&elsewhere]).ok();
    repo.source(&["install-hooks"]).code(0);
    assert!(elsewhere.join("pre-commit").exists() && !repo.root.join(".git/hooks/pre-commit").exists());
    repo.git(&["config", "core.hooksPath", ".husky"]).ok();
    repo.source(&["install-hooks"]).code(1).stderr_has("is a part of the work tree");
    assert!(!repo.root.join(".husky").exists());
}
