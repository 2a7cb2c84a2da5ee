//! Which commits are judged: merges, tags, parts of repositories and parts of histories.

use tests::{Sandbox, files, guide};

use super::{Repo, policy};

#[test]
fn a_clone_without_its_history_leaves_it_open() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.change("alice");
    repo.change("alice");
    let clone = sandbox.path("clone");
    let url = format!("file://{}", repo.root.display());
    sandbox.git(&repo.root).args(["clone", "--quiet", "--depth=1", &url]).args([&clone]).ok();
    let run = || sandbox.provenance(&clone).args(["source"]);
    run().run().code(3).stderr_has("git fetch --unshallow");
    // A base that is there is enough, whatever is missing before it.
    sandbox.git(&clone).args(["fetch", "--quiet", "--depth=2"]).ok();
    run().args(["--since", "HEAD~1"]).run().code(0).stderr_has("1 commit is signed");
    run().args(["--since", &repo.id("HEAD~3")]).run().code(3).stderr_has("git fetch --unshallow");
    sandbox.git(&clone).args(["fetch", "--quiet", "--unshallow"]).ok();
    run().run().code(0);
}

#[test]
fn a_history_that_was_rewritten() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let base = repo.change("alice");
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).ok();
    repo.write("data", "other");
    repo.commit("alice", "other");
    repo.refused(&["--since", &base], "history-rewritten").stderr_has("git merge-base");
    // A history of its own, that has nothing in common.
    repo.git(&["checkout", "--quiet", "--orphan", "fresh"]).ok();
    repo.commit("alice", "fresh");
    repo.refused(&[], "history-rewritten");
}

#[test]
fn merges_are_judged_for_what_they_change_on_any_side() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let old = repo.id("HEAD");
    repo.write("guard", "here");
    let main = repo.commit("alice", "guard");
    repo.git(&["checkout", "--quiet", "-b", "topic", &old]).ok();
    let topic = repo.change("alice");
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.git_as("alice", &["merge", "--quiet", "--no-ff", "--message=merge", "topic"]).ok();
    repo.source(&[]).code(0).stderr_has("4 commits are");
    // One that nobody signed throws away one side: its files are those of the other one, signed to the letter.
    for (tree, parents) in [(&topic, [&main, &topic]), (&main, [&topic, &main])] {
        let tree = format!("{tree}^{{tree}}");
        let arguments = ["commit-tree", &tree, "-p", parents[0], "-p", parents[1], "-m", "evil"];
        let evil = repo.git(&arguments).ok().stdout.trim().to_owned();
        repo.refused(&["--head", &evil], "commit-unsigned");
    }
    // One that changes nothing on any side needs nobody.
    let arguments = ["commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "nothing"];
    let empty = repo.git(&arguments).ok().stdout.trim().to_owned();
    repo.source(&["--head", &empty]).code(0).stderr_has("1 commit without a change");
}

#[test]
fn a_branch_that_left_before_the_trusted_commit_is_judged_too() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let old = repo.id("HEAD");
    for _ in 0..3 {
        repo.change("alice");
    }
    let base = repo.id("HEAD");
    repo.git(&["checkout", "--quiet", "-b", "topic", &old]).ok();
    repo.write("other", "evil");
    repo.git(&["add", "--all"]).ok();
    repo.git(&["commit", "--quiet", "--message=evil"]).ok();
    let evil = repo.id("HEAD");
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.git_as("alice", &["merge", "--quiet", "--no-ff", "--message=merge", "topic"]).ok();
    repo.refused(&["--since", &base], "commit-unsigned")
        .stderr_has(&evil[..12])
        .stderr_has("1 denial in 2 commits");
}

