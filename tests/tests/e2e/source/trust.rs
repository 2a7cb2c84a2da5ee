//! Who is trusted, and how that changes.

use tests::{Sandbox, files};

use super::{Repo, policy};

#[test]
fn a_commit_that_lists_its_own_signer() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let evil = format!("{}{}", repo.line("alice", ""), repo.line("mallory", ""));
    repo.write("allowed_signers", &evil);
    repo.commit("mallory", "me too");
    repo.change("mallory");
    // What it says counts neither for itself nor for what follows.
    repo.refused(&[], "commit-signer-unknown").stderr_has("2 denials");
    // Nor does the work tree.
    repo.git(&["reset", "--quiet", "--hard", "HEAD~2"]).ok();
    repo.change("mallory");
    repo.write("allowed_signers", &evil);
    repo.refused(&[], "commit-signer-unknown");
}

#[test]
fn whoever_is_listed_may_list_others() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.write("allowed_signers", &format!("{}{}", repo.line("alice", ""), repo.line("bob", "")));
    repo.commit("alice", "bob too");
    repo.change("bob");
    repo.source(&[]).code(0).stderr_has("note[signers-changed]").stderr_has("3 commits are signed");
    // Bob hands over to Carol, and Alice signs no more.
    repo.write("allowed_signers", &repo.line("carol", ""));
    repo.commit("bob", "carol alone");
    repo.change("carol");
    repo.source(&[]).code(0);
    repo.change("alice");
    repo.refused(&[], "commit-signer-unknown").stderr_has("1 denial");
}

#[test]
fn a_key_that_was_taken_from_the_list_goes_on_from_an_older_point() {
    let sandbox = Sandbox::new();
    let repo = Repo::with(&sandbox, "repository", &[], &["alice", "mallory"]);
    let old = repo.change("mallory");
    repo.write("allowed_signers", &repo.line("alice", ""));
    repo.commit("alice", "without mallory");
    repo.source(&[]).code(0);
    repo.git(&["checkout", "--quiet", "-b", "topic", &old]).ok();
    repo.write("other", "evil");
    repo.commit("mallory", "later");
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.git_as("alice", &["merge", "--quiet", "--no-ff", "--message=merge", "topic"]).ok();
    repo.refused(&[], "commit-key-removed").stderr_has("1 denial");
    // Nor may she sign the merge herself, from her side.
    repo.git(&["checkout", "--quiet", "topic"]).ok();
    repo.git_as("mallory", &["merge", "--quiet", "--no-ff", "--message=merge", "main~1"]).ok();
    repo.refused(&[], "commit-signer-unknown");
}

#[test]
fn an_end_that_is_put_on_a_key_holds_for_branches_that_do_not_know_it() {
    let sandbox = Sandbox::new();
    let repo = Repo::with(&sandbox, "repository", &[], &["alice", "mallory"]);
    let old = repo.id("HEAD");
    let ended = format!("{}{}", repo.line("alice", ""), repo.line("mallory", "valid-before=\"20200101\""));
    repo.write("allowed_signers", &ended);
    repo.commit("alice", "mallory ends");
    repo.git(&["checkout", "--quiet", "-b", "topic", &old]).ok();
    repo.write("other", "evil");
    repo.commit("mallory", "later");
    repo.git(&["checkout", "--quiet", "main"]).ok();
    repo.git_as("alice", &["merge", "--quiet", "--no-ff", "--message=merge", "topic"]).ok();
    repo.refused(&[], "commit-key-removed");
}

#[test]
fn a_list_that_becomes_unreadable_leaves_the_old_one_in_force() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.write("allowed_signers", "alice@example.org valid-befor=\"20200101\" ssh-ed25519 AAAA\n");
    repo.commit("alice", "slip");
    repo.change("alice");
    repo.refused(&[], "signers-unreadable").stderr_has("1 denial");
}

