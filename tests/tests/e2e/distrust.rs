//! Every way to slip in a manifest that nobody trusted signed.

use tests::files;
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox};

use crate::signing::{LOCK, POLICY, SIG, demanding, distrusted, key, own_key, own_key_file, sign, verify};

#[test]
fn unsigned_other_key_and_one_key_twice() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let (first, first_line) = key(app, "first");
    let (second, second_line) = key(app, "second");
    let (stranger, _) = key(app, "stranger");
    demanding(app, 2, &[&first_line, &second_line, &first_line]);
    distrusted(app.provenance(["verify"]), "there is no `Provenance.lock.sig`");
    sign(app, &stranger).stderr_has("is not a key that counts here");
    distrusted(app.provenance(["verify"]), "its key is not trusted");
    sign(app, &first).stderr_has("it takes 1 more signature of trusted keys");
    distrusted(app.provenance(["verify"]), "is signed by 1 of the 2 trusted keys");
    sign(app, &first);
    let block = files::read(&app.path(SIG));
    files::write(&app.path(SIG), format!("{block}{block}"));
    distrusted(app.provenance(["verify"]), "its key signed twice");
    sign(app, &second).stderr_has("signed by 2 trusted keys");
    verify(app).code(0).stderr_has("2 signatures, threshold 2");
    files::remove(&app.path(SIG));
    distrusted(app.provenance(["verify"]), "there is no `Provenance.lock.sig`");
    for broken in ["rubbish\n".to_owned(), block.replace("-----END", "-----"), block.replace('\n', "\r\n")] {
        files::write(&app.path(SIG), broken);
        distrusted(app.provenance(["verify"]), "Provenance.lock.sig");
    }
}

#[test]
fn a_weak_or_strange_key_is_refused_where_it_is_listed() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let (_, our_line) = key(app, "ours");
    // The point of order 4 (y = 0), and an RSA key's name.
    let weak = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (line, why) in [
        (format!("mallory ssh-ed25519 {weak}"), "a weak key: a point of small order"),
        ("mallory ssh-rsa AAAAB3NzaC1yc2E=".to_owned(), "a key that is not `ssh-ed25519`: `ssh-rsa`"),
        (
            our_line.replacen("ours@example.org ", "* cert-authority ", 1),
            "an option that is not known: `cert-authority`",
        ),
    ] {
        files::append(
            &app.path(POLICY),
            &format!("\n[signing]\nkeys = [\n  {line:?},\n]\n").replace("[signing]\n", ""),
        );
        let policy = files::read(&app.path(POLICY));
        let at =
            policy.lines().position(|it| it.contains("mallory") || it.contains("* cert")).expect("there") + 1;
        app.provenance(["verify"]).run().code(2).stderr_has(why).stderr_has(&format!("{POLICY}:{at}"));
        let keys = sandbox.path("trusted");
        files::write(&keys, format!("# ours\n{line}\n"));
        files::write(&app.path(POLICY), policy.split("\nkeys = [").next().expect("a policy"));
        app.provenance(["verify", "--trusted-keys"])
            .args([&keys])
            .run()
            .code(2)
            .stderr_has("trusted:2: ")
            .stderr_has(why);
    }
}

#[test]
fn a_swapped_policy_does_not_pass_by_keys_from_outside() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let (ours, our_line) = key(app, "ours");
    let (evil, evil_line) = key(app, "evil");
    demanding(app, 1, &[&our_line]);
    sign(app, &ours);
    app.commit("signed");
    let keys = sandbox.path("trusted");
    files::write(&keys, format!("{our_line}\n"));
    let outside = || app.provenance(["verify", "--trusted-keys"]).args([&keys]);
    outside().ok().stderr_has("1 signature");

    // The attacker puts own keys into the policy, pins, and signs.
    files::replace(&app.path(POLICY), &our_line, &evil_line);
    distrusted(outside(), "`Provenance.toml` is not the one that was signed");
    app.provenance(["pin"]).ok();
    sign(app, &evil);
    verify(app).code(0);
    distrusted(outside(), "its key is not trusted");
    // The user's own list is found by itself, and wins.
    files::write(&sandbox.cargo_home().join("provenance/trusted-keys"), format!("{our_line}\n"));
    distrusted(app.provenance(["verify"]), "its key is not trusted");
    // A policy that demands nothing.
    files::replace(&app.path(POLICY), "required = true", "required = false");
    distrusted(app.provenance(["verify", "--require-signed"]), "error[policy-unsigned]");
    app.provenance(["pin"]).ok();
    files::remove(&app.path(SIG));
    verify(app).code(0);
    distrusted(app.provenance(["verify", "--require-signed"]), "there is no `Provenance.lock.sig`");
    app.restore();
    app.provenance(["verify", "--require-signed"]).ok();
}

