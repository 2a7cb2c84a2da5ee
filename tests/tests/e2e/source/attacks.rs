//! Attacks on signatures, on objects, and by the repository's own configuration.

use std::fs;

use tests::{Sandbox, files};

use super::{Repo, judged_elsewhere, now};

#[test]
fn an_unsigned_commit() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.write("data", "evil");
    repo.git(&["add", "--all"]).ok();
    repo.git(&["commit", "--quiet", "--message=%evil\u{202e} \u{1b}[2K"]).ok();
    let output = repo.refused(&[], "commit-unsigned").stderr_lacks("\u{202e}").stderr_lacks("\u{1b}[2K");
    output.stderr_has("git commit --amend --no-edit --gpg-sign");
    repo.refused(&["--message-format", "sarif"], "commit-unsigned");
}

#[test]
fn a_commit_that_is_signed_by_a_key_that_nobody_listed() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.change("mallory");
    repo.refused(&[], "commit-signer-unknown");
}

#[test]
fn bob_signs_a_commit_in_the_name_of_alice() {
    let sandbox = Sandbox::new();
    let repo = Repo::with(&sandbox, "repository", &[], &["alice", "bob"]);
    repo.write("data", "evil");
    repo.git(&["add", "--all"]).ok();
    let alice = ["-c", "user.email=alice@example.org", "commit", "--quiet", "--message=x"];
    repo.git_as("bob", &alice).ok();
    // Git takes it for good.
    assert_ne!(judged_elsewhere(&repo, "HEAD", &repo.root.join("allowed_signers")), Some(false));
    repo.refused(&[], "commit-signer-not-committer").stderr_has("is listed for `bob@example.org`");
}

#[test]
fn a_key_that_is_over_with_a_date_that_was_set_back() {
    let sandbox = Sandbox::new();
    let repo = Repo { sandbox: &sandbox, root: sandbox.path("old") };
    fs::create_dir_all(&repo.root).expect("a directory");
    repo.git(&["init", "--quiet"]).ok();
    let at = |seconds: u64, message: &str| {
        repo.git(&["add", "--all"]).ok();
        let date = format!("{seconds} +0000");
        let commit = repo.git_as("alice", &["commit", "--quiet", "--message", message]);
        commit.env("GIT_COMMITTER_DATE", &date).env("GIT_AUTHOR_DATE", &date).ok();
        repo.id("HEAD")
    };
    let signers = repo.line("alice", "valid-before=\"20210101Z\"");
    repo.write("allowed_signers", &signers);
    let first = at(1_580_000_000, "signers");
    repo.write("Provenance.toml", &super::policy(&first));
    let second = at(1_590_000_000, "policy");
    // Today somebody has the old key, and sets the clock back to 2020.
    repo.write("data", "evil");
    at(1_595_000_000, "evil");
    assert_ne!(judged_elsewhere(&repo, "HEAD", &repo.root.join("allowed_signers")), Some(false));
    repo.refused(&[], "commit-key-expired").stderr_has("2 denials in 2 commits");
    // What was accepted in time passes, and nothing after it.
    repo.source(&["--accepted", &second, "--head", &second]).code(0);
    repo.refused(&["--accepted", &second], "commit-key-expired").stderr_has("1 denial in");
}

#[test]
fn dates_before_what_a_commit_builds_on_and_after_now() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    for (seconds, id) in [(now() - 3 * 86_400, "commit-backdated"), (now() + 3 * 86_400, "commit-postdated")]
    {
        let base = repo.id("HEAD");
        repo.write("data", id);
        repo.git(&["add", "--all"]).ok();
        let commit = repo.git_as("alice", &["commit", "--quiet", "--message=x"]);
        commit.env("GIT_COMMITTER_DATE", format!("{seconds} +0000")).ok();
        repo.refused(&[], id).stderr_has("by ");
        repo.git(&["reset", "--quiet", "--hard", &base]).ok();
    }
}

#[test]
fn a_signature_for_another_namespace_or_other_bytes() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let base = repo.id("HEAD");
    repo.change("alice");
    let good = repo.text("HEAD");
    repo.source(&[]).code(0);

    // The message is another one than the one that was signed.
    repo.raw(good.replace("by alice", "by malice").as_bytes());
    repo.refused(&[], "commit-signature-bad").stderr_has("it does not belong to these bytes");

    // What Alice signed as a file is put on a commit.
    repo.git(&["reset", "--quiet", "--hard", &base]).ok();
    let (head, rest) = good.split_once("gpgsig ").expect("signed");
    let message = &rest[rest.find("\n\n").expect("a message") + 1..];
    let payload = sandbox.path("payload");
    files::write(&payload, format!("{head}{message}"));
    let keygen =
        sandbox.outer_program("ssh-keygen", &repo.root).args(["-q", "-Y", "sign", "-n", "file", "-f"]);
    keygen.args([sandbox.path("keys/alice")]).args([&payload]).ok();
    let signature = files::read(&payload.with_extension("sig")).trim_end().replace('\n', "\n ");
    repo.raw(format!("{head}gpgsig {signature}\n{message}").as_bytes());
    repo.refused(&[], "commit-signature-bad").stderr_has("another namespace");
}

