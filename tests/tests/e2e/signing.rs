//! Signatures of the manifest: keys, signing, and who is satisfied by what.

use std::path::PathBuf;

use tests::files;
use tests::krate::greeting_source;
use tests::project::{CLEAN, refused};
use tests::{Krate, Output, Project, Run, Sandbox};

pub(crate) const LOCK: &str = "Provenance.lock";
pub(crate) const SIG: &str = "Provenance.lock.sig";
pub(crate) const POLICY: &str = "Provenance.toml";

/// Makes a key without a passphrase and returns its file and its line for the policy.
pub(crate) fn key(project: Project<'_>, name: &str) -> (PathBuf, String) {
    let file = project.sandbox().path(&format!("keys/{name}"));
    let path = file.to_str().expect("UTF-8");
    let comment = format!("{name}@example.org");
    let output =
        project.provenance(["keygen", "--no-passphrase", "--output", path, "--comment", &comment]).ok();
    (file.clone(), output.stdout.trim().to_owned())
}

/// The user's own key, where every command finds it.
pub(crate) fn own_key(project: Project<'_>) -> String {
    project
        .provenance(["keygen", "--no-passphrase", "--comment", "me@example.org"])
        .ok()
        .stdout
        .trim()
        .to_owned()
}

pub(crate) fn own_key_file(project: Project<'_>) -> PathBuf {
    project.sandbox().cargo_home().join("provenance/signing-key")
}

fn list(lines: &[&String]) -> String {
    lines.iter().map(|line| format!("{line:?}")).collect::<Vec<_>>().join(", ")
}

/// A policy that demands the signatures of so many of these keys; not yet signed.
pub(crate) fn demanding<'s>(project: Project<'s>, threshold: usize, lines: &[&String]) -> Project<'s> {
    let keys = list(lines);
    project.policy(&format!("[signing]\nrequired = true\nthreshold = {threshold}\nkeys = [{keys}]"))
}

pub(crate) fn sign(project: Project<'_>, key: &PathBuf) -> Output {
    project.provenance(["sign", "--key"]).args([key]).ok()
}

pub(crate) fn verify(project: Project<'_>) -> Output {
    project.provenance(["verify"]).run()
}

pub(crate) fn distrusted(run: Run, what: &str) {
    run.run().code(5).stderr_has(what);
}

#[test]
fn a_manifest_is_signed_verified_and_signed_again_by_whoever_changes_it() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    sandbox.registry().publish(&Krate::greeting("other", "1.0.0", CLEAN));
    let app = Project::app(&sandbox, "app").pinned();
    let line = own_key(app);
    assert!(line.starts_with("me@example.org ssh-ed25519 AAAA"), "{line}");
    demanding(app, 1, &[&line]);
    verify(app)
        .code(5)
        .stderr_has("error[signature]: `Provenance.lock` is not signed: there is no `Provenance.lock.sig`");
    app.provenance(["check"]).run().code(5).stderr_has("there is no `Provenance.lock.sig`");

    app.provenance(["sign"]).ok().stderr_has("signed by 1 trusted key");
    verify(app).code(0).stderr_has("1 signature, threshold 1");
    app.provenance(["verify", "-v"])
        .ok()
        .stderr_has("by me@example.org, SHA256:")
        .stderr_has("Provenance.toml:");
    app.provenance(["check"]).ok();
    let before = files::read(&app.path(SIG));

    // Each command that writes the manifest signs it again, in the same transaction.
    app.provenance(["add", "newcomer"]).ok().stderr_has("Signing");
    verify(app).code(0);
    assert_ne!(files::read(&app.path(SIG)), before);
    app.provenance(["remove", "newcomer"]).ok().stderr_has("Signing");
    verify(app).code(0);
    assert_eq!(files::read(&app.path(SIG)), before, "Ed25519 is deterministic");
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.1", CLEAN).old_manifest());
    app.provenance(["update"]).ok().stderr_has("Signing");
    verify(app).code(0);
    app.cargo(["add", "--quiet", "newcomer"]).ok();
    app.cargo(["fetch", "--quiet"]).ok();
    app.provenance(["pin"]).ok().stderr_has("Signing");
    verify(app).code(0);

    // Without a key at hand it stays unsigned, and that is said.
    let key = own_key_file(app);
    std::fs::rename(&key, sandbox.path("away")).expect("moved");
    app.provenance(["remove", "newcomer"])
        .ok()
        .stderr_has("the manifest is not signed: no key is at hand")
        .stderr_has("cargo provenance sign");
    verify(app)
        .code(5)
        .stderr_has("`Provenance.lock` is not signed by a trusted key")
        .stderr_has("it does not belong to these bytes");
    std::fs::rename(sandbox.path("away"), &key).expect("moved");
    // Nothing is built on what nobody trusts.
    let before = files::read(&app.path(LOCK));
    for command in [&["add", "other"][..], &["update"], &["remove", "victim"]] {
        app.provenance([]).args(command).run().code(5).stderr_has("error[signature]");
        assert_eq!(files::read(&app.path(LOCK)), before);
    }
    app.provenance(["check"]).run().code(5).stderr_has("error[signature]");
    app.provenance(["sign"]).ok();
    verify(app).code(0);
}