#[test]
fn what_lies_beside_the_workspace_is_somebody_elses() {
    let sandbox = Sandbox::new();
    let repo = Repo { sandbox: &sandbox, root: sandbox.path("big") };
    let root = repo.root.join("rust/app");
    std::fs::create_dir_all(&root).expect("a directory");
    repo.git(&["init", "--quiet"]).ok();
    repo.write("rust/app/allowed_signers", &repo.line("alice", ""));
    let first = repo.commit("alice", "signers");
    repo.write("rust/app/Provenance.toml", &policy(&first));
    repo.commit("alice", "policy");
    let unsigned = |file: &str| {
        repo.write(file, "x");
        repo.git(&["add", "--all"]).ok();
        repo.git(&["commit", "--quiet", "--message=unsigned"]).ok();
    };
    let run = |arguments: &[&str]| sandbox.provenance(&root).args(["source"]).args(arguments).run();
    unsigned("web/index.html");
    run(&[])
        .code(0)
        .stderr_has("1 commit is signed")
        .stderr_has("1 commit without a change to the workspace");
    run(&["--path", "../../web"]).code(5).stderr_has("error[commit-unsigned]");
    run(&["--path", "../../../x"]).code(2);
    // Cargo reads it for every workspace below.
    for file in [
        ".cargo/config.toml",
        "rust/rust-toolchain.toml",
        "rust/app/src/lib.rs",
        // One and the same, where file systems do not tell the case apart.
        ".Cargo/config.toml",
        "rust/APP/src/lib.rs",
    ] {
        let base = repo.id("HEAD");
        unsigned(file);
        run(&[]).code(5).stderr_has("error[commit-unsigned]");
        repo.git(&["reset", "--quiet", "--hard", &base]).ok();
    }
}

#[test]
fn a_tag_is_signed_by_its_tagger_and_is_what_its_name_says() {
    let sandbox = Sandbox::new();
    let repo = Repo::with(&sandbox, "repository", &[], &["alice", "bob-ecdsa"]);
    repo.git_as("bob-ecdsa", &["tag", "--sign", "--message=one", "v1"]).ok();
    repo.source(&["--tag", "v1", "-v"])
        .code(0)
        .stderr_has("and the tag")
        .stderr_has("tag `v1` by bob@example.org");
    repo.git_as("mallory", &["tag", "--sign", "--message=two", "v2"]).ok();
    repo.refused(&["--tag", "v2"], "commit-signer-unknown");
    repo.git(&["tag", "--annotate", "--message=three", "v3"]).ok();
    repo.refused(&["--tag", "v3"], "commit-unsigned");
    repo.git(&["tag", "v4"]).ok();
    repo.refused(&["--tag", "v4"], "tag-differs").stderr_has("no annotated tag");
    // The signed tag of an old version becomes a new version.
    let old = repo.id("refs/tags/v1");
    repo.git(&["update-ref", "refs/tags/v5", &old]).ok();
    repo.refused(&["--tag", "v5"], "tag-differs").stderr_has("is the tag `v1`");
    repo.source(&["--tag", "v6"]).code(2).stderr_has("there is no tag `v6`");
    for hostile in ["--help-me", "../heads/main", "v1 x", "*"] {
        repo.source(&[&format!("--tag={hostile}")]).code(2);
    }
    repo.write("data", "evil");
    repo.git(&["add", "--all"]).ok();
    repo.git(&["commit", "--quiet", "--message=evil"]).ok();
    repo.git_as("alice", &["tag", "--sign", "--message=seven", "v7"]).ok();
    repo.refused(&["--tag", "v7"], "commit-unsigned");
}

#[test]
fn a_submodule_is_named_as_not_looked_into() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let commit = repo.id("HEAD");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},vendor/sub")]).ok();
    repo.git_as("alice", &["commit", "--quiet", "--message=submodule"]).ok();
    repo.source(&[]).code(0).stderr_has("1 submodule (`vendor/sub`)");
    repo.git(&["update-index", "--cacheinfo", &format!("160000,{},vendor/sub", repo.id("HEAD"))]).ok();
    repo.git(&["commit", "--quiet", "--message=another"]).ok();
    repo.refused(&[], "commit-unsigned");
}

#[test]
fn the_commands_of_the_guide_run() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]).ok();
    repo.change("alice");
    repo.git_as("alice", &["tag", "--sign", "--message", "release", "v1.2.0"]).ok();
    let team = repo.root.with_file_name("team");
    std::fs::create_dir_all(&team).expect("a directory");
    files::write(&team.join("allowed_signers"), repo.line("alice", ""));
    let commands = guide("source");
    assert_eq!(commands.len(), 6, "{commands:?}");
    for command in commands {
        sandbox.provenance(&repo.root).args(command.split(' ')).ok();
    }
}
