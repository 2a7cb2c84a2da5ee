//! Reviews of exact bytes, and signed ones: what happens to them when somebody exchanges the bytes, the entry, the signature, or
//! takes the file away.

use std::path::{Path, PathBuf};

use tests::krate::greeting_source;
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files, slow_peer};

use crate::signing::{key, own_key};

const BINDINGS: &str = "supply-chain/bindings.toml";
const AUDITS: &str = "supply-chain/audits.toml";
const ANN: &str = "Ann <ann@example.org>";

/// `app` behind the gate, whose policy has these lines about audits; not reviewed yet.
fn app<'s>(sandbox: &'s Sandbox, audits: &str) -> Project<'s> {
    let app = Project::app(sandbox, "app").pinned();
    let policy = files::read(&app.path("Provenance.toml"));
    app.with("Provenance.toml", &format!("{policy}\n[audits]\nrequired = \"all\"\n{audits}\n"))
}

fn certify(app: Project<'_>, more: &[&str]) -> tests::Run {
    app.provenance(["certify", "victim", "1.0.0", "--who", ANN]).args(more)
}

fn auditor(name: &str, who: &str, line: &str) -> String {
    let key = line.split_once(' ').map_or(line, |(_, key)| key);
    format!("[audits.auditor.{name}]\nwho = \"{who}\"\nkeys = \"{key}\"\n")
}

fn edit(app: Project<'_>, file: &str, old: &str, new: &str) {
    let text = files::read(&app.path(file));
    assert!(text.contains(old), "{text}");
    files::write(&app.path(file), text.replace(old, new));
}

/// The value of a key in the only entry of the bindings.
fn field(app: Project<'_>, name: &str) -> String {
    let text = files::read(&app.path(BINDINGS));
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
    line.expect(name).trim_matches('"').to_owned()
}

#[test]
fn a_review_is_bound_to_what_is_pinned_and_other_bytes_under_its_name_are_refused() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "bound = true");
    app.provenance(["pin"]).run().code(1).stderr_has("error[not-audited]: `victim v1.0.0`");
    certify(app, &["--offline"])
        .ok()
        .stderr_has("Binding")
        .stderr_has("unsigned: there is no key to sign with");
    let pins = files::read(&app.path("Provenance.lock"));
    for name in ["checksum", "tree"] {
        let value = field(app, name);
        assert!(pins.contains(&value), "{name} {value}\n{pins}");
    }
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
    certify(app, &[]).ok().stderr_has("certified so already; nothing was changed");

    // Somebody who publishes the same version anew, or shows a reviewer something else.
    let good = files::read(&app.path(BINDINGS));
    for name in ["checksum", "tree"] {
        let value = field(app, name);
        let (kind, hex) = value.split_once(':').expect("a digest");
        let other = format!("{kind}:{}", "0".repeat(hex.len()));
        edit(app, BINDINGS, &value, &other);
        for command in ["check", "pin"] {
            app.provenance([command])
                .run()
                .code(1)
                .stderr_has("error[review-of-other-bytes]: `victim v1.0.0` is not what Ann <ann@example.org> reviewed")
                .stderr_has(&other)
                .stderr_has("error[not-audited]: `victim v1.0.0`")
                .stderr_has("does not count: it is of other bytes (supply-chain/bindings.toml:5)");
        }
        certify(app, &[])
            .run()
            .code(1)
            .stderr_has("is of other bytes already (supply-chain/bindings.toml:5)");
        files::write(&app.path(BINDINGS), &good);
    }
    app.provenance(["pin", "--recheck", "--accept", "victim:review-of-other-bytes=why not"])
        .run()
        .code(2)
        .stderr_has("nobody may wave `review-of-other-bytes` through");

    // Without the file, nothing is reviewed; one that cannot be read decides nothing.
    files::remove(&app.path(BINDINGS));
    app.provenance(["check"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `victim v1.0.0`")
        .stderr_has("nothing says which bytes were looked at");
    files::write(&app.path(BINDINGS), good.replace("tree =", "three ="));
    app.provenance(["check"])
        .run()
        .code(3)
        .stderr_has("supply-chain/bindings.toml:5: `bindings.victim` has no `tree`")
        .stderr_has("not judged: audit-violation, not-audited, review-of-other-bytes");
}

#[test]
fn a_registry_that_replaces_a_reviewed_version_lets_nothing_in() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("other", "1.0.0", CLEAN));
    let app = app(&sandbox, "");
    certify(app, &[]).ok();
    app.provenance(["certify", "other", "1.0.0", "--who", ANN]).ok();
    app.provenance(["pin"]).ok();
    registry.publish(&Krate::greeting("other", "1.0.0", "evil").file("src/lib.rs", &greeting_source("evil")));
    // A machine that has seen neither.
    files::remove(&sandbox.cargo_home().join("registry/cache"));
    files::remove(&sandbox.cargo_home().join("registry/index"));
    app.provenance(["add", "other@=1.0.0"]).run().code(1).stderr_has(
        "error[review-of-other-bytes]: `other v1.0.0` is not what Ann <ann@example.org> reviewed",
    );
    // The same crate as it was reviewed.
    registry.publish(&Krate::greeting("other", "1.0.0", CLEAN));
}