#[test]
fn an_edited_manifest_or_policy_is_not_signed_in_passing() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let app = Project::app(&sandbox, "app").pinned();
    let line = own_key(app);
    demanding(app, 1, &[&line]);
    app.provenance(["sign"]).ok();
    app.commit("signed");

    files::replace(&app.path(POLICY), "[checks]\n", "[checks]\nlicense = \"allow\"\n");
    app.provenance(["sign"]).run().code(2).stderr_has("written under another policy");
    app.provenance(["pin"]).ok().stderr_has("`Provenance.toml` changed since the one before was signed");
    verify(app).code(5);
    app.restore();

    files::replace(&app.path(LOCK), "basis = \"baseline\"", "basis = \"audit\"");
    app.provenance(["add", "newcomer"]).run().code(5).stderr_has("error[signature]");
    app.cargo(["add", "--quiet", "newcomer"]).ok();
    app.cargo(["fetch", "--quiet"]).ok();
    app.provenance(["pin"]).ok().stderr_has("the signatures of the one before do not hold");
    verify(app).code(5);
}

#[test]
fn a_new_cargo_setting_is_not_signed_in_passing() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let line = own_key(app);
    demanding(app, 1, &[&line]);
    app.provenance(["sign"]).ok();
    files::write(&app.path(".cargo/config.toml"), "[target.x86_64-unknown-none]\nrunner = \"sh mark\"\n");
    app.provenance(["pin"])
        .ok()
        .stderr_has("it records a cargo setting that is new: `target.x86_64-unknown-none.runner");
    verify(app).code(5);
    app.provenance(["sign"]).ok();
    verify(app).code(0);
    // What is recorded no longer is nothing that a person has to see.
    files::remove(&app.path(".cargo/config.toml"));
    app.provenance(["pin"]).ok().stderr_has("Signing");
    verify(app).code(0);
}