#[test]
fn signature_headers_that_are_stripped_doubled_or_odd() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    repo.change("alice");
    let good = repo.text("HEAD");
    let start = good.find("gpgsig ").expect("signed");
    let end = good.find("\n\n").expect("a message") + 1;
    let signature = &good[start..end];
    let with = |header: String| format!("{}{header}{}", &good[..start], &good[end..]);
    for (text, id) in [
        (with(String::new()), "commit-unsigned"),
        (with(signature.repeat(2)), "commit-malformed"),
        (with(signature.replace("gpgsig ", "gpgsigx ")), "commit-malformed"),
        (with(signature.replace("gpgsig ", "gpgsig-sha256 ")), "commit-unsigned"),
        (with(format!("{signature}committer Eve <alice@example.org> 1 +0000\n")), "commit-malformed"),
        (with(signature.replace("-----END", "-----BEGIN")), "commit-signature-bad"),
        (good.replace("by alice", "by alice\0 and mallory"), "commit-malformed"),
        (
            good.replace("<alice@example.org>", "<alice@example.org> <mallory@example.org>"),
            "commit-malformed",
        ),
    ] {
        repo.raw(text.as_bytes());
        repo.refused(&[], id);
    }
}

#[test]
fn a_replacement_for_an_unsigned_commit() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let good = repo.change("alice");
    repo.git(&["reset", "--quiet", "--soft", "HEAD~1"]).ok();
    repo.git(&["commit", "--quiet", "--message=evil"]).ok();
    let evil = repo.id("HEAD");
    repo.git(&["replace", &evil, &good]).ok();
    repo.git_as("alice", &["-c", "gpg.ssh.allowedSignersFile=allowed_signers", "verify-commit", &evil]).ok();
    repo.refused(&[], "commit-unsigned");
}

#[test]
fn a_graft_that_hides_a_commit() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let base = repo.id("HEAD");
    repo.write("data", "evil");
    repo.git(&["add", "--all"]).ok();
    repo.git(&["commit", "--quiet", "--message=evil"]).ok();
    let head = repo.change("alice");
    repo.write(".git/info/grafts", &format!("{head} {base}\n"));
    assert!(!repo.git(&["log", "--format=%s"]).ok().stdout.contains("evil"), "the attack works on plain git");
    repo.refused(&[], "commit-unsigned");
}

#[test]
fn programs_of_the_repositorys_own_configuration_are_not_run() {
    let sandbox = Sandbox::new();
    let repo = Repo::with(&sandbox, "repository", &[], &["alice", "bob-ecdsa"]);
    let trap = sandbox.path("trap");
    let evil = sandbox.path("evil");
    files::script(
        &evil,
        &format!("touch '{}'\necho 'Good \"git\" signature for signer with x key'\nexit 0\n", trap.display()),
    );
    for key in [
        "gpg.program",
        "gpg.ssh.program",
        "gpg.openpgp.program",
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
    ] {
        repo.git(&["config", key]).args([&evil]).ok();
    }
    repo.git(&["config", "core.hooksPath"]).args([evil.parent().expect("a folder")]).ok();
    repo.git(&["config", "gpg.ssh.allowedSignersFile", "/dev/null"]).ok();
    let good = repo.text("HEAD");
    repo.write("data", "x");
    repo.git(&["add", "--all"]).ok();
    repo.git_as("bob-ecdsa", &["-c", "core.fsmonitor=false", "commit", "--quiet", "--message=x"]).ok();
    let _ = fs::remove_file(&trap);
    repo.source(&[]).code(0);
    // A signature of the delegated kind that belongs to other bytes, for which the evil program would say yes.
    let head = repo.text("HEAD");
    repo.raw(head.replace("\n\nx", "\n\ny").as_bytes());
    repo.refused(&[], "commit-signature-bad").stderr_has("OpenSSH");
    repo.raw(good.replace("policy", "other").as_bytes());
    repo.refused(&[], "commit-signature-bad");
    assert!(!trap.exists());
}

#[test]
fn an_object_that_is_not_what_its_name_says() {
    let sandbox = Sandbox::new();
    let repo = Repo::new(&sandbox);
    let good = repo.change("alice");
    let old = repo.id("HEAD~1");
    repo.write("data", "evil");
    repo.git(&["add", "--all"]).ok();
    let tree = repo.git(&["write-tree"]).ok().stdout.trim().to_owned();
    let object = |id: &str| repo.root.join(".git/objects").join(&id[..2]).join(&id[2..]);
    for (victim, attacker) in [(good.clone(), old), (repo.id("HEAD^{tree}"), tree)] {
        let (victim, attacker) = (object(&victim), object(&attacker));
        let kept = files::read_bytes(&victim);
        fs::remove_file(&victim).expect("removed");
        fs::copy(&attacker, &victim).expect("exchanged");
        repo.refused(&[], "object-forged");
        fs::remove_file(&victim).expect("removed");
        files::write(&victim, kept);
    }
    repo.source(&[]).code(0);
}