#[test]
fn what_cannot_be_had_is_not_certified_unless_somebody_says_so() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "bound = true");
    for (krate, version, said) in [
        ("nowhere", "1.0.0", "has no crate `nowhere`"),
        ("victim", "9.9.9", "has no version `9.9.9` of `victim`"),
    ] {
        app.provenance(["certify", krate, version, "--who", ANN])
            .run()
            .code(3)
            .stderr_has(said)
            .stderr_has("--unbound");
    }
    assert!(!app.path("supply-chain").exists());
    certify(app, &["--unbound"]).ok().stderr_has("a review of no bytes does not count here");
    assert!(!app.path(BINDINGS).exists());
    app.provenance(["pin"]).run().code(1).stderr_has("error[not-audited]");
    // What was reviewed without can be bound later; nothing else changes.
    let audits = files::read(&app.path(AUDITS));
    certify(app, &[]).ok();
    assert_eq!(files::read(&app.path(AUDITS)), audits);
    app.provenance(["pin"]).ok();
    app.provenance(["certify", "victim", "--violation", "=6.6.6", "--who", ANN]).ok();
    app.provenance(["check"]).ok();
}

#[test]
fn only_the_one_whom_a_review_names_can_sign_it() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "");
    let (ann, ann_line) = key(app, "ann");
    let (bob, bob_line) = key(app, "bob");
    let ann = ann.to_str().expect("UTF-8");
    let bob = bob.to_str().expect("UTF-8");
    let rules = format!(
        "signed = true\n{}{}",
        auditor("ann", ANN, &ann_line),
        auditor("bob", "bob@example.org", &bob_line)
    );
    edit(app, "Provenance.toml", "required = \"all\"\n", &format!("required = \"all\"\n{rules}"));

    certify(app, &[]).ok().stderr_has("a review without a signature does not count here");
    app.provenance(["pin"]).run().code(1).stderr_has("Ann <ann@example.org> did not sign it");
    certify(app, &["--key", bob]).ok().stderr_has("is no key of Ann <ann@example.org> here");
    app.provenance(["pin"]).run().code(1).stderr_has("Ann <ann@example.org> did not sign it");
    certify(app, &["--key", ann]).ok().stderr_has("signed with SHA256:");
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
    let good = files::read(&app.path(BINDINGS));
    assert_eq!(good.matches("BEGIN SSH SIGNATURE").count(), 2);

    // What was signed cannot be edited, in both files together either, and a signature stands for one entry.
    let audits = files::read(&app.path(AUDITS));
    for (old, new) in [("safe-to-deploy", "safe-to-run"), (ANN, "bob@example.org")] {
        for file in [AUDITS, BINDINGS] {
            edit(app, file, old, new);
        }
        app.provenance(["check"])
            .run()
            .code(1)
            .stderr_has("error[not-audited]: `victim v1.0.0`")
            .stderr_has("a signature of it does not hold (supply-chain/bindings.toml:5)");
        files::write(&app.path(AUDITS), &audits);
        files::write(&app.path(BINDINGS), &good);
    }
    edit(app, BINDINGS, "on = \"20", "on = \"21");
    certify(app, &["--key", ann])
        .run()
        .code(5)
        .stderr_has("a signature of supply-chain/bindings.toml:5 does not hold");
    files::remove(&app.path(BINDINGS));
    app.provenance(["check"]).run().code(1).stderr_has("it is not signed");
    files::write(&app.path(BINDINGS), &good);
    app.provenance(["check"]).ok();
    // Who is gone signs for nobody any more.
    let print = app.provenance(["key", "show", "--key", ann]).ok();
    let print = print.stderr.split_whitespace().chain(print.stdout.split_whitespace());
    let mut print = print.map(|word| word.trim_matches(|c: char| "`(),".contains(c)));
    let print = print.find(|word| word.starts_with("SHA256:")).expect("a fingerprint").to_owned();
    edit(app, "Provenance.toml", "\n[signing]\n", &format!("\n[signing]\nrevoked = [\"{print} left\"]\n"));
    app.provenance(["pin"]).run().code(1).stderr_has("of Ann <ann@example.org> is revoked");
}