#[test]
fn openssh_accepts_our_signature_and_we_accept_that_of_openssh() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let (ours, our_line) = key(app, "ours");
    let theirs = sandbox.path("keys/theirs");
    let keygen = |arguments: &[&str]| sandbox.outer_program("ssh-keygen", &app.root()).args(arguments);
    keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "them@example.org", "-f"]).args([&theirs]).ok();
    let public = files::read(&theirs.with_extension("pub"));
    let their_line = format!("them@example.org {}", public.trim());
    demanding(app, 1, &[&our_line, &their_line]);

    sign(app, &ours);
    let signers = sandbox.path("allowed_signers");
    files::write(&signers, format!("{our_line}\n{their_line}\n"));
    let accepts = |signature: &str, who: &str| {
        let block = sandbox.path("block.sig");
        files::write(&block, signature);
        let manifest = files::read(&app.path(LOCK));
        let script = sandbox.path("verify.sh");
        files::script(
            &script,
            &format!(
                "exec {} -Y verify -f '{}' -I {who} -n cargo-provenance -s '{}' < '{}'",
                "\"$1\"",
                signers.display(),
                block.display(),
                app.path(LOCK).display()
            ),
        );
        assert!(!manifest.is_empty());
        sandbox
            .outer_program("sh", &app.root())
            .args([script])
            .args([sandbox.outer_path("ssh-keygen")])
            .ok()
            .stdout_has("Good \"cargo-provenance\" signature");
    };
    accepts(&files::read(&app.path(SIG)), "ours@example.org");

    // Theirs, with either hash.
    let own = files::read(&app.path(SIG));
    for hash in ["sha512", "sha256"] {
        let option = format!("hashalg={hash}");
        files::remove(&app.path(SIG));
        keygen(&["-q", "-Y", "sign", "-n", "cargo-provenance", "-O", &option, "-f"])
            .args([&theirs, &app.path(LOCK)])
            .ok();
        verify(app).code(0);
        let signed = files::read(&app.path(SIG));
        // Both together.
        files::write(&app.path(SIG), format!("{signed}{own}"));
        app.provenance(["verify", "--threshold", "2"]).ok().stderr_has("2 signatures, threshold 2");
        // Signing again keeps theirs.
        sign(app, &ours);
        app.provenance(["verify", "--threshold", "2"]).ok();
        assert!(files::read(&app.path(SIG)).starts_with(&signed));
    }
    // For another purpose.
    files::remove(&app.path(SIG));
    keygen(&["-q", "-Y", "sign", "-n", "file", "-f"]).args([&theirs, &app.path(LOCK)]).ok();
    verify(app).code(5).stderr_has("it was made for another namespace");
    files::remove(&app.path(SIG));

    // Our key files are theirs, encrypted or not.
    assert_eq!(keygen(&["-y", "-f"]).args([&ours]).ok().stdout.split(' ').nth(1), our_line.split(' ').nth(2));
    app.provenance(["sign", "--key"]).args([&theirs]).ok();
    verify(app).code(0);
    let sealed = sandbox.path("keys/sealed");
    let passphrase = sandbox.path("passphrase");
    files::write(&passphrase, "open sesame\n");
    let output = app
        .provenance(["keygen", "--passphrase-file"])
        .args([&passphrase])
        .args(["--output"])
        .args([&sealed])
        .ok();
    let printed = keygen(&["-y", "-P", "open sesame", "-f"]).args([&sealed]).ok().stdout;
    assert_eq!(printed.split(' ').nth(1).map(str::trim), output.stdout.split(' ').nth(2).map(str::trim));
    keygen(&["-y", "-P", "wrong", "-f"]).args([&sealed]).run().fails();
    // And one that they encrypted is read here.
    keygen(&["-q", "-p", "-P", "", "-N", "open sesame", "-f"]).args([&theirs]).ok();
    app.provenance(["sign", "--key"]).args([&theirs]).args(["--passphrase-file"]).args([&passphrase]).ok();
    verify(app).code(0);
    files::write(&passphrase, "wrong\n");
    app.provenance(["sign", "--key"])
        .args([&theirs])
        .args(["--passphrase-file"])
        .args([&passphrase])
        .run()
        .code(2)
        .stderr_has("does not open with this passphrase");
    app.provenance(["sign", "--key"]).args([&theirs]).run().code(2).stderr_has("--passphrase-file");
    // Fingerprints are spelled alike.
    let print = keygen(&["-l", "-f"]).args([&ours]).ok().stdout;
    let print = print.split(' ').nth(1).expect("a fingerprint").to_owned();
    app.provenance(["key", "show", "--key"]).args([&ours]).ok().stderr_has(&print).stdout_has(&our_line);
}

#[test]
fn openssl_reads_the_exports() {
    let sandbox = Sandbox::new();
    let app = Project::empty(&sandbox, "app");
    let (ours, _) = key(app, "ours");
    let export = |form: &str| app.provenance(["key", "export", form, "--key"]).args([&ours]).ok().stdout;
    let (secret, public) = (sandbox.path("secret.pem"), sandbox.path("public.pem"));
    files::write(&secret, export("--pkcs8"));
    files::write(&public, export("--public"));
    let openssl = |arguments: &[&str]| sandbox.outer_program("openssl", &app.root()).args(arguments);
    let derived = openssl(&["pkey", "-pubout", "-in"]).args([&secret]).ok().stdout;
    assert_eq!(derived, files::read(&public));
    openssl(&["pkey", "-pubin", "-noout", "-text", "-in"])
        .args([&public])
        .ok()
        .stdout_has("ED25519 Public-Key");
}