#[test]
fn an_older_manifest_that_was_signed_once() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let app = Project::app(&sandbox, "app").pinned();
    let line = own_key(app);
    demanding(app, 1, &[&line]);
    app.provenance(["sign"]).ok();
    app.commit("old");
    let files_of_old =
        [LOCK, SIG, "Cargo.lock", "Cargo.toml"].map(|name| (name, files::read(&app.path(name))));
    app.provenance(["add", "newcomer"]).ok();
    app.commit("new");
    let new = app.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    let old = app.git(["rev-parse", "HEAD~1"]).ok().stdout.trim().to_owned();
    app.provenance(["verify", "--not-before", &new]).ok();
    app.provenance(["verify", "--not-before", &old]).ok();

    let put_back = files_of_old;
    for (name, text) in &put_back {
        files::write(&app.path(name), text);
    }
    verify(app).code(0);
    app.commit("put back");
    let put_back_at = app.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    distrusted(app.provenance(["verify", "--not-before", &new]), "the manifest is older than that of");
    app.provenance(["verify", "--not-before", &old]).ok();
    // Nor from another folder, into which the workspace was moved.
    app.restore();
    app.git(["reset", "--quiet", "--hard", &new]).ok();
    let moved = app.path("moved");
    std::fs::create_dir(&moved).expect("a folder");
    for name in app.git(["ls-files"]).ok().stdout.lines().filter_map(|path| path.split('/').next()) {
        if moved.join(name).symlink_metadata().is_err() {
            app.git(["mv", name, "moved"]).ok();
        }
    }
    app.commit("moved");
    let there = app.git(["rev-parse", "HEAD"]).ok().stdout.trim().to_owned();
    let verify_moved = || sandbox.provenance(&moved).args(["verify", "--not-before", &there]).run();
    verify_moved().code(0);
    for (name, text) in &put_back {
        files::write(&moved.join(name), text);
    }
    verify_moved().code(5).stderr_has("the manifest is older than that of");
    app.git(["reset", "--quiet", "--hard", &put_back_at]).ok();
    // A clone that lacks a part of its history cannot tell.
    let clone = sandbox.path("shallow");
    let url = format!("file://{}", app.root().display());
    app.git(["clone", "--quiet", "--depth", "1", &url]).args([&clone]).ok();
    sandbox
        .provenance(&clone)
        .args(["verify", "--not-before", "HEAD"])
        .run()
        .code(2)
        .stderr_has("lacks a part of its history");
    // Not in the history of what is checked out.
    app.git(["checkout", "--quiet", "--detach", &old]).ok();
    app.provenance(["verify", "--not-before", &new]).run().code(2).stderr_has("is not an ancestor");
    app.provenance(["verify", "--not-before", "nowhere"]).run().code(2);
}

#[test]
fn a_manifest_that_expired() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let line = own_key(app);
    demanding(app, 1, &[&line]);
    app.provenance(["sign", "--expires", "2999-12-31"]).ok().stderr_has("good until 2999-12-31");
    verify(app).code(0);
    app.provenance(["pin"]).ok();
    assert!(files::read(&app.path(LOCK)).contains("\nexpires = \"2999-12-31\"\n"));
    app.provenance(["sign", "--expires", "2026-02-30"]).run().code(2);
    app.provenance(["sign", "--expires", "2020-01-01"]).run().code(2).stderr_has("which is over");

    // It was signed in time, by somebody whose clock is nobody's business.
    files::replace(&app.path(LOCK), "2999-12-31", "2020-01-01");
    let keygen = sandbox.outer_program("ssh-keygen", &app.root());
    files::remove(&app.path(SIG));
    keygen
        .args(["-q", "-Y", "sign", "-n", "cargo-provenance", "-f"])
        .args([own_key_file(app), app.path(LOCK)])
        .ok();
    verify(app)
        .code(5)
        .stderr_has("error[manifest-expired]: the manifest expired on 2020-01-01")
        .stderr_lacks("error[signature]");
    app.provenance(["check"]).run().code(5);
    app.provenance(["sign"]).run().code(2).stderr_has("which is over");
    app.provenance(["sign", "--expires", "2999-12-31"]).ok();
    verify(app).code(0);
}

#[test]
fn a_revoked_key_and_one_out_of_its_time() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let (ours, line) = key(app, "ours");
    let print = app.provenance(["key", "show", "--key"]).args([&ours]).ok().stderr;
    let print = print
        .lines()
        .find_map(|line| line.trim().strip_prefix("Fingerprint "))
        .expect("a fingerprint")
        .to_owned();
    let policy = files::read(&app.path(POLICY));
    let timed = |options: &str| line.replacen(' ', &format!(" {options} "), 1);
    for (line, revoked, verdict) in [
        (
            line.clone(),
            format!("{:?}", format!("{print} laptop stolen")),
            Some("its key is revoked: laptop stolen"),
        ),
        (
            line.clone(),
            format!("{{ key = {print:?}, since = \"2020-01-01\", reason = \"left\" }}"),
            Some("its key is revoked: left"),
        ),
        (line.clone(), format!("{{ key = {print:?}, since = \"2999-01-01\", reason = \"leaves\" }}"), None),
        (timed("valid-before=\"20200101\""), String::new(), Some("not valid any more")),
        (timed("valid-after=\"29990101\""), String::new(), Some("not valid yet")),
        (timed("namespaces=\"git\""), String::new(), Some("trusted for other namespaces")),
        (timed("namespaces=\"git,cargo-provenance\",valid-before=\"29990101\""), String::new(), None),
    ] {
        files::write(&app.path(POLICY), &policy);
        app.policy(&format!("[signing]\nrequired = true\nkeys = [{line:?}]\nrevoked = [{revoked}]"));
        sign(app, &ours);
        match verdict {
            Some(why) => distrusted(app.provenance(["verify"]), why),
            None => drop(verify(app).code(0)),
        }
    }
}
