//! Reviews that were signed with crev: what they let in, and what nobody gets in with them.

use std::collections::BTreeMap;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use blake2::{Blake2b256, Digest as _};
use ed25519_dalek::{Signer as _, SigningKey};
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files};

const DATE: &str = "2026-01-01T00:00:00.5+01:00";

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn base64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

fn id(key: &SigningKey) -> String {
    base64(key.verifying_key().as_bytes())
}

/// crev's digest, after its description: files and folders by themselves, names and entries hashed in turn.
fn digest(files: &BTreeMap<String, Vec<u8>>) -> String {
    fn folder(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
        let mut entries: BTreeMap<&str, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
        let mut hashed = BTreeMap::new();
        for (path, content) in files {
            match path.split_once('/') {
                Some((first, rest)) => {
                    entries.entry(first).or_default().insert(rest.to_owned(), content.clone());
                }
                None => {
                    hashed.insert(path.as_str(), Blake2b256::digest([b"F", &content[..]].concat()).to_vec());
                }
            }
        }
        hashed.extend(entries.into_iter().map(|(name, inner)| (name, folder(&inner))));
        let body = hashed.into_iter().flat_map(|(name, entry)| [Blake2b256::digest(name).to_vec(), entry]);
        Blake2b256::digest([b"D".to_vec(), body.collect::<Vec<_>>().concat()].concat()).to_vec()
    }
    base64(&folder(files))
}

fn body(key: &SigningKey, name: &str, version: &str, digest: &str, more: &str) -> String {
    format!(
        "kind: package review\nversion: -1\ndate: {DATE}\nfrom:\n  id-type: crev\n  id: {}\n  url: https://example.org/crev-proofs\n\
         package:\n  source: https://crates.io\n  name: {name}\n  version: {version}\n  digest: {digest}\n\
         review:\n  thoroughness: low\n  understanding: medium\n  rating: positive\n{more}",
        id(key)
    )
}

fn proof(key: &SigningKey, body: &str) -> String {
    let signature = base64(&key.sign(body.as_bytes()).to_bytes());
    format!(
        "----- BEGIN CREV PROOF -----\n{body}----- SIGN CREV PROOF -----\n{signature}\n----- END CREV PROOF -----\n\n"
    )
}

/// `app` behind the gate, whose policy wants reviews of what is new and takes those of one reviewer.
fn app<'s>(sandbox: &'s Sandbox, key: &SigningKey, proofs: &str) -> Project<'s> {
    let app = Project::app(sandbox, "app").pinned();
    files::write(&app.path("crev/reviews/2026-01.proof.crev"), proofs);
    app.policy(&format!(
        "[audits]\nrequired = \"new\"\n[audits.crev.ann]\nid = \"{}\"\npath = \"crev\"\ncriteria = \"safe-to-deploy\"",
        id(key)
    ))
}