#[test]
fn signers_from_outside_win() {
    let sandbox = Sandbox::new();
    let repo = Repo::with(&sandbox, "repository", &[], &["alice", "mallory"]);
    repo.change("mallory");
    repo.source(&[]).code(0);
    let outside = sandbox.path("signers");
    files::write(&outside, repo.line("alice", ""));
    let outside = outside.to_string_lossy().into_owned();
    repo.refused(&["--signers", &outside], "commit-signer-unknown");
    files::write(
        &sandbox.path("signers"),
        format!(
            "{}*@example.org cert-authority {}",
            repo.line("alice", ""),
            repo.line("mallory", "").split_once("  ").expect("a key").1
        ),
    );
    repo.refused(&["--signers", &outside], "commit-signer-unknown")
        .stderr_has("certificate authorities are not supported");
    files::write(&sandbox.path("signers"), "alice@example.org valid-befor=\"2020\" ssh-ed25519 AAAA\n");
    repo.source(&["--signers", &outside]).code(2).stderr_has("line 1: an option that is not known");
}

#[test]
fn openpgp_signatures_are_judged_by_the_users_gpg() {
    let sandbox = Sandbox::new();
    if !sandbox.tools().join("gpg").exists() {
        note("SKIPPED: gpg is not installed, OpenPGP signatures were not judged");
        return;
    }
    let repo = Repo::new(&sandbox);
    let home = sandbox.home().join(".gnupg");
    std::fs::create_dir_all(&home).expect("a directory");
    files::permissions(&home, 0o700);
    let gpg =
        |arguments: &[&str]| sandbox.program("gpg", &repo.root).args(["--batch", "--quiet"]).args(arguments);
    let make = |email: &str| {
        gpg(&["--passphrase", "", "--quick-generate-key", email, "ed25519", "sign", "never"]).ok();
        let listed = gpg(&["--with-colons", "--list-keys", email]).ok().stdout;
        let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a fingerprint").to_owned();
        line.split(':').nth(9).expect("a fingerprint").to_owned()
    };
    let (alice, bob) = (make("alice@example.org"), make("bob@example.org"));
    let since = repo.id("HEAD~1");
    repo.write("Provenance.toml", &format!("{}openpgp = [\"alice@example.org {alice}\"]\n", policy(&since)));
    repo.commit("alice", "openpgp");
    let commit = |email: &str, key: &str| {
        repo.write("data", &format!("{email} {key}"));
        repo.git(&["add", "--all"]).ok();
        let (email, key) = (format!("user.email={email}"), format!("user.signingKey={key}"));
        repo.git(&["-c", &email, "-c", &key, "commit", "--quiet", "--gpg-sign", "--message=pgp"]).ok();
    };
    commit("alice@example.org", &alice);
    let good = repo.text("HEAD");
    let output = repo.source(&["-v"]).code(0).stderr_has(&format!("(OpenPGP {alice})"));
    drop(output.stderr_has("note[signers-changed]"));
    // A key that gpg knows, and the team does not.
    commit("bob@example.org", &bob);
    repo.refused(&[], "commit-signer-unknown");
    repo.git(&["reset", "--quiet", "--hard", "HEAD~1"]).ok();
    commit("bob@example.org", &alice);
    repo.refused(&[], "commit-signer-not-committer");
    repo.raw(good.replace("\n\npgp", "\n\nother").as_bytes());
    repo.refused(&[], "commit-signature-bad");
    repo.raw(good.as_bytes());
    repo.source(&[]).code(0);
    // Where the key is not at hand, nothing can be said.
    gpg(&["--yes", "--delete-secret-and-public-key", &alice]).ok();
    repo.source(&[]).code(3).stderr_has("commit-undecided").stderr_has("gpg --import");
    let _ = sandbox.outer_program("gpgconf", &repo.root).args(["--kill", "all"]).run();
}

#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
fn note(text: &str) {
    eprintln!("{text}");
}