#[test]
fn a_key_is_private_and_never_overwritten() {
    let sandbox = Sandbox::new();
    let app = Project::empty(&sandbox, "app");
    own_key(app);
    let file = own_key_file(app);
    let text = files::read(&file);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            |path: &std::path::Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
    }
    app.provenance(["keygen", "--no-passphrase"]).run().code(2).stderr_has("exists already");
    assert_eq!(files::read(&file), text);
    // There is nobody to ask here.
    app.provenance(["keygen", "--output", "other"]).run().code(2).stderr_has("--passphrase-file");
    assert!(!app.path("other").exists());
    files::permissions(&file, 0o644);
    app.provenance(["key", "show"]).run().code(2).stderr_has("is a secret key that others can read");
}

#[test]
fn an_agent_signs_with_the_key_that_it_holds() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let app = Project::app(&sandbox, "app").pinned();
    let (ours, line) = key(app, "ours");
    let (other, _) = key(app, "other");
    demanding(app, 1, &[&line]);
    let agent = Agent::start(&sandbox);
    let with_agent = |run: Run| run.env("SSH_AUTH_SOCK", &agent.socket);
    app.provenance(["sign"]).run().code(2).stderr_has("there is no key to sign with");
    with_agent(app.provenance(["sign"]))
        .run()
        .code(2)
        .stderr_has("the ssh-agent holds no key that is trusted here");
    let add = |file: &PathBuf| {
        drop(with_agent(sandbox.outer_program("ssh-add", &app.root()).args(["-q"]).args([file])).ok())
    };
    add(&other);
    with_agent(app.provenance(["sign"])).run().code(2);
    add(&ours);
    with_agent(app.provenance(["sign"])).ok();
    verify(app).code(0);
    with_agent(app.provenance(["add", "newcomer"])).ok().stderr_has("of the ssh-agent");
    verify(app).code(0);
    // Named by its public half.
    let public = sandbox.path("other.pub");
    let shown = app.provenance(["key", "show", "--key"]).args([&other]).ok().stdout;
    files::write(&public, shown.split_once(' ').expect("a line").1);
    with_agent(app.provenance(["sign", "--key"]).args([&public]))
        .ok()
        .stderr_has("is not a key that counts here");
    verify(app).code(0);
    // Somebody else's socket.
    let nobody = sandbox.path("nobody");
    app.provenance(["sign"])
        .env("SSH_AUTH_SOCK", &nobody)
        .run()
        .code(3)
        .stderr_has("the ssh-agent does not answer");
}

/// A running ssh-agent; it ends with the test.
struct Agent {
    socket: PathBuf,
    process: tests::process::Running,
}

