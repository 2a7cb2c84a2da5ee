//! Whole cases: bundles of real envelopes against policies.

use std::path::Path;
use std::sync::OnceLock;

use ed25519_dalek::{Signer as _, SigningKey};
use proptest::prelude::*;
use provenance_build::Moment;
use provenance_build::signing::PublicKey;
use serde_json::{Value, json};

use super::evidence::Evidence;
use super::judge::{Judgment, Step, judge};
use super::policy::{DeployPolicy, Required};
use crate::attest::digests::DigestSet;
use crate::attest::envelope::{Envelope, IN_TOTO};

/// 2026-11-25T00:00:00Z.
const NOW: Moment = Moment(1_795_564_800);
const ARTIFACT: char = '1';

fn secret(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(&secret(seed).verifying_key().to_bytes()).expect("a key")
}

fn envelope(statement: &Value, seeds: &[u8]) -> String {
    let mut envelope = Envelope::new(IN_TOTO, statement.to_string().into_bytes());
    for seed in seeds {
        let signature = secret(*seed).sign(&envelope.to_be_signed()).to_bytes();
        envelope.sign(&public(*seed), &signature);
    }
    envelope.to_line()
}

fn statement(digit: char, kind: &str, predicate: Value) -> Value {
    let digest = digit.to_string().repeat(64);
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "server", "digest": { "sha256": digest } }],
        "predicateType": kind,
        "predicate": predicate,
    })
}

fn provenance() -> Value {
    statement(
        ARTIFACT,
        "https://slsa.dev/provenance/v1",
        json!({
            "buildDefinition": {
                "buildType": "https://example.org/cargo/v1",
                "externalParameters": {
                    "source": "git+https://example.org/server", "ref": "refs/tags/v1.0.0", "features": [],
                },
            },
            "runDetails": {
                "builder": { "id": "https://example.org/ci" },
                "metadata": { "finishedOn": "2026-11-20T00:00:00Z" },
            },
        }),
    )
}

fn summary() -> Value {
    statement(
        ARTIFACT,
        "https://slsa.dev/verification_summary/v1",
        json!({
            "verifier": { "id": "https://example.org/gate" },
            "timeVerified": "2026-11-24T00:00:00Z",
            "resourceUri": "https://example.org/server/1.0.0",
            "policy": { "uri": "https://example.org/policy" },
            "verificationResult": "PASSED",
            "verifiedLevels": ["SLSA_BUILD_LEVEL_2", "ORG_REVIEWED"],
        }),
    )
}

fn sbom() -> Value {
    statement(ARTIFACT, "https://cyclonedx.org/bom", json!({ "bomFormat": "CycloneDX" }))
}

fn changed(mut statement: Value, pointer: &str, value: Value) -> Value {
    let (holder, key) = pointer.rsplit_once('/').expect("a pointer");
    match statement.pointer_mut(holder).expect("there") {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        other => *other.pointer_mut(&format!("/{key}")).expect("there") = value,
    }
    statement
}

/// Keys 1 and 2 vouch for a builder, 3 for a verifier, 4 for another builder.
fn policy(require: &str, more: &str) -> DeployPolicy {
    let root = |seed, table: &str, id: &str, level: u8| {
        format!("[[{table}]]\nkey = \"k{seed} {}\"\n{id}\nlevel = {level}\n", public(seed))
    };
    let text = [
        "version = 1\n".to_owned(),
        root(1, "root", "builder = \"https://example.org/ci\"", 2),
        root(2, "root", "builder = \"https://example.org/ci\"", 1),
        root(4, "root", "builder = \"https://example.org/other\"", 3),
        root(3, "verifier", "id = \"https://example.org/gate\"", 3),
        format!("[[artifact]]\nname = \"server\"\nrequire = [{require}]\n{more}"),
    ];
    DeployPolicy::parse(text.concat().as_bytes(), Path::new("deploy.toml")).expect("a policy")
}

const EXPECTED: &str = "build-type = \"https://example.org/cargo/v1\"\nsource = \"git+https://example.org/server\"\nref = \"refs/tags/v*\"\n";
const RESOURCE: &str = "resource-uri = \"https://example.org/server/1.0.0\"\n";

