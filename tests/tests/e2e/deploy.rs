//! Artifacts before they are used: what was attested of them, and the attacks on that.

mod summaries;

use std::path::PathBuf;

use cargo_provenance::attest::envelope::{Envelope, IN_TOTO};
use cargo_provenance::keys::{KeyFile, Passphrase, Signer};
use serde_json::{Value, json};
use tests::verifiers::{shared_verifier, verifier};
use tests::{Output, Sandbox, files};

const BUILDER: &str = "https://example.org/builders/ci/v1";
const VERIFIER: &str = "https://example.org/gate/v1";
const SOURCE: &str = "git+https://example.org/server";
const RESOURCE: &str = "https://example.org/server/1.0.0";

/// A program that is about to be used, its attestations, keys and policies, away from any workspace.
struct Host {
    sandbox: Sandbox,
}

impl Host {
    fn new() -> Self {
        let host = Self { sandbox: Sandbox::new() };
        files::write(&host.path("server"), "the program\n");
        host.policy("");
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    /// A key pair's public half, made where there is none yet.
    fn key(&self, name: &str) -> String {
        let file = self.path(&format!("keys/{name}"));
        let public = self.path(&format!("keys/{name}.line"));
        if !public.exists() {
            std::fs::create_dir_all(self.path("keys")).expect("a folder");
            let made =
                self.sandbox.provenance(&self.path("")).args(["keygen", "--no-passphrase", "--output"]);
            let line = made.args([&file]).args(["--comment", name]).ok().stdout;
            files::write(&public, line.trim());
        }
        files::read(&public)
    }

    fn signer(&self, name: &str) -> Signer {
        self.key(name);
        let file = KeyFile::read(&self.path(&format!("keys/{name}"))).expect("a key file");
        Signer::File(file.open(Passphrase::Never).expect("no passphrase"))
    }

    fn envelope(&self, statement: &Value, keys: &[&str]) -> String {
        self.envelope_of(IN_TOTO, &statement.to_string(), keys)
    }

    fn envelope_of(&self, kind: &str, payload: &str, keys: &[&str]) -> String {
        let mut envelope = Envelope::new(kind, payload.as_bytes().to_vec());
        for key in keys {
            let mut signer = self.signer(key);
            let signature = signer.sign_bytes(&envelope.to_be_signed()).expect("signed");
            envelope.sign(&signer.public(), &signature);
        }
        envelope.to_line()
    }

    fn provenance(&self) -> Value {
        self.statement("https://slsa.dev/provenance/v1", json!({
            "buildDefinition": {
                "buildType": "https://example.org/cargo/v1",
                "externalParameters": { "source": SOURCE, "ref": "refs/tags/v1.0.0", "profile": "release" },
            },
            "runDetails": {
                "builder": { "id": BUILDER },
                "metadata": { "finishedOn": "2025-01-01T00:00:00Z" },
            },
        }))
    }

    fn statement(&self, kind: &str, predicate: Value) -> Value {
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{ "name": "server", "digest": { "sha256": sha256(&files::read_bytes(&self.path("server"))) } }],
            "predicateType": kind,
            "predicate": predicate,
        })
    }

    /// A policy that lets `release` vouch for the builder and `gate` for the verifier, and expects a server.
    fn policy(&self, more: &str) {
        let (release, gate) = (self.key("release"), self.key("gate"));
        let expected = format!(
            "build-type = \"https://example.org/cargo/v1\"\nsource = \"{SOURCE}\"\nref = \"refs/tags/v*\"\nprofile = \"release\"\n"
        );
        let expected = if more.contains("require") { String::new() } else { expected };
        files::write(
            &self.path("deploy.toml"),
            format!(
                "version = 1\n\n[[root]]\nkey = {release:?}\nbuilder = \"{BUILDER}\"\n\n[[verifier]]\nkey = {gate:?}\nid = \"{VERIFIER}\"\n\n\
                 [[artifact]]\nname = \"server\"\n{expected}{more}\n"
            ),
        );
    }

    fn bundle(&self, lines: &[String]) {
        files::write(&self.path("server.intoto.jsonl"), lines.join("\n"));
    }

    fn verify(&self, more: &[&str]) -> Output {
        let run = self.sandbox.provenance(&self.path("")).args([
            "verify-artifact",
            "server",
            "--policy",
            "deploy.toml",
        ]);
        run.args(more).run()
    }

    /// Expects that an attestation alone does not do.
    #[track_caller]
    fn refuses(&self, lines: &[String], code: i32, what: &str) {
        self.bundle(lines);
        self.verify(&[]).code(code).stderr_has(what);
        // Beside an honest one it changes nothing: whoever carries the bundle can add lines.
        let mut both = lines.to_vec();
        both.push(self.envelope(&self.provenance(), &["release"]));
        self.bundle(&both);
        self.verify(&[]).code(0);
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn changed(mut statement: Value, pointer: &str, value: Value) -> Value {
    let (holder, key) = pointer.rsplit_once('/').expect("a pointer");
    match statement.pointer_mut(holder).expect("there") {
        Value::Object(map) => drop(map.insert(key.to_owned(), value)),
        _ => panic!("no object at {holder}"),
    }
    statement
}

#[test]
fn an_attested_artifact_may_be_used() {
    let host = Host::new();
    host.bundle(&[host.envelope(&host.provenance(), &["release"])]);
    host.verify(&[]).code(0).stderr_has("Verifying `server`").stderr_has("1 artifact may be used");
    host.verify(&["-v"])
        .code(0)
        .stderr_has("provenance by https://example.org/builders/ci/v1, level 1, signed by SHA256:");
    let quiet = host.verify(&["--quiet"]).code(0);
    assert_eq!((&*quiet.stdout, &*quiet.stderr), ("", ""));
    let json = host.verify(&["--message-format", "json"]).code(0);
    assert!(json.stdout.contains("\"outcome\":\"fine\""), "{json}");

    // Where it is deployed there may be no home, no cargo and nothing that can be written to.
    let binary = tests::sandbox::provenance_binary();
    let bare = tests::Run::new(binary, &host.path("")).args([
        "verify-artifact",
        "server",
        "--policy",
        "deploy.toml",
    ]);
    bare.run().code(0);

    // Another bundle, another name.
    std::fs::rename(host.path("server.intoto.jsonl"), host.path("else.jsonl")).expect("moved");
    host.verify(&[])
        .code(3)
        .stderr_has("could not read `")
        .stderr_has("server.intoto.jsonl")
        .stderr_has("`--attestation`");
    host.verify(&["--attestation", "else.jsonl"]).code(0);
    std::fs::rename(host.path("server"), host.path("other")).expect("moved");
    let other = |more: &[&str]| {
        let run =
            host.sandbox.provenance(&host.path("")).args(["verify-artifact", "other", "-a", "else.jsonl"]);
        run.args(["--policy", "deploy.toml"]).args(more).run()
    };
    other(&[]).code(1).stderr_has("the policy expects no file `other`");
    other(&["--artifact", "server"]).code(0);
    other(&["--artifact", "client"]).code(1).stderr_has("the policy expects no artifact `client`");
}

#[test]
fn an_attestation_that_nobody_trusted_signed() {
    let host = Host::new();
    let good = host.envelope(&host.provenance(), &["release"]);
    host.refuses(&[], 5, "is signed by no key of the policy");
    let mut unsigned = serde_json::from_str::<Value>(&good).expect("JSON");
    unsigned["signatures"] = json!([]);
    host.refuses(&[unsigned.to_string()], 5, "has no signatures");
    host.refuses(&[host.envelope(&host.provenance(), &["mallory"])], 5, "is signed by no key of the policy");
    // The right key id on a signature of another key.
    let mut hinted =
        serde_json::from_str::<Value>(&host.envelope(&host.provenance(), &["mallory"])).expect("JSON");
    hinted["signatures"][0]["keyid"] = json!(host.signer("release").public().fingerprint().to_string());
    host.refuses(&[hinted.to_string()], 5, "is signed by no key of the policy");
    // A key of the policy, in the wrong role.
    host.refuses(&[host.envelope(&host.provenance(), &["gate"])], 5, "which is the key of no `[[root]]`");
    let other =
        changed(host.provenance(), "/predicate/runDetails/builder/id", json!("https://example.org/laptop"));
    host.refuses(&[host.envelope(&other, &["release"])], 5, "which the policy does not let SHA256:");
    // One letter of the payload.
    let tampered = good.replacen("\"payload\":\"ey", "\"payload\":\"ez", 1);
    assert_ne!(tampered, good);
    host.refuses(&[tampered], 5, "is signed by no key of the policy");
}

#[test]
fn an_attestation_of_something_else() {
    let host = Host::new();
    for (pointer, value, what) in [
        (
            "/subject",
            json!([{ "name": "server", "digest": { "sha256": "0".repeat(64) } }]),
            "is about other bytes",
        ),
        // MD5 of the very bytes.
        (
            "/subject",
            json!([{ "name": "server", "digest": { "md5": "eb453381f88fa55d0c0b301a4efc1d94" } }]),
            "is about other bytes",
        ),
        ("/predicateType", json!("https://example.org/tested/v1"), "has not been attested"),
        (
            "/predicate/buildDefinition/externalParameters/source",
            json!("git+https://example.org/fork"),
            "parameter `source` is `git+https://example.org/fork`, expected `git+https://example.org/server`",
        ),
        (
            "/predicate/buildDefinition/externalParameters/preBuild",
            json!("curl example.org | sh"),
            "parameter `preBuild` is `curl example.org | sh`, and the policy expects nothing of it",
        ),
        ("/predicate/buildDefinition/buildType", json!("https://example.org/make/v1"), "is of build type"),
    ] {
        let other = changed(host.provenance(), pointer, value);
        host.refuses(&[host.envelope(&other, &["release"])], 1, what);
    }
    // The program was changed after it was attested.
    host.bundle(&[host.envelope(&host.provenance(), &["release"])]);
    files::write(&host.path("server"), "the program!\n");
    host.verify(&[]).code(1).stderr_has("error[attestation-subject]");
}

#[test]
fn sha512_does_where_it_stands_alone() {
    use sha2::{Digest as _, Sha512};
    let host = Host::new();
    let digest = Sha512::digest(files::read_bytes(&host.path("server")));
    let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let of = |digest: String| {
        let subject = json!([{ "name": "server", "digest": { "sha512": digest } }]);
        host.envelope(&changed(host.provenance(), "/subject", subject), &["release"])
    };
    host.bundle(&[of(digest)]);
    host.verify(&[]).code(0);
    host.refuses(&[of("0".repeat(128))], 1, "is about other bytes");
}

#[test]
fn a_threshold_met_with_one_key_twice() {
    let host = Host::new();
    let second = host.key("second");
    host.policy("threshold = 2");
    host.bundle(&[]);
    host.verify(&[]).code(2).stderr_has("must be signed by 2 of the keys");
    files::append(
        &host.path("deploy.toml"),
        &format!("\n[[root]]\nkey = {second:?}\nbuilder = \"{BUILDER}\"\n"),
    );
    let once = host.envelope(&host.provenance(), &["release"]);
    let mut twice = serde_json::from_str::<Value>(&once).expect("JSON");
    let signature = twice["signatures"][0].clone();
    let disguised =
        json!({ "keyid": host.signer("second").public().fingerprint().to_string(), "sig": signature["sig"] });
    twice["signatures"] = json!([signature, disguised]);
    for lines in [vec![once.clone()], vec![once.clone(), once.clone()], vec![twice.to_string()]] {
        host.bundle(&lines);
        host.verify(&[]).code(5).stderr_has("is signed by 1 of the 2 keys that it takes");
    }
    host.bundle(&[host.envelope(&host.provenance(), &["release", "second"])]);
    host.verify(&[]).code(0);
    host.bundle(&[once, host.envelope(&host.provenance(), &["second"])]);
    host.verify(&[]).code(0);
}

#[test]
fn an_expired_attestation_or_policy() {
    let host = Host::new();
    host.bundle(&[host.envelope(&host.provenance(), &["release"])]);
    host.policy("max-age = \"30 days\"");
    host.verify(&[]).code(1).stderr_has("error[attestation-old]").stderr_has("older than 30 days");
    host.policy("not-before = \"2025-06-01\"");
    host.verify(&[]).code(1).stderr_has("before what is let in again");
    host.policy("");
    files::replace(&host.path("deploy.toml"), "version = 1\n", "version = 1\nexpires = \"2025-01-31\"\n");
    host.verify(&[]).code(1).stderr_has("the policy's last day is over");
    let key = host.key("release");
    let ended = key.replacen(" ssh-ed25519", " valid-before=\"20250101\" ssh-ed25519", 1);
    host.policy("");
    files::replace(&host.path("deploy.toml"), &format!("{key:?}"), &format!("{ended:?}"));
    host.verify(&[]).code(5).stderr_has("is not valid any more");
}

#[test]
fn a_line_deleted_or_added() {
    let host = Host::new();
    let expected = format!(
        "build-type = \"https://example.org/cargo/v1\"\nsource = \"{SOURCE}\"\nref = \"refs/tags/v*\"\nprofile = \"release\"\n"
    );
    host.policy(&format!("require = [\"provenance\", \"sbom\"]\n{expected}"));
    let sbom = host.statement("https://cyclonedx.org/bom/v1.6", json!({ "bomFormat": "CycloneDX" }));
    let lines = [host.envelope(&host.provenance(), &["release"]), host.envelope(&sbom, &["release"])];
    host.bundle(&lines);
    host.verify(&[]).code(0);
    host.bundle(&lines[..1]);
    host.verify(&[]).code(1).stderr_has("`sbom` of `server` has not been attested");
    host.bundle(&lines[1..]);
    host.verify(&[]).code(1).stderr_has("`provenance` of `server` has not been attested");
    for added in ["", "{}", "[[[[", "\u{0}", "{\"payload\":\"e30=\",\"payloadType\":\"x\",\"signatures\":[]}"]
    {
        host.bundle(&[added.to_owned(), lines[1].clone(), added.to_owned(), lines[0].clone()]);
        host.verify(&[]).code(0);
        host.bundle(&[lines[1].clone(), added.to_owned(), host.envelope(&host.provenance(), &["mallory"])]);
        host.verify(&[]).code(1);
    }
}

#[test]
fn envelopes_that_two_readers_would_read_in_two_ways() {
    let host = Host::new();
    let good = host.envelope(&host.provenance(), &["release"]);
    let twice = good.replacen('{', "{\"payload\":\"e30=\",", 1);
    host.refuses(&[twice], 5, "`payload` stands there twice");
    host.refuses(&["[".repeat(100_000)], 5, "is signed by no key of the policy");
    let deep = format!("{{\"payload\":{}1{}}}", "[".repeat(100), "]".repeat(100));
    host.refuses(&[deep], 5, "deeper than");
    let foreign =
        host.envelope_of("application/vnd.in-t\u{f6}to+json", &host.provenance().to_string(), &["release"]);
    host.refuses(&[foreign], 5, "payload type that is no media type");
    let plain = host.envelope_of("application/json", &host.provenance().to_string(), &["release"]);
    host.refuses(&[plain], 5, "something else than an in-toto statement");
    // A statement with a key twice, properly signed.
    let text = host.provenance().to_string().replacen("\"subject\":", "\"subject\":[],\"subject\":", 1);
    host.refuses(&[host.envelope_of(IN_TOTO, &text, &["release"])], 5, "`subject` stands there twice");
    // More than a bundle is.
    let huge = std::fs::File::create(host.path("server.intoto.jsonl")).expect("created");
    huge.set_len(40 * 1024 * 1024).expect("sparse");
    host.verify(&[]).code(3).stderr_has("is larger than");
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file() {
    let host = Host::new();
    let good = host.envelope(&host.provenance(), &["release"]);
    host.bundle(&[good]);
    host.verify(&[]).code(0);
    // A link can be pointed elsewhere between the look and the use.
    std::fs::rename(host.path("server"), host.path("real")).expect("moved");
    std::os::unix::fs::symlink(host.path("real"), host.path("server")).expect("link");
    host.verify(&[]).code(3).stderr_has("error[artifact-unread]").stderr_has("it is a symbolic link");
    files::remove(&host.path("server"));
    // Opening a named pipe would wait for ever.
    host.sandbox.outer_program("mkfifo", &host.path("")).args(["server"]).ok();
    host.verify(&[]).code(3).stderr_has("it is not a regular file");
    std::fs::remove_file(host.path("server")).expect("removed");
    host.verify(&[]).code(3).stderr_has("could not read `");
    std::fs::rename(host.path("real"), host.path("server")).expect("moved");
    std::fs::remove_file(host.path("server.intoto.jsonl")).expect("removed");
    host.sandbox.outer_program("mkfifo", &host.path("")).args(["server.intoto.jsonl"]).ok();
    host.verify(&[]).code(3).stderr_has("it is not a regular file");
    for policy in ["/dev/null", "/dev/zero", "."] {
        let run =
            host.sandbox.provenance(&host.path("")).args(["verify-artifact", "server", "--policy", policy]);
        run.run().code(2);
    }
}

#[test]
fn a_policy_with_a_slip_is_no_policy() {
    let host = Host::new();
    host.bundle(&[host.envelope(&host.provenance(), &["release"])]);
    for (from, to, line, what) in [
        ("[[root]]", "[[rot]]", 3, "did you mean `root`?"),
        ("source =", "sorce =", 14, "did you mean `source`?"),
        ("builder =", "bilder =", 5, "did you mean `builder`?"),
        ("[[artifact]]", "[[artifact]]\nlevel = 3", 12, "add a `[[root]]`, or raise its `level`"),
        (
            "[[artifact]]",
            "[[artifact]]\nrequire = [\"vsa\"]",
            14,
            "is about provenance, which is not required here",
        ),
        ("[[artifact]]", "[[artifact]]\nrequire = []", 12, "`require` asks for nothing"),
        ("version = 1", "version = 2", 1, "is not supported by this version"),
    ] {
        host.policy("");
        files::replace(&host.path("deploy.toml"), from, to);
        let output = host.verify(&[]).code(2).stderr_has(what);
        assert!(output.stderr.contains(&format!("deploy.toml:{line}: ")), "{from}: {output}");
    }
}

#[test]
fn an_envelope_that_another_library_made() {
    let host = Host::new();
    files::write(&host.path("statement.json"), host.provenance().to_string());
    let Some(run) = verifier(&host.sandbox, "make_dsse.py") else { return };
    let run = run.args([&host.path("statement.json"), &host.path("server.intoto.jsonl")]);
    let key = run.ok().stdout.trim().to_owned();
    host.verify(&[]).code(5).stderr_has("is signed by no key of the policy");
    files::replace(
        &host.path("deploy.toml"),
        &format!("{:?}", host.key("release")),
        &format!("\"python {key}\""),
    );
    host.verify(&[]).code(0);
}

/// What the guide shows works: its policy is one, and its commands let the attested file in.
#[test]
fn the_guide_tells_the_truth() {
    let host = Host::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let guide = files::read(&root.join("cargo-provenance/docs/guide/verify-artifact.md"));
    let policy = |number: usize| {
        let block = guide.split("```toml\n").nth(number).and_then(|rest| rest.split("```").next());
        let with_key = |policy: String, name: &str| {
            policy.replace(&format!("{name}@example.org ssh-ed25519 AAAA…"), &host.key(name))
        };
        ["release", "gate"].into_iter().fold(block.expect("a policy").to_owned(), with_key)
    };
    files::write(&host.path("deploy.toml"), policy(1));
    let parameters = json!({
        "source": SOURCE, "ref": "refs/tags/v1.0.0", "package": "server", "bin": "server", "profile": "release",
        "target": "x86_64-unknown-linux-gnu", "features": "tls",
    });
    let built = changed(host.provenance(), "/predicate/buildDefinition/externalParameters", parameters);
    let built =
        changed(built, "/predicate/runDetails/builder/id", json!("https://example.org/builders/release/v1"));
    let kind = cargo_provenance::attest::cargo_build::BUILD_TYPE;
    let built = changed(built, "/predicate/buildDefinition/buildType", json!(kind));
    host.bundle(&[host.envelope(&built, &["release"])]);
    let commands =
        guide.lines().filter_map(|line| line.strip_prefix("$ cargo provenance ")).collect::<Vec<_>>();
    assert!(commands.len() > 3, "{commands:?}");
    for command in commands {
        host.sandbox.provenance(&host.path("")).args(command.split(' ')).ok();
    }
    let unit = guide.lines().find_map(|line| line.strip_prefix("ExecStartPre=")).expect("a unit");
    let unit = unit
        .replace("/opt/server", &host.path("").to_string_lossy())
        .replace("/etc/provenance", &host.path("").to_string_lossy());
    host.sandbox.provenance(&host.path("")).args(unit.split(' ').skip(1)).ok();
    for features in ["tls,backdoor", ""] {
        let other =
            changed(built.clone(), "/predicate/buildDefinition/externalParameters/features", json!(features));
        host.bundle(&[host.envelope(&other, &["release"])]);
        host.verify(&[]).code(1).stderr_has("parameter `features`");
    }
    let clean = built.clone();
    let dirty = changed(built, "/predicate/buildDefinition/internalParameters", json!({ "dirty": true }));
    host.bundle(&[host.envelope(&dirty, &["release"])]);
    host.verify(&[]).code(1).stderr_has("differed from its commit");

    // The first policy is about what `attest` makes, and the refusal shows what it lacks.
    files::write(&host.path("deploy.toml"), policy(2));
    let id = cargo_provenance::attest::cargo_build::Mode::Local.builder_id();
    let made = changed(clean, "/predicate/runDetails/builder/id", json!(id));
    host.bundle(&[host.envelope(&made, &["release"])]);
    let line = r#"features = ["tls"]"#;
    host.verify(&[]).code(1).stderr_has(line);
    files::write(&host.path("deploy.toml"), format!("{}{line}\n", policy(2)));
    host.verify(&[]).code(0);
}

#[test]
fn a_refusal_shows_every_line_that_the_policy_lacks() {
    let host = Host::new();
    let pointer = "/predicate/buildDefinition/externalParameters";
    let more = json!({
        "source": SOURCE, "ref": "refs/tags/v1.0.0", "profile": "release", "bin": "server", "preBuild": "make", "allFeatures": "true", "hermetic": true,
    });
    let other = changed(host.provenance(), pointer, more);
    host.bundle(&[host.envelope(&other, &["release"])]);
    let lines = [
        r#"bin = "server""#,
        r#"parameters.preBuild = "make""#,
        r#"all-features = "true""#,
        "parameters.hermetic = true",
    ];
    let output = host.verify(&[]).code(1);
    for line in lines {
        assert!(output.stderr.contains(line), "{output}");
    }
    host.policy(&lines.join("\n"));
    host.verify(&[]).code(0);

    // A value that reads as a pattern is not offered: it would let in more than was found.
    let wide = changed(host.provenance(), &format!("{pointer}/preBuild"), json!("*"));
    host.policy("");
    host.bundle(&[host.envelope(&wide, &["release"])]);
    let output = host.verify(&[]).code(1).stderr_has("expect it in `parameters`");
    assert!(!output.stderr.contains("parameters.preBuild = "), "{output}");

    // The builder that is not granted is named whole.
    let id = format!("https://example.org/{}", "b".repeat(120));
    let elsewhere = changed(host.provenance(), "/predicate/runDetails/builder/id", json!(id));
    host.bundle(&[host.envelope(&elsewhere, &["release"])]);
    host.verify(&[]).code(5).stderr_has(&format!("`builder = \"{id}\"`"));
}