/// What is signed, put together from the file by what the documentation says of it.
fn text(app: Project<'_>) -> String {
    let (checksum, tree, on) = (field(app, "checksum"), field(app, "tree"), field(app, "on"));
    format!(
        "cargo-provenance-audit 1\ncrate: victim\nversion: 1.0.0 {checksum} {tree}\ncriteria: safe-to-deploy\nwho: {ANN}\n\
         on: {on}\nnotes: -\n"
    )
}

fn armor(app: Project<'_>) -> String {
    let text = files::read(&app.path(BINDINGS));
    let (_, block) = text.split_once("-----BEGIN").expect("a signature");
    let (block, _) = block.split_once("-----\n\"\"\"").expect("the end of a signature");
    format!("-----BEGIN{block}-----\n")
}

fn write(path: PathBuf, text: &str) -> PathBuf {
    files::write(&path, text);
    path
}

#[test]
fn openssh_accepts_our_signature_of_a_review_and_we_accept_that_of_openssh() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "");
    let line = own_key(app);
    edit(
        app,
        "Provenance.toml",
        "required = \"all\"\n",
        &format!("required = \"all\"\nsigned = true\n{}", auditor("ann", ANN, &line)),
    );
    certify(app, &[]).ok().stderr_has("signed with SHA256:");
    app.provenance(["pin"]).ok();
    let verify = |text: &str, namespace: &str| {
        let script = sandbox.path("verify.sh");
        files::script(
            &script,
            &format!(
                "exec \"$1\" -Y verify -f '{}' -I me@example.org -n {namespace} -s '{}' < '{}'",
                write(sandbox.path("allowed_signers"), &format!("{line}\n")).display(),
                write(sandbox.path("review.sig"), &armor(app)).display(),
                write(sandbox.path("review"), text).display(),
            ),
        );
        sandbox.outer_program("sh", &app.root()).args([script]).args([sandbox.outer_path("ssh-keygen")]).run()
    };
    verify(&text(app), "cargo-provenance-audit")
        .code(0)
        .stdout_has("Good \"cargo-provenance-audit\" signature");
    verify(&text(app).replace("deploy", "run"), "cargo-provenance-audit").fails();
    verify(&text(app), "cargo-provenance").fails();

    // A signature that OpenSSH makes is as good; one for anything else is none.
    let own = armor(app);
    let review = write(sandbox.path("signed"), &text(app));
    let sign = |namespace: &str| {
        let signature = Path::new(&review).with_extension("sig");
        if signature.exists() {
            files::remove(&signature);
        }
        sandbox
            .outer_program("ssh-keygen", &app.root())
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .args([&sandbox.cargo_home().join("provenance/signing-key"), &review])
            .ok();
        files::read(&signature)
    };
    edit(app, BINDINGS, &own, &sign("cargo-provenance-audit"));
    app.provenance(["check"]).ok();
    let good = armor(app);
    edit(app, BINDINGS, &good, &sign("cargo-provenance"));
    app.provenance(["check"]).run().code(1).stderr_has("a signature of it does not hold");
}

#[test]
fn cargo_vet_does_not_mind_the_fourth_file() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "bound = true");
    let program = || slow_peer(&sandbox, "cargo-vet", &app.root());
    if program().is_none() {
        return;
    }
    own_key(app);
    certify(app, &["--notes", "read all of it"]).ok();
    app.provenance(["pin"]).ok();
    let names = ["config.toml", "audits.toml", "imports.lock", "bindings.toml"];
    let contents = || names.map(|name| files::read(&app.path(&format!("supply-chain/{name}"))));
    let before = contents();
    let vet = |argument: &str| {
        let vet = program().expect("it was there").env("CARGO", sandbox.tools().join("cargo"));
        vet.args(["vet", argument])
    };
    vet("--locked").ok();
    vet("fmt").ok();
    assert_eq!(contents(), before);
    // It is our entry that makes it pass.
    edit(app, AUDITS, "1.0.0", "0.9.0");
    vet("--locked").run().fails();
}