fn judged(policy: &DeployPolicy, lines: &[String]) -> Judgment {
    let mut evidence = Evidence::default();
    evidence.add(Path::new("bundle"), lines.join("\n").as_bytes(), policy).expect("a bundle");
    let digests = DigestSet::of("sha256", ARTIFACT.to_string().repeat(64));
    judge(&policy.artifacts[0], policy, &digests, &evidence.claims, NOW)
}

/// Expects that this statement alone does not do, and where it ends.
#[track_caller]
fn refused(policy: &DeployPolicy, lines: &[String], step: Step, what: &str) {
    let judgment = judged(policy, lines);
    assert!(!judgment.passes());
    let missing = &judgment.missing[0];
    assert!(missing.step == step && missing.what.contains(what), "{missing:?}");
}

#[test]
fn provenance_as_expected_passes_and_anything_else_does_not() {
    let policy = policy("\"provenance\"", EXPECTED);
    let judgment = judged(&policy, &[envelope(&provenance(), &[1])]);
    assert!(judgment.passes(), "{judgment:?}");
    assert_eq!(judgment.level(), Some(2), "the level is the verifier's, not the statement's");
    assert_eq!(judged(&policy, &[envelope(&provenance(), &[2])]).level(), Some(1));

    refused(&policy, &[], Step::Signature, "is signed by no key");
    refused(&policy, &[envelope(&provenance(), &[9])], Step::Signature, "is signed by no key");
    for (pointer, value, step, what) in [
        ("/subject/0/digest", json!({ "sha256": "2".repeat(64) }), Step::Subject, "other bytes"),
        ("/subject/0/digest", json!({ "md5": "1".repeat(32) }), Step::Subject, "other bytes"),
        ("/subject/0/digest", json!({ "sha1": "1".repeat(40) }), Step::Subject, "other bytes"),
        ("/predicateType", json!("https://slsa.dev/provenance/v0.2"), Step::Kind, "has not been attested"),
        ("/predicate/runDetails", Value::Null, Step::Kind, "cannot be read"),
        ("/predicate/runDetails/builder/id", json!("https://example.org/other"), Step::Grant, "vouch for"),
        ("/predicate/runDetails/builder/id", json!("https://example.org/ci/"), Step::Grant, "vouch for"),
        (
            "/predicate/buildDefinition/buildType",
            json!("https://example.org/make"),
            Step::Content,
            "build type",
        ),
        (
            "/predicate/buildDefinition/externalParameters/source",
            json!("git+https://example.org/fork"),
            Step::Content,
            "parameter `source` is `git+https://example.org/fork`, expected `git+https://example.org/server`",
        ),
        ("/predicate/buildDefinition/externalParameters/ref", json!("refs/heads/x"), Step::Content, "`ref`"),
        ("/predicate/buildDefinition/externalParameters/ref", Value::Null, Step::Content, "is not set"),
        (
            "/predicate/buildDefinition/externalParameters/features",
            json!(["x"]),
            Step::Content,
            "expects nothing",
        ),
        (
            "/predicate/buildDefinition/externalParameters/hook",
            json!("curl"),
            Step::Content,
            "expects nothing",
        ),
    ] {
        let bad = changed(provenance(), pointer, value);
        assert_ne!(bad, provenance(), "{pointer}");
        refused(&policy, &[envelope(&bad, &[1])], step, what);
        // Beside what passes it changes nothing, wherever it stands.
        for lines in [[&bad, &provenance()], [&provenance(), &bad]] {
            assert!(judged(&policy, &lines.map(|it| envelope(it, &[1]))).passes(), "{pointer}");
        }
    }
}