impl Agent {
    fn start(sandbox: &Sandbox) -> Self {
        // The path of a socket has at most 108 bytes.
        let socket = sandbox.root().join("tmp/agent");
        let process =
            sandbox.outer_program("ssh-agent", sandbox.root()).args(["-D", "-a"]).args([&socket]).start();
        for _ in 0..1_000 {
            if socket.exists() {
                return Self { socket, process };
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("the ssh-agent made no socket");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        assert!(self.process.id() > 0);
    }
}

#[test]
fn the_helper_refuses_a_manifest_that_is_not_signed() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").with_signatures().gate();
    app.is_clean();
    let (ours, line) = key(app, "ours");
    let (evil, evil_line) = key(app, "evil");
    demanding(app, 1, &[&line]);
    app.build_refuses("`Provenance.lock` is not signed: there is no `Provenance.lock.sig`");
    sign(app, &evil);
    app.build_refuses("`Provenance.lock` is not signed by a trusted key");
    files::remove(&app.path(SIG));
    sign(app, &ours);
    app.is_clean();
    app.commit("signed");

    // A policy that was swapped: the manifest is drift for `verify`, and no trust for a build.
    files::append(&app.path(POLICY), "# a comment\n");
    app.says(CLEAN);
    files::replace(&app.path(POLICY), "threshold = 1\nkeys", "threshold = 1\nrevoked = []\nkeys");
    app.build_refuses("`Provenance.toml` is not the one that was signed");
    app.restore();
    app.is_clean();

    // Keys that `build.rs` names win over the policy's.
    let script =
        |call: &str| format!("fn main() {{\n    provenance_build::Enforcer::new(){call}.enforce();\n}}\n");
    let key_of = |line: &str| line.split_once(' ').expect("a line").1.to_owned();
    files::write(&app.path("build.rs"), script(&format!(".trusted_key({:?})", key_of(&evil_line))));
    app.build_refuses("`Provenance.lock` is not signed by a trusted key");
    files::write(&app.path("build.rs"), script(&format!(".trusted_key({:?}).threshold(2)", key_of(&line))));
    app.build_refuses("is signed by 1 of the 2 trusted keys");
    files::write(&app.path("build.rs"), script(&format!(".trusted_key({:?})", key_of(&line))));
    app.says(CLEAN);
    files::write(&app.path("build.rs"), script(".trusted_key(\"ssh-rsa AAAA\")"));
    app.build_refuses("a key that is not `ssh-ed25519`");

    // A policy that demands nothing, and a caller that does.
    files::replace(&app.path(POLICY), "required = true", "required = false");
    files::remove(&app.path(SIG));
    app.provenance(["pin"]).ok();
    files::write(&app.path("build.rs"), script(""));
    app.says(CLEAN);
    files::write(&app.path("build.rs"), script(".require_signature()"));
    app.build_refuses("there is no `Provenance.lock.sig`");
    files::write(&app.path("build.rs"), script(""));
    app.says(CLEAN);

    // A manifest whose last day is over.
    app.restore();
    files::replace(&app.path(LOCK), "\npolicy = ", "\npolicy = ");
    let text = files::read(&app.path(LOCK));
    let at = text.find("\n\n").expect("a head");
    files::write(&app.path(LOCK), format!("{}\nexpires = \"2020-01-01\"{}", &text[..at], &text[at..]));
    files::remove(&app.path(SIG));
    let keygen = sandbox.outer_program("ssh-keygen", &app.root());
    keygen.args(["-q", "-Y", "sign", "-n", "cargo-provenance", "-f"]).args([&ours, &app.path(LOCK)]).ok();
    app.build_refuses("the manifest expired on 2020-01-01");
}

#[test]
fn a_helper_that_cannot_check_signatures_refuses_where_they_are_demanded() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").gate();
    let (ours, line) = key(app, "ours");
    app.says(CLEAN);
    demanding(app, 1, &[&line]);
    sign(app, &ours);
    verify(app).code(0);
    refused(app.cargo(["build"]), "the policy demands signatures").stderr_has("feature `signatures`");
}

#[test]
fn a_healed_manifest_keeps_the_earlier_last_day_and_loses_its_signature() {
    let sandbox = Sandbox::new();
    for name in ["one", "two"] {
        sandbox.registry().publish(&Krate::new(name, "1.0.0").file("src/lib.rs", &greeting_source(CLEAN)));
    }
    let app = Project::app(&sandbox, "app").pinned();
    let line = own_key(app);
    demanding(app, 1, &[&line]);
    app.provenance(["sign", "--expires", "2999-12-31"]).ok();
    app.commit("base");
    app.git(["checkout", "--quiet", "-b", "side"]).ok();
    app.provenance(["add", "one"]).ok();
    app.provenance(["sign", "--expires", "2998-12-31"]).ok();
    app.commit("one");
    app.git(["checkout", "--quiet", "main"]).ok();
    app.provenance(["add", "two"]).ok();
    app.commit("two");
    app.git(["merge", "--quiet", "side"]).run().fails();
    // The lockfile and the manifest of cargo are the user's to merge.
    app.git(["checkout", "--quiet", "--theirs", "Cargo.lock", "Cargo.toml"]).run();
    app.cargo(["fetch", "--quiet"]).ok();
    app.provenance(["pin"]).ok().stderr_has("the manifest is not signed");
    assert!(
        files::read(&app.path(LOCK)).contains("\nexpires = \"2998-12-31\"\n"),
        "{}",
        files::read(&app.path(LOCK))
    );
    verify(app).code(5);
}