#[test]
fn a_signed_review_of_these_very_contents_lets_a_package_in() {
    let sandbox = Sandbox::new();
    let other = Krate::greeting("other", "1.0.0", CLEAN);
    sandbox.registry().publish(&other);
    let ann = key(1);
    let good = proof(&ann, &body(&ann, "other", "1.0.0", &digest(&other.all_files()), ""));
    let app = app(&sandbox, &ann, &good);
    app.provenance(["add", "other@=1.0.0"]).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    let trust = "trust = { basis = \"audit\", criteria = \"safe-to-deploy\", from = [\"ann\"] }";
    assert!(pins.contains(trust), "{pins}");
    let policy = files::read(&app.path("Provenance.toml"));
    files::write(&app.path("Provenance.toml"), policy.replace("required = \"new\"", "required = \"all\""));
    let victim = Krate::greeting("victim", "1.0.0", CLEAN).old_manifest();
    // What was pinned before is not reviewed because somebody signed something of it: it has to be compared first.
    let both = proof(&ann, &body(&ann, "victim", "1.0.0", &digest(&victim.all_files()), ""));
    files::write(&app.path("crev/reviews/2026-02.proof.crev"), &both);
    app.provenance(["pin"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `victim v1.0.0`")
        .stderr_has("what `ann` reviewed was not compared with this package yet")
        .stderr_lacks("`other v1.0.0`");
    app.provenance(["pin", "--recheck"]).ok();
    app.provenance(["check"]).ok();
    // What she takes back later does not count any more.
    let back =
        body(&ann, "other", "1.0.0", &digest(&other.all_files()), "").replace("2026-01-01", "2026-02-01");
    let back = back.replace("positive", "neutral");
    files::write(&app.path("crev/reviews/2026-03.proof.crev"), proof(&ann, &back));
    app.provenance(["check"]).run().code(1).stderr_has("error[not-audited]: `other v1.0.0`");
}

#[test]
fn a_review_of_other_contents_is_no_ground_and_nobody_waves_it_through() {
    let sandbox = Sandbox::new();
    let reviewed = Krate::greeting("other", "1.0.0", "what she saw");
    sandbox.registry().publish(&Krate::greeting("other", "1.0.0", CLEAN));
    let ann = key(1);
    let app =
        app(&sandbox, &ann, &proof(&ann, &body(&ann, "other", "1.0.0", &digest(&reviewed.all_files()), "")));
    app.provenance(["add", "other@=1.0.0"])
        .run()
        .code(1)
        .stderr_has("error[crev-other-bytes]: `other v1.0.0` is not what `ann` reviewed")
        .stderr_has("(crev/reviews/2026-01.proof.crev:1)");
    app.provenance(["add", "other@=1.0.0", "--accept", "other:crev-other-bytes=why not"])
        .run()
        .code(2)
        .stderr_has("nobody may wave `crev-other-bytes` through");
    assert!(!files::read(&app.path("Provenance.lock")).contains("name = \"other\""));
    // Whatever she reviewed, it is not needed for this crate.
    let policy = files::read(&app.path("Provenance.toml"));
    files::write(
        &app.path("Provenance.toml"),
        format!("{policy}exclude = [\"other\"]\n").replace("\"new\"", "\"none\""),
    );
    app.provenance(["pin"]).ok();
    app.provenance(["add", "other@=1.0.0"]).ok();
}

#[test]
fn an_edited_a_foreign_and_a_replayed_proof_let_nothing_in() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let other = Krate::greeting("other", "1.0.0", CLEAN);
    registry.publish(&other);
    registry.publish(&Krate::greeting("other", "1.0.1", CLEAN));
    let (ann, mallory) = (key(1), key(2));
    let text = body(&ann, "other", "1.0.0", &digest(&other.all_files()), "");
    let good = proof(&ann, &text);
    let app = app(&sandbox, &ann, &good);
    for (attack, version, proofs, said) in [
        ("replayed", "1.0.1", good.clone(), "nobody vouches"),
        (
            "edited",
            "1.0.1",
            good.replace("version: 1.0.0", "version: 1.0.1"),
            "its signature is not of what it says",
        ),
        ("signed by another", "1.0.0", proof(&mallory, &text), "its signature is not of what it says"),
        (
            "of another",
            "1.0.0",
            proof(&mallory, &text.replace(&id(&ann), &id(&mallory))),
            "none that its id signed",
        ),
        (
            "a key twice",
            "1.0.0",
            proof(&ann, &format!("{text}comment: a\ncomment: b\n")),
            "it has a key twice",
        ),
        (
            "by a model",
            "1.0.0",
            proof(&ann, &format!("{text}llm-agent:\n  model: x\n")),
            "a language model wrote it",
        ),
    ] {
        files::write(&app.path("crev/reviews/2026-01.proof.crev"), &proofs);
        let output = app.provenance(["add", &format!("other@={version}")]).run().code(1);
        output.stderr_has(said);
        assert!(!files::read(&app.path("Provenance.lock")).contains("name = \"other\""), "{attack}");
    }
}

#[test]
fn a_negative_review_refuses_what_is_pinned() {
    let sandbox = Sandbox::new();
    let ann = key(1);
    let fine = proof(&ann, &body(&ann, "unrelated", "1.0.0", &base64(&[0; 32]), ""));
    let app = app(&sandbox, &ann, &fine);
    app.provenance(["check"]).ok();
    let comment = "comment: |-\n  sends keys away\n  \n  and more\n";
    let bad = body(&ann, "victim", "1.0.0", &base64(&[0; 32]), comment).replace("positive", "negative");
    files::write(&app.path("crev/reviews/2026-02.proof.crev"), proof(&ann, &bad));
    for command in ["check", "pin"] {
        app.provenance([command])
            .run()
            .code(1)
            .stderr_has("error[audit-violation]: `victim v1.0.0` does not meet `safe-to-run`")
            .stderr_has("`ann` says so (crev/reviews/2026-02.proof.crev:1)")
            .stderr_has("sends keys away");
    }
    // Whoever spoils its signature does not get rid of it.
    files::write(&app.path("crev/reviews/2026-02.proof.crev"), proof(&ann, &bad).replace("low", "high"));
    app.provenance(["check"]).run().code(1).stderr_has("error[audit-violation]: `victim v1.0.0`");
}

#[test]
fn what_cannot_be_read_as_a_whole_decides_nothing() {
    let sandbox = Sandbox::new();
    let ann = key(1);
    let app = app(&sandbox, &ann, &proof(&ann, &body(&ann, "victim", "1.0.0", &base64(&[0; 32]), "")));
    let policy = files::read(&app.path("Provenance.toml"));
    let pinned = policy.replace("path = \"crev\"", "path = \"crev/reviews/2026-01.proof.crev\"");
    let zeros = "0".repeat(64);
    for (policy, code, said) in [
        (policy.replace("path = \"crev\"", "path = \"elsewhere\""), 3, "`elsewhere` cannot be read"),
        (
            policy.replace("path = \"crev\"", "path = \".\"").replace("safe-to-deploy", "unknown"),
            3,
            "`unknown`",
        ),
        (format!("{pinned}\nsha256 = \"{zeros}\"\n"), 3, "is not the file that is pinned: its SHA-256 is"),
        (format!("{policy}\nsha256 = \"{zeros}\"\n"), 3, "`sha256` is that of a file"),
        (format!("{policy}\nratings = \"strong\"\n"), 2, "`ratings` is not a key of `audits.crev.ann`"),
    ] {
        files::write(&app.path("Provenance.toml"), policy);
        app.provenance(["pin"]).run().code(code).stderr_has(said);
    }
    #[cfg(unix)]
    {
        files::write(&app.path("Provenance.toml"), &policy);
        std::os::unix::fs::symlink("2026-01.proof.crev", app.path("crev/reviews/link.proof.crev"))
            .expect("a link");
        app.provenance(["pin"]).run().code(3).stderr_has("`crev/reviews/link.proof.crev` is a link");
    }
}