#[test]
fn another_compiler_is_expected_or_refused() {
    let kind = crate::attest::cargo_build::BUILD_TYPE;
    let of = |environment: Value| {
        let built = changed(provenance(), "/predicate/buildDefinition/buildType", json!(kind));
        let internal = json!({ "environment": environment });
        envelope(&changed(built, "/predicate/buildDefinition/internalParameters", internal), &[1])
    };
    let expecting = |more: &str| {
        policy("\"provenance\"", &(EXPECTED.replace("https://example.org/cargo/v1", kind) + more))
    };
    let plain = expecting("");
    assert!(judged(&plain, &[of(json!([]))]).passes());
    refused(&plain, &[of(json!(["RUSTC=/tmp/evil"]))], Step::Content, "built with `RUSTC=/tmp/evil` set");
    let wrapped = expecting("environment = [\"RUSTC_WRAPPER=sccache\", \"CARGO_PROFILE_RELEASE_*=*\"]\n");
    let usual = json!(["CARGO_PROFILE_RELEASE_LTO=fat", "RUSTC_WRAPPER=sccache"]);
    assert!(judged(&wrapped, &[of(usual)]).passes());
    for odd in [json!(["RUSTC_WRAPPER=sccache2"]), json!([1]), json!("RUSTC_WRAPPER=sccache"), json!({})] {
        refused(&wrapped, &[of(odd.clone())], Step::Content, "set from outside of its source");
    }
}

#[test]
fn a_threshold_counts_keys_that_may_vouch_for_the_builder() {
    let two = policy("\"provenance\"", &format!("threshold = 2\n{EXPECTED}"));
    let line = |seeds: &[u8]| envelope(&provenance(), seeds);
    for lines in [vec![line(&[1, 2])], vec![line(&[1]), line(&[2])], vec![line(&[1, 9]), line(&[4, 2])]] {
        let judgment = judged(&two, &lines);
        assert!(judgment.passes(), "{judgment:?}");
        assert_eq!(judgment.level(), Some(1), "two keys vouch for level 1");
    }
    for lines in [vec![line(&[1])], vec![line(&[1]), line(&[1])], vec![line(&[1, 9])]] {
        refused(&two, &lines, Step::Threshold, "is signed by 1 of the 2 keys");
    }
    // A key of another builder, and a verifier's, are not among them.
    refused(&two, &[line(&[1, 4, 3])], Step::Threshold, "is signed by 1 of the 2 keys");
    refused(&policy("\"provenance\"", EXPECTED), &[line(&[3])], Step::Grant, "the key of no `[[root]]`");
}

#[test]
fn a_level_is_what_the_policy_believes() {
    let high = policy("\"provenance\"", &format!("level = 2\n{EXPECTED}"));
    assert!(judged(&high, &[envelope(&provenance(), &[1])]).passes());
    refused(&high, &[envelope(&provenance(), &[2])], Step::Level, "level 1");
    // The statement's own word about it counts for nothing.
    let boast = changed(provenance(), "/predicate/slsa_level", json!(3));
    refused(&high, &[envelope(&boast, &[2])], Step::Level, "level 1");
}

#[test]
fn statements_age_and_do_not_come_from_the_future() {
    let fresh = policy("\"provenance\"", &format!("max-age = \"7 days\"\n{EXPECTED}"));
    let of = |time: Value| [envelope(&changed(provenance(), "/predicate/runDetails/metadata", time), &[1])];
    assert!(judged(&fresh, &of(json!({ "finishedOn": "2026-11-20T00:00:00Z" }))).passes());
    assert!(judged(&fresh, &of(json!({ "startedOn": "2026-11-20T00:00:00Z" }))).passes());
    assert!(judged(&fresh, &of(json!({ "finishedOn": "2026-11-25T00:04:00Z" }))).passes(), "clocks differ");
    refused(&fresh, &of(json!({ "finishedOn": "2026-11-17T23:59:59Z" })), Step::Age, "older than 7 days");
    refused(&fresh, &of(json!({ "finishedOn": "2026-11-25T00:06:00Z" })), Step::Age, "from the future");
    refused(&fresh, &of(json!({})), Step::Age, "does not say when");
    let later = policy("\"provenance\"", &format!("not-before = \"2026-11-21\"\n{EXPECTED}"));
    refused(&later, &of(json!({ "finishedOn": "2026-11-20T00:00:00Z" })), Step::Age, "before what is let in");
    assert!(judged(&later, &of(json!({ "finishedOn": "2026-11-21T00:00:00Z" }))).passes());
}

#[test]
fn a_key_ends_when_its_line_says_so() {
    let text = format!(
        "version = 1\n[[root]]\nkey = \"\"\"k valid-before=\"20261124\" {}\"\"\"\nbuilder = \"https://example.org/ci\"\n\
         [[artifact]]\nname = \"server\"\n{EXPECTED}",
        public(1)
    );
    let policy = DeployPolicy::parse(text.as_bytes(), Path::new("deploy.toml")).expect("a policy");
    refused(&policy, &[envelope(&provenance(), &[1])], Step::Grant, "is not valid any more");
}

#[test]
fn a_summary_is_held_against_all_that_it_says() {
    let policy = policy(
        "\"vsa\"",
        &format!("level = 2\nlevels = [\"ORG_REVIEWED\"]\nmax-age = \"7 days\"\n{RESOURCE}"),
    );
    let judgment = judged(&policy, &[envelope(&summary(), &[3])]);
    assert!(judgment.passes(), "{judgment:?}");
    assert_eq!(judgment.level(), Some(2));
    refused(&policy, &[envelope(&summary(), &[1])], Step::Grant, "the key of no `[[verifier]]`");
    refused(&policy, &[envelope(&provenance(), &[3])], Step::Kind, "has not been attested");
    for (pointer, value, step, what) in [
        ("/subject/0/digest", json!({ "sha256": "2".repeat(64) }), Step::Subject, "other bytes"),
        ("/predicate/verifier/id", json!("https://example.org/other"), Step::Grant, "vouch for"),
        ("/predicate/resourceUri", json!("https://example.org/server/0.9.0"), Step::Content, "is about"),
        ("/predicate/verificationResult", json!("FAILED"), Step::Content, "found fault"),
        ("/predicate/verificationResult", json!("passed"), Step::Kind, "neither passed nor failed"),
        (
            "/predicate/verifiedLevels",
            json!(["SLSA_BUILD_LEVEL_2"]),
            Step::Content,
            "does not say `ORG_REVIEWED`",
        ),
        ("/predicate/verifiedLevels", json!(["SLSA_BUILD_LEVEL_1", "ORG_REVIEWED"]), Step::Level, "level 1"),
        ("/predicate/verifiedLevels", json!(["SLSA_SOURCE_LEVEL_3", "ORG_REVIEWED"]), Step::Level, "level 0"),
        ("/predicate/verifiedLevels", json!(["FAILED"]), Step::Kind, "passed and failed"),
        (
            "/predicate/verifiedLevels",
            json!(["SLSA_BUILD_LEVEL_2", "SLSA_BUILD_LEVEL_3", "ORG_REVIEWED"]),
            Step::Kind,
            "several levels",
        ),
        ("/predicate/timeVerified", Value::Null, Step::Age, "does not say when"),
        ("/predicate/timeVerified", json!("2026-11-01T00:00:00Z"), Step::Age, "older than"),
        ("/predicate/policy", json!({ "name": "x" }), Step::Kind, "names no policy"),
    ] {
        refused(&policy, &[envelope(&changed(summary(), pointer, value), &[3])], step, what);
    }
    // A failed one is worth a word, and takes nothing away.
    let failed = changed(summary(), "/predicate/verificationResult", json!("FAILED"));
    let judgment = judged(&policy, &[envelope(&failed, &[3]), envelope(&summary(), &[3])]);
    assert!(judgment.passes() && judgment.failed.len() == 1, "{judgment:?}");
    assert!(judged(&policy, &[envelope(&failed, &[9])]).failed.is_empty());
}

#[test]
fn other_statements_are_known_by_their_type() {
    let policy = policy("\"sbom\", \"https://example.org/tested/v1\"", "");
    let tested = statement(ARTIFACT, "https://example.org/tested/v1", json!({}));
    for kind in
        ["https://cyclonedx.org/bom", "https://cyclonedx.org/bom/v1.6", "https://spdx.dev/Document/v2.3"]
    {
        let sbom = changed(sbom(), "/predicateType", json!(kind));
        let judgment = judged(&policy, &[envelope(&tested, &[1]), envelope(&sbom, &[2])]);
        assert!(judgment.passes() && judgment.level().is_none(), "{judgment:?}");
    }
    for kind in ["https://cyclonedx.org/bomb", "https://cyclonedx.org/bom/x", "https://spdx.dev/Documents"] {
        let other = changed(sbom(), "/predicateType", json!(kind));
        refused(
            &policy,
            &[envelope(&tested, &[1]), envelope(&other, &[2])],
            Step::Kind,
            "has not been attested",
        );
    }
    refused(
        &policy,
        &[envelope(&tested, &[1]), envelope(&sbom(), &[3])],
        Step::Grant,
        "the key of no `[[root]]`",
    );
}

#[test]
fn a_policy_asks_for_nothing_that_it_would_not_look_at() {
    let read = |text: &str| {
        let text = format!(
            "version = 1\n[[root]]\nkey = \"k {}\"\nbuilder = \"https://example.org/ci\"\n[[artifact]]\nname = \"server\"\n{text}\n",
            public(1)
        );
        DeployPolicy::parse(text.as_bytes(), Path::new("deploy.toml"))
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read("require = [\"sbom\", \"https://example.org/tested/v1\"]"), Ok(()));
    for text in [
        "require = [\"https://slsa.dev/provenance/v1\"]",
        "require = [\"https://slsa.dev/verification_summary/v1\"]",
        "require = [\"sbom\"]\nmax-age = \"7 days\"",
        "require = [\"sbom\"]\nnot-before = \"2026-01-01\"",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

fn pool_kinds() -> &'static [Option<(Required, u8)>] {
    static KINDS: OnceLock<Vec<Option<(Required, u8)>>> = OnceLock::new();
    KINDS.get_or_init(|| pool().into_iter().map(|(_, kind)| kind).collect())
}

/// Everything that a bundle could hold, and for what it stands.
fn pool() -> Vec<(String, Option<(Required, u8)>)> {
    let wrong = changed(provenance(), "/subject/0/digest", json!({ "sha256": "2".repeat(64) }));
    let evil = changed(
        provenance(),
        "/predicate/buildDefinition/externalParameters/source",
        json!("git+https://evil"),
    );
    let failed = changed(summary(), "/predicate/verificationResult", json!("FAILED"));
    let forged = envelope(&provenance(), &[1]).replacen("\"sig\":\"", "\"sig\":\"AAAA", 1);
    let twice = envelope(&provenance(), &[1]).replacen('{', "{\"payload\":\"e30=\",", 1);
    let untyped = envelope(&provenance(), &[1]).replace(IN_TOTO, "application/json");
    vec![
        (envelope(&provenance(), &[1]), Some((Required::Provenance, 1))),
        (envelope(&provenance(), &[2]), Some((Required::Provenance, 2))),
        (envelope(&sbom(), &[1]), Some((Required::Sbom, 1))),
        (envelope(&sbom(), &[2]), Some((Required::Sbom, 2))),
        (envelope(&summary(), &[3]), Some((Required::Summary, 3))),
        (envelope(&wrong, &[1, 2]), None),
        (envelope(&evil, &[1, 2]), None),
        (envelope(&failed, &[3]), None),
        (envelope(&provenance(), &[9]), None),
        (envelope(&provenance(), &[3, 4]), None),
        (envelope(&sbom(), &[3, 9]), None),
        (envelope(&summary(), &[1, 2]), None),
        (forged, None),
        (twice, None),
        (untyped, None),
        (String::new(), None),
        ("{".to_owned(), None),
        ("[".repeat(2_000), None),
        ("\u{0}\u{ff}".to_owned(), None),
    ]
}

/// The evidence of each line alone: signatures are slow without optimisation.
fn apart() -> &'static [Evidence] {
    static APART: OnceLock<Vec<Evidence>> = OnceLock::new();
    APART.get_or_init(|| {
        let policy = policy("\"provenance\"", EXPECTED);
        pool().iter().map(|(line, _)| evidence(line.as_bytes(), &policy)).collect()
    })
}

fn evidence(bytes: &[u8], policy: &DeployPolicy) -> Evidence {
    let mut evidence = Evidence::default();
    evidence.add(Path::new("bundle"), bytes, policy).expect("a bundle");
    evidence
}

#[test]
fn a_line_of_a_bundle_is_read_as_it_is_alone() {
    let policy = policy("\"provenance\"", EXPECTED);
    let lines = pool().into_iter().map(|(line, _)| line).collect::<Vec<_>>();
    let whole = evidence(lines.join("\n").as_bytes(), &policy);
    let said = |evidence: &Evidence| {
        let claims = evidence.claims.iter();
        claims.map(|claim| (claim.digest, claim.signers.clone(), claim.statement.clone())).collect::<Vec<_>>()
    };
    assert_eq!(said(&whole), apart().iter().flat_map(said).collect::<Vec<_>>());
    assert_eq!(whole.ignored.len(), apart().iter().map(|it| it.ignored.len()).sum::<usize>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // The oracle knows only what each line stands for: whatever else is in the bundle, in whatever order, how often, decides nothing.
    #[test]
    fn a_bundle_passes_if_and_only_if_what_is_required_is_in_it(
        picked in prop::collection::vec(0..19_usize, 0..12),
        wanted in 1..8_u8,
        threshold in 1..3_usize,
    ) {
        let pool = pool_kinds();
        let kinds = [(1, Required::Provenance, "\"provenance\""), (2, Required::Sbom, "\"sbom\""), (4, Required::Summary, "\"vsa\"")];
        let kinds = kinds.into_iter().filter(|(bit, ..)| wanted & bit != 0).collect::<Vec<_>>();
        let has = |kind: &Required| kinds.iter().any(|(_, required, _)| required == kind);
        // There is one verifier.
        let threshold = if has(&Required::Summary) { 1 } else { threshold };
        let mut more = format!("threshold = {threshold}\n");
        more += if has(&Required::Provenance) { EXPECTED } else { "" };
        more += if has(&Required::Summary) { RESOURCE } else { "" };
        let require = kinds.iter().map(|(_, _, word)| *word).collect::<Vec<_>>().join(", ");
        let policy = policy(&require, &more);
        let passes = |picked: &[usize]| {
            let claims = picked.iter().flat_map(|at| apart()[*at].claims.clone()).collect::<Vec<_>>();
            let digests = DigestSet::of("sha256", ARTIFACT.to_string().repeat(64));
            judge(&policy.artifacts[0], &policy, &digests, &claims, NOW).passes()
        };

        let expected = kinds.iter().all(|(_, kind, _)| {
            let keys = picked.iter().filter_map(|at| pool[*at].as_ref()).filter(|(required, _)| required == kind);
            keys.map(|(_, key)| *key).collect::<std::collections::BTreeSet<_>>().len() >= threshold
        });
        prop_assert_eq!(passes(&picked), expected);
        // A line less only ever denies.
        for left_out in 0..picked.len() {
            let mut fewer = picked.clone();
            fewer.remove(left_out);
            prop_assert!(!passes(&fewer) || expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_changed_byte_of_an_envelope_passes_as_another_statement(at: prop::sample::Index, change in 1_u8.., bytes: Vec<u8>) {
        let policy = policy("\"provenance\"", EXPECTED);
        let good = envelope(&provenance(), &[1]);
        let mut bad = good.clone().into_bytes();
        let at = at.index(bad.len());
        bad[at] ^= change;
        let _ = evidence(&bytes, &policy);
        // A key id is a hint, so that a change of it changes nothing.
        let whole = Envelope::read(good.as_bytes()).expect("an envelope");
        for claim in evidence(&bad, &policy).claims {
            prop_assert_eq!(&claim.statement.to_bytes(), &provenance().to_string().into_bytes());
            prop_assert_eq!(whole.signatures().len(), claim.signers.len());
        }
    }
}
